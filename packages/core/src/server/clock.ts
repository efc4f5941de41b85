/** Milliseconds, about 25 days: a timer set to a longer time, `Infinity` for example, would fire at once. */
export const longestTimer: number = 2 ** 31 - 1

/**
 * The one ticker of a server. Deadlines are tick numbers, so setting one reads no clock; if the event loop was blocked, only few
 * ticks pass, so nobody is cut off because of the server's own pause. See decision 001.
 */
export class Clock {
  /** Ticks so far. */
  now: number = 0
  /** The `Date` field line of this second, with its CRLF (RFC 9110 §6.6.1). */
  dateLine: string = ''
  /** Milliseconds between two ticks. */
  readonly interval: number
  readonly #onTick: () => void
  readonly #onDate: () => void
  #second: ReturnType<typeof setTimeout> | undefined
  #timer: ReturnType<typeof setInterval> | undefined

  /** @param onDate is told when `dateLine` has changed between two ticks. */
  constructor(interval: number, onTick: () => void, onDate: () => void = () => {}) {
    this.interval = interval
    this.#onTick = onTick
    this.#onDate = onDate
    this.#writeDate()
  }

  start(): void {
    if (this.#timer) return
    this.tick()
    this.#timer = setInterval(() => this.tick(), this.interval)
    // Open sockets keep the process alive, but the clock must not.
    this.#timer.unref?.()
    this.#awaitSecond()
  }

  /** Ticks alone would notice a new second up to one tick late. */
  #awaitSecond(): void {
    const left = 1000 - (Date.now() % 1000)
    this.#second = setTimeout(() => {
      this.#writeDate()
      this.#onDate()
      this.#awaitSecond()
    }, left)
    this.#second.unref?.()
  }

  stop(): void {
    clearInterval(this.#timer)
    clearTimeout(this.#second)
    this.#timer = undefined
  }

  /** The tick at which `ms` milliseconds have certainly passed; 0 means never, as does `ms` = 0. */
  after(ms: number): number {
    return this.in(this.ticks(ms))
  }

  /** The number of ticks within which `ms` milliseconds certainly pass; 0 for 0. */
  ticks(ms: number): number {
    return ms === 0 ? 0 : Math.ceil(ms / this.interval) + 1
  }

  /** The tick that is this many from now; 0 means never, as does `ticks` = 0. */
  in(ticks: number): number {
    return ticks === 0 ? 0 : this.now + ticks
  }

  /** One tick; called by the timer, and by tests that control the clock. */
  tick(): void {
    this.now++
    this.#writeDate()
    this.#onTick()
  }

  #writeDate(): void {
    this.dateLine = `Date: ${new Date().toUTCString()}\r\n`
  }
}
