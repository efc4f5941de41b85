/** How many places a client may hold for each free one. */
const factor = 3

/**
 * Places shared between clients so that one client never holds all of them: a client that holds some gets another only while more
 * than a third as many are free. A lone client reaches three quarters, two reach three sevenths each; the rest is always there
 * for the next one (like the dynamic thresholds of switches with shared memory).
 */
export class Shares {
  readonly #limit: number
  readonly #held: Map<string, number> = new Map()
  #total = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether a client may have another place. */
  allows(client: string): boolean {
    return this.heldBy(client) < factor * (this.#limit - this.#total)
  }

  heldBy(client: string): number {
    return this.#held.get(client) ?? 0
  }

  take(client: string): void {
    this.#held.set(client, this.heldBy(client) + 1)
    this.#total++
  }

  release(client: string): void {
    const left = this.heldBy(client) - 1
    if (left > 0) this.#held.set(client, left)
    else this.#held.delete(client)
    this.#total--
  }
}
