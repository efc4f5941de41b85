// Files kept in memory.
import { ownText } from '../tools/known-paths.ts'

/** What the cache needs to know about its entries. */
export interface Cacheable {
  /** Approximate bytes of memory it takes. */
  readonly cost: number
  /** When the file was last checked, by {@link FileCache.now}. */
  checked: number
}

/**
 * The most recently requested files, up to a number of bytes. An entry may be used for `recheckAfter` milliseconds after its file was
 * checked; after that, the file must be checked again first.
 */
export class FileCache<T extends Cacheable> {
  /** Bytes in use. */
  bytes: number = 0
  readonly maxBytes: number
  readonly recheckAfter: number
  /** The least recently used one comes first. */
  readonly #entries = new Map<string, T>()

  constructor(maxBytes: number, recheckAfter: number) {
    this.maxBytes = maxBytes
    this.recheckAfter = recheckAfter
  }

  /** Milliseconds of a monotonic clock. */
  static now(): number {
    return performance.now()
  }

  isFresh(looked: number): boolean {
    return this.recheckAfter > 0 && FileCache.now() - looked < this.recheckAfter
  }

  /** An entry that may be used without a check. */
  fresh(key: string): T | undefined {
    const entry = this.#entries.get(key)
    return entry && this.isFresh(entry.checked) ? entry : undefined
  }

  /** An entry, however long ago it was checked. */
  entry(key: string): T | undefined {
    return this.#entries.get(key)
  }

  /** An entry whose file is to be checked again. This counts as a use, which determines the order. */
  stale(key: string): T | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  set(key: string, entry: T): void {
    this.delete(key)
    if (entry.cost > this.maxBytes) return
    this.#entries.set(ownText(key), entry)
    this.bytes += entry.cost
    for (const [oldest, { cost }] of this.#entries) {
      if (this.bytes <= this.maxBytes) break
      this.#entries.delete(oldest)
      this.bytes -= cost
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    this.bytes -= entry.cost
  }
}
