// Counts the bytes that are held for all connections together, and decides who has to go when there are too many.
import type { Holding, Holds } from '../transport/holding.ts'

/** Something that holds memory, and can be made to release it. */
export interface Holder extends Holds {
  /** Bytes received from its client or sent to it so far. */
  readonly moved: number
}

interface Share {
  readonly memory: ArrayBufferLike
  readonly bytes: number
}

/** What one holder held when it was last asked. */
interface Entry {
  readonly alone: number
  readonly shares: readonly Share[]
  readonly moved: number
  /** What it has held, summed up tick by tick, minus what has moved: high for those that hold much for long without progress. */
  debt: number
}

const none: readonly Share[] = []

/**
 * The memory that is held for all clients of a server, counted once and attributed to its holders. Content that an application has in
 * memory counts only as far as it waits in sockets, since it belongs to the application. A connection of any protocol takes part by
 * being a {@link Holder}; a source that holds memory for it by {@link Holds}.
 */
export class Ledger<T extends Holder> implements Holding {
  /** Bytes held by all together. */
  total: number = 0
  #entries: Map<T, Entry> = new Map()
  /** How many bytes of a memory block all holders together need, if several hold parts of it. */
  #shared: Map<ArrayBufferLike, number> = new Map()
  /** The shares of the holder that is being asked. */
  #shares: Share[] | undefined

  share(memory: ArrayBufferLike, bytes: number): void {
    if (bytes <= 0) return
    ;(this.#shares ??= []).push({ memory, bytes })
    this.#shared.set(memory, (this.#shared.get(memory) ?? 0) + bytes)
  }

  /** Asks all holders. */
  measure(holders: Iterable<T>): void {
    const before = this.#entries
    this.#entries = new Map()
    if (this.#shared.size > 0) this.#shared = new Map()
    let total = 0
    for (const holder of holders) {
      this.#shares = undefined
      const alone = this.#ask(holder)
      const shares = this.#shares ?? none
      if (alone === 0 && shares === none) continue
      total += alone
      this.#entries.set(holder, { alone, shares, moved: holder.moved, debt: 0 })
    }
    for (const [memory, bytes] of this.#shared) total += counted(memory, bytes)
    this.total = total
    for (const [holder, entry] of this.#entries) {
      const last = before.get(holder)
      if (last) entry.debt = Math.max(0, last.debt + this.#stake(entry) - (entry.moved - last.moved))
    }
  }

  /**
   * The holders that have to release memory so that no more than `limit` bytes are held. Those that have held the most for the longest come
   * first, those that share what they hold with many come last. Holders that move as much as they hold, or have only begun to hold, are spared.
   */
  excess(limit: number): T[] {
    if (this.total <= limit) return []
    const ranked = [...this.#entries].filter(([, { debt }]) => debt > 0).toSorted(([, a], [, b]) => b.debt - a.debt)
    const chosen: T[] = []
    for (const [holder, entry] of ranked) {
      if (this.total <= limit) break
      this.total -= this.#forget(entry)
      this.#entries.delete(holder)
      chosen.push(holder)
    }
    return chosen
  }

  /** A holder that fails to answer counts as holding nothing: sources and owners of upgraded connections are foreign code. */
  #ask(holder: T): number {
    try {
      return Math.max(0, holder.held(this) || 0)
    } catch {
      return 0
    }
  }

  /** The bytes that count for an entry: everything that it alone holds, and its part of what it shares. */
  #stake({ alone, shares }: Entry): number {
    let stake = alone
    for (const { memory, bytes } of shares) {
      const all = this.#shared.get(memory)!
      stake += (counted(memory, all) * bytes) / all
    }
    return stake
  }

  /** Removes an entry. Returns how many bytes fewer are held without it. */
  #forget({ alone, shares }: Entry): number {
    let freed = alone
    for (const { memory, bytes } of shares) {
      const all = this.#shared.get(memory)!
      freed += counted(memory, all) - counted(memory, all - bytes)
      this.#shared.set(memory, all - bytes)
    }
    return freed
  }
}

/** A memory block counts only once, however many need a part of it. */
function counted(memory: ArrayBufferLike, bytes: number): number {
  return Math.min(memory.byteLength, bytes)
}
