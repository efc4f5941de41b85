/** Milliseconds for which arrivals and departures are collected before they are sent: after a restart everybody returns at the same time. */
const gathering = 100
/** Milliseconds between checks of who is present in other processes. */
const interval = 10_000

/** Who is in which room: in this process by its connections, in others by the store. */
export class Presence {
  readonly #here: (room: string, people: readonly string[]) => Promise<readonly string[]>
  readonly #tell: (room: string, people: readonly string[]) => void
  readonly #onError: (error: unknown) => void
  /** The number of connections by room and name, because people have several windows. */
  readonly #rooms: Map<string, Map<string, number>> = new Map()
  readonly #told: Map<string, string> = new Map()
  readonly #due: Map<string, NodeJS.Timeout> = new Map()
  readonly #timer: NodeJS.Timeout

  /**
   * @param here tells the store who is in this process, and returns who is in all of them.
   * @param tell sends to everybody in a room.
   */
  constructor(
    here: (room: string, people: readonly string[]) => Promise<readonly string[]>,
    tell: (room: string, people: readonly string[]) => void,
    onError: (error: unknown) => void,
  ) {
    this.#here = here
    this.#tell = tell
    this.#onError = onError
    this.#timer = setInterval(() => {
      for (const room of this.#rooms.keys()) this.#later(room)
    }, interval).unref()
  }

  /** @returns a function to call when the connection is over. */
  enter(room: string, name: string): () => void {
    const people = this.#rooms.get(room) ?? new Map<string, number>()
    this.#rooms.set(room, people)
    people.set(name, (people.get(name) ?? 0) + 1)
    // The one who enters is told in any case.
    this.#told.delete(room)
    this.#later(room)
    return () => {
      const count = people.get(name)! - 1
      if (count > 0) people.set(name, count)
      else people.delete(name)
      this.#later(room)
    }
  }

  #later(room: string): void {
    if (this.#due.has(room)) return
    this.#due.set(
      room,
      setTimeout(() => {
        this.#due.delete(room)
        this.#look(room).catch(this.#onError)
      }, gathering),
    )
  }

  async #look(room: string): Promise<void> {
    const people = this.#rooms.get(room)!
    const all = (await this.#here(room, [...people.keys()])).toSorted()
    const text = JSON.stringify(all)
    if (this.#told.get(room) !== text) this.#tell(room, all)
    if (people.size > 0) this.#told.set(room, text)
    else if (this.#rooms.get(room) === people) {
      this.#rooms.delete(room)
      this.#told.delete(room)
    }
  }

  /** Leaves every room. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    for (const timer of this.#due.values()) clearTimeout(timer)
    const rooms = [...this.#rooms.keys()]
    this.#rooms.clear()
    await Promise.allSettled(rooms.map(async (room) => this.#tell(room, await this.#here(room, []))))
  }
}
