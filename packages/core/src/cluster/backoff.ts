/** When a worker that ended by itself is replaced. Milliseconds. */
export interface RestartPolicy {
  /** Delay of the second restart in a row (the first is immediate); it doubles from there. Default: 100. */
  readonly minDelay: number
  /** Longest delay. Default: 30 000. */
  readonly maxDelay: number
  /** A worker that was ready for this long counts as stable: its end is the first in a row again. Default: 60 000. */
  readonly stableAfter: number
  /** So many workers in a row that end before they are ready make the first start fail. Default: 5. */
  readonly attempts: number
}

export const defaultRestart: RestartPolicy = { minDelay: 100, maxDelay: 30_000, stableAfter: 60_000, attempts: 5 }

/** The restarts of one place in the cluster. Pure: it is told the times. */
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
