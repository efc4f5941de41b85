// Whether a client takes any of what waits for it.
import type { Clock } from './clock.ts'
import type { Transport } from '../transport/transport.ts'

/** Milliseconds for which an answer of the system counts as up to date. */
const fresh = 4000

// decision 051
/**
 * A client that takes nothing for too long is stuck; one that takes a byte is not. A socket reports room only when a third
 * of its buffer is free, which can take a slow client longer than the timeout. So before a client is given up, the operating system is
 * asked how much of what it holds has arrived since half of the time had passed.
 */
export class StallWatch {
  readonly #clock: Clock
  readonly #timeout: number
  readonly #transport: Transport
  /** In ticks of the clock, 0 for none. */
  #deadline = 0
  #half = 0
  #taken = 0
  /** Bytes that had not arrived when half of the time had passed. */
  #held: number | undefined

  /** @param timeout milliseconds; 0 waits for ever */
  constructor(clock: Clock, timeout: number, transport: Transport) {
    this.#clock = clock
    this.#timeout = timeout
    this.#transport = transport
  }

  /** @param taken bytes that have been sent so far */
  begin(taken: number): void {
    this.#deadline = this.#clock.after(this.#timeout)
    this.#half = this.#clock.after(this.#timeout / 2)
    this.#taken = taken
    this.#held = undefined
  }

  /** Nothing is waiting for the client any more. */
  end(): void {
    this.#deadline = 0
  }

  /** One tick: whether the client has taken nothing for too long; the first call starts watching. @param taken as for `begin` */
  isStuck(now: number, taken: number): boolean {
    if (this.#deadline === 0 || taken !== this.#taken || (now >= this.#half && this.#hasArrived())) this.begin(taken)
    return this.#deadline !== 0 && now >= this.#deadline
  }

  /** Whether the system holds less than when it was first asked. It may not always be able to say, or never. */
  #hasArrived(): boolean {
    const held = this.#transport.unacknowledged?.(Math.min(fresh, this.#timeout / 8))
    if (held === undefined) return false
    this.#held ??= held
    return held < this.#held
  }
}
