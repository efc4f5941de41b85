// The bytes that are held for all connections together, and who has to go when they are too many.
import type { Holding, Holds } from '../transport/holding.ts'

/** Something that holds memory, and can be made to let go of it. */
export interface Holder extends Holds {
  /** Bytes that have come from its client or gone to it, so far. */
  readonly moved: number
}

interface Share {
  readonly memory: ArrayBufferLike
  readonly bytes: number
}

/** What one holder held when it was asked last. */
interface Entry {
  readonly alone: number
  readonly shares: readonly Share[]
  readonly moved: number
  /** What it has held, tick by tick, less what has moved: it is high for whoever holds much for long while nothing moves. */
  debt: number
}

const none: readonly Share[] = []

/**
 * The memory that is held for all clients of a server, counted once and by who holds it. Content that an application has at
 * hand counts only as far as it waits in sockets: it is the application's. A connection of any protocol takes part by being a
 * {@link Holder}; a source that holds memory for it by {@link Holds}.
 */
export class Ledger<T extends Holder> implements Holding {
  /** Bytes held by all. */
  total: number = 0
  #entries: Map<T, Entry> = new Map()
  /** How many bytes all holders together need of memory that several may hold. */
  #shared: Map<ArrayBufferLike, number> = new Map()
  /** Of the holder that is being asked. */
  #shares: Share[] | undefined

  share(memory: ArrayBufferLike, bytes: number): void {
    if (bytes <= 0) return
    ;(this.#shares ??= []).push({ memory, bytes })
    this.#shared.set(memory, (this.#shared.get(memory) ?? 0) + bytes)
  }

  /** Asks everybody. */
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
   * Those who have to let go so that no more than `limit` bytes are held: who has held most for longest comes first, and those
   * who share what they hold with many come last. Whoever moves as much as it holds, or has only begun to hold, is spared.
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

  /** Whoever cannot say holds nothing: sources and owners of upgraded connections are code of others. */
  #ask(holder: T): number {
    try {
      return Math.max(0, holder.held(this) || 0)
    } catch {
      return 0
    }
  }

  /** The bytes that count for an entry: all that it alone holds, and its part of what it shares. */
  #stake({ alone, shares }: Entry): number {
    let stake = alone
    for (const { memory, bytes } of shares) {
      const all = this.#shared.get(memory)!
      stake += (counted(memory, all) * bytes) / all
    }
    return stake
  }

  /** Takes an entry out. Returns how much less is held without it. */
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

/** Memory is there once, however many need a part of it. */
function counted(memory: ArrayBufferLike, bytes: number): number {
  return Math.min(memory.byteLength, bytes)
}
