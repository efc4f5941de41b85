/** Milliseconds between two checks of all deadlines. */
const interval = 100

/** Something with deadlines. */
export interface Swept {
  /** @param now by `performance.now()`. */
  tick(now: number): void
}

/** One timer for the deadlines of a group of upstream servers; it does not run while there is nothing with a deadline. */
export class Sweep {
  readonly #members: Set<Swept> = new Set()
  #timer: NodeJS.Timeout | undefined

  add(member: Swept): void {
    this.#members.add(member)
    this.#timer ??= setInterval(() => this.#tick(), interval).unref()
  }

  delete(member: Swept): void {
    this.#members.delete(member)
    if (this.#members.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #tick(): void {
    const now = performance.now()
    for (const member of this.#members) member.tick(now)
  }
}
