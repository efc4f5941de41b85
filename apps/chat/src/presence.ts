/** Milliseconds in which who comes and goes is told at once: a server that restarts brings everybody back together. */
const gathering = 100
/** Milliseconds between two looks at who is there in other processes. */
const interval = 10_000

/** Who is in which room: here by connections, elsewhere by what the store says. */
export class Presence {
  readonly #here: (room: string, people: readonly string[]) => Promise<readonly string[]>
  readonly #tell: (room: string, people: readonly string[]) => void
  readonly #onError: (error: unknown) => void
  /** By room and name: the number of connections, for people have several windows. */
  readonly #rooms: Map<string, Map<string, number>> = new Map()
  readonly #told: Map<string, string> = new Map()
  readonly #due: Map<string, NodeJS.Timeout> = new Map()
  readonly #timer: NodeJS.Timeout

  /**
   * @param here says to the store who is here, and gives who is there in all processes.
   * @param tell tells those in a room.
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

  /** @returns for when it is over. */
  enter(room: string, name: string): () => void {
    const people = this.#rooms.get(room) ?? new Map<string, number>()
    this.#rooms.set(room, people)
    people.set(name, (people.get(name) ?? 0) + 1)
    // Who comes is told in any case.
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
