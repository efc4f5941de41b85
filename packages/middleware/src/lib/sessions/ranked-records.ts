// decision 057
/** What is known about the owner of a record. */
export const Rank = {
  /** A client that has not come back. */
  New: 0,
  /** A client that has come back. */
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

/** Bytes of the bookkeeping for a record: two strings, an object, an entry in a map. */
const overhead = 200

/**
 * Records in bounded memory. When there is no room, those of the lowest rank go first: sessions that anybody can start by the
 * thousand must not displace those of logged-in users. Within a rank, the least recently used goes first.
 */
export class RankedRecords {
  readonly #most: number
  readonly #maxBytes: number
  readonly #ranks: readonly Map<string, Entry>[] = [new Map(), new Map(), new Map()]
  #count = 0
  #bytes = 0

  /** @param most number of records. @param maxBytes for all of them, including keys. */
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

  /** @throws RangeError when it exceeds the limit on its own. */
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

  /** Removes expired records, a few at a time, and then those of the lowest rank. */
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
