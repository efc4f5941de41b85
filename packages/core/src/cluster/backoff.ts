/** When a worker that ended by itself is replaced. Milliseconds. */
export interface RestartPolicy {
  /** Delay of the second restart in a row (the first is immediate); it doubles from there. Default: 100. */
  readonly minDelay: number
  /** Longest delay. Default: 30 000. */
  readonly maxDelay: number
  /** A worker that was ready for this long counts as stable: if it ends, its restart counts as the first again. Default: 60 000. */
  readonly stableAfter: number
  /** After this many workers in a row that end before they are ready, the first start fails. Default: 5. */
  readonly attempts: number
}

export const defaultRestart: RestartPolicy = { minDelay: 100, maxDelay: 30_000, stableAfter: 60_000, attempts: 5 }

/** The restarts of one place in the cluster. Pure: times are passed in. */
export class Backoff {
  readonly #policy: RestartPolicy
  #inARow = 0

  constructor(policy: RestartPolicy) {
    this.#policy = policy
  }

  /** Milliseconds to wait before replacing a worker that was ready for `readyFor` milliseconds, 0 if it never was. */
  delay(readyFor: number): number {
    const { minDelay, maxDelay, stableAfter } = this.#policy
    if (readyFor >= stableAfter) this.#inARow = 0
    const doublings = this.#inARow++ - 1
    return doublings < 0 ? 0 : Math.min(maxDelay, minDelay * 2 ** doublings)
  }
}
