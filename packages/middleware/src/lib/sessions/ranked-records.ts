/** What is known of who a record is about. */
export const Rank = {
  /** A client that has not come back. */
  New: 0,
  /** A client that has. */
  Returned: 1,
  /** Somebody who has logged in. */
  Established: 2,
} as const
export type Rank = (typeof Rank)[keyof typeof Rank]

interface Entry {
  readonly record: string
  readonly rank: Rank
  readonly expires: number
}

/** Bytes of what stands around a record: two strings, an object, a place in a map. */
const overhead = 200

/**
 * Records in bounded memory. Where there is no room, those go first that stand for the least: sessions that anybody can begin by
 * the thousand must not end those of who has logged in. Within a rank it is the one that was not used for the longest time.
 */
export class RankedRecords {
  readonly #most: number
  readonly #maxBytes: number
  readonly #ranks: readonly Map<string, Entry>[] = [new Map(), new Map(), new Map()]
  #count = 0
  #bytes = 0

  /** @param most records. @param maxBytes for all of them, keys included. */
  constructor(most: number, maxBytes: number) {
    this.#most = most
    this.#maxBytes = maxBytes
  }

  get(key: string, now: number): Entry | undefined {
    for (const entries of this.#ranks) {
      const entry = entries.get(key)
      if (entry && entry.expires > now) return entry
    }
    return undefined
  }

  /** @throws RangeError when it alone is more than there may be. */
  set(key: string, entry: Entry, now: number): void {
    this.delete(key)
    const size = sizeOf(key, entry)
    if (size > this.#maxBytes) throw new RangeError(`A session takes ${size} bytes, which are more than all may take`)
    this.#makeRoom(size, now)
    this.#ranks[entry.rank]!.set(key, entry)
    this.#count++
    this.#bytes += size
  }

  delete(key: string): void {
    for (const entries of this.#ranks) this.#remove(entries, key)
  }

  /** Frees what has expired, a few at a time, and then what stands for the least. */
  #makeRoom(size: number, now: number): void {
    for (const entries of this.#ranks) {
      let looks = 8
      for (const [key, { expires }] of entries) {
        if (looks-- === 0 || expires > now) break
        this.#remove(entries, key)
      }
    }
    for (const entries of this.#ranks)
      for (const key of entries.keys()) {
        if (this.#count < this.#most && this.#bytes + size <= this.#maxBytes) return
        this.#remove(entries, key)
      }
  }

  #remove(entries: Map<string, Entry>, key: string): void {
    const entry = entries.get(key)
    if (!entry) return
    entries.delete(key)
    this.#count--
    this.#bytes -= sizeOf(key, entry)
  }
}

function sizeOf(key: string, { record }: Entry): number {
  return 2 * (key.length + record.length) + overhead
}
