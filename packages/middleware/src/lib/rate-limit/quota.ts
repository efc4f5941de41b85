/** A quota. In whole microseconds, so that sums are exact. */
export interface Quota {
  /** The cost of one request. */
  readonly interval: number
  /** How much may be used at once. */
  readonly burst: number
}

/** The outcome of a request. */
export interface Taken {
  readonly allowed: boolean
  /** Microseconds until the whole quota is available again. */
  readonly ahead: number
}

// decision 019
/**
 * The generic cell rate algorithm: a key is one number, the time at which everything it has used will have been regained. There
 * is no window that begins and ends, and so no moment at which twice the quota gets through.
 * @param until that time; undefined for a key that has used nothing.
 */
export function take(until: number | undefined, now: number, { interval, burst }: Quota): Taken {
  const used = until === undefined || until < now ? 0 : until - now
  return used + interval > burst ? { allowed: false, ahead: used } : { allowed: true, ahead: used + interval }
}

/** Requests that are left. */
export function remaining({ ahead }: Taken, { interval, burst }: Quota): number {
  return Math.floor((burst - ahead) / interval)
}

/** Microseconds until one more request is allowed. */
export function wait({ ahead }: Taken, { interval, burst }: Quota): number {
  return Math.max(0, ahead + interval - burst)
}
