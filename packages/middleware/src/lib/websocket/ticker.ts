/** Something whose deadlines are checked. */
interface Ticking {
  onTick(now: number): void
}

/**
 * One timer for all its members; it does not run when there are none. Deadlines are numbers of ticks, so setting one reads no clock,
 * and if the event loop was blocked, nobody is cut off because of our own pause.
 */
export class Ticker {
  /** Ticks so far. */
  now: number = 0
  readonly #interval: number
  readonly #members: Set<Ticking> = new Set()
  #timer: NodeJS.Timeout | undefined

  /** @param interval milliseconds between two ticks. */
  constructor(interval: number) {
    this.#interval = interval
  }

  add(member: Ticking): void {
    this.#members.add(member)
    this.#timer ??= setInterval(() => {
      this.now++
      for (const one of this.#members) one.onTick(this.now)
    }, this.#interval).unref()
  }

  delete(member: Ticking): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** The tick at which `ms` milliseconds have certainly passed; 0, which means never, for 0. */
  after(ms: number): number {
    return ms === 0 ? 0 : this.now + Math.ceil(ms / this.#interval) + 1
  }
}
