/** A map of bounded size whose entries expire, in the order of their last use. */
export class ExpiringMap<V> {
  readonly #most: number
  readonly #entries: Map<string, { value: V; expires: number }> = new Map()

  /** @param most entries at a time; beyond that, the least recently used is removed. */
  constructor(most: number) {
    if (!Number.isInteger(most) || most < 1) throw new TypeError(`Not a number of entries: ${most}`)
    this.#most = most
  }

  get size(): number {
    return this.#entries.size
  }

  /** @param now milliseconds, as in {@link set}. */
  get(key: string, now: number): V | undefined {
    const found = this.#entries.get(key)
    if (!found) return undefined
    if (found.expires > now) return found.value
    this.#entries.delete(key)
    return undefined
  }

  set(key: string, value: V, expires: number, now: number): void {
    if (!this.#entries.delete(key)) this.#makeRoom(now)
    this.#entries.set(key, { value, expires })
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  /** Removes expired entries, a few at a time, and the oldest one when the map is full. */
  #makeRoom(now: number): void {
    let looks = 8
    for (const [key, { expires }] of this.#entries) {
      if (this.#entries.size < this.#most && (looks-- === 0 || expires > now)) return
      this.#entries.delete(key)
    }
  }
}
