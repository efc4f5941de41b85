/** Milliseconds between two looks at all deadlines. */
const interval = 100

/** What has deadlines. */
export interface Swept {
  /** @param now as `performance.now()` tells it. */
  tick(now: number): void
}

/** One timer for the deadlines of a group of upstream servers; none while there is nothing that could pass one. */
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
