// Whether a client takes anything of what waits for it.
import type { Clock } from './clock.ts'
import type { Transport } from '../transport/transport.ts'

/** Milliseconds: what was asked of the system is as good as new for so long. */
const fresh = 4000

/**
 * A client that takes nothing for too long is stuck; one that takes a byte is not. A socket says that there is room again when a third
 * of its buffer is free, which takes a slow client longer than patience lasts: before anybody is given up, the operating system is asked
 * how much of what it holds has arrived since half of the time had passed.
 */
export class StallWatch {
  readonly #clock: Clock
  readonly #timeout: number
  readonly #transport: Transport
  /** Ticks of the clock, 0 for none. */
  #deadline = 0
  #half = 0
  #taken = 0
  /** Bytes that had not arrived when half of the time had passed. */
  #held: number | undefined

  /** @param timeout milliseconds; 0 is patient for ever */
  constructor(clock: Clock, timeout: number, transport: Transport) {
    this.#clock = clock
    this.#timeout = timeout
    this.#transport = transport
  }

  /** @param taken bytes that have left so far */
  begin(taken: number): void {
    this.#deadline = this.#clock.after(this.#timeout)
    this.#half = this.#clock.after(this.#timeout / 2)
    this.#taken = taken
    this.#held = undefined
  }

  /** Nothing waits for the client. */
  end(): void {
    this.#deadline = 0
  }

  /** One tick: whether the client has taken nothing for too long; it is watched from the first one on. @param taken as `begin` */
  isStuck(now: number, taken: number): boolean {
    if (this.#deadline === 0 || taken !== this.#taken || (now >= this.#half && this.#hasArrived())) this.begin(taken)
    return this.#deadline !== 0 && now >= this.#deadline
  }

  /** Whether the system holds less than when it was asked first. It may not be able to say each time, or ever. */
  #hasArrived(): boolean {
    const held = this.#transport.unacknowledged?.(Math.min(fresh, this.#timeout / 8))
    if (held === undefined) return false
    this.#held ??= held
    return held < this.#held
  }
}
