// Files that are kept in memory.
import { ownText } from '../tools/known-paths.ts'

/** What the cache knows of its entries. */
export interface Cacheable {
  /** Bytes of memory it takes, about. */
  readonly cost: number
  /** When the file was looked at last, by {@link FileCache.now}. */
  checked: number
}

/**
 * The files asked for last, up to a number of bytes. An entry is good for `recheckAfter` milliseconds after its file was looked
 * at; after that it must be looked at again before it is used.
 */
export class FileCache<T extends Cacheable> {
  /** Bytes in use. */
  bytes: number = 0
  readonly maxBytes: number
  readonly recheckAfter: number
  /** The one that was not used for longest comes first. */
  readonly #entries = new Map<string, T>()

  constructor(maxBytes: number, recheckAfter: number) {
    this.maxBytes = maxBytes
    this.recheckAfter = recheckAfter
  }

  /** Milliseconds of a clock that nobody sets. */
  static now(): number {
    return performance.now()
  }

  isFresh(looked: number): boolean {
    return this.recheckAfter > 0 && FileCache.now() - looked < this.recheckAfter
  }

  /** An entry that may be used as it is. */
  fresh(key: string): T | undefined {
    const entry = this.#entries.get(key)
    return entry && this.isFresh(entry.checked) ? entry : undefined
  }

  /** An entry, however long ago it was looked at. */
  entry(key: string): T | undefined {
    return this.#entries.get(key)
  }

  /** An entry to look at again. Whoever is asked for is used: this is what the order goes by. */
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
