// Requests that are refused while there is too much to do.
import { type Rules, type Settled, amount, optional, readOptions, whole } from '@spillway/core/options'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { named } from './lib/layers/layer-trace.ts'
import type { Middleware } from './lib/layers/types.ts'
import { problem } from './problem.ts'

/** Options of {@link loadShed}. At least one of the limits is required. */
export interface LoadShedOptions {
  /** Milliseconds by which the event loop may lag, as the median of the last tenth of a second. Default: no limit. */
  readonly delay?: number
  /** Requests at a time, counted until their last byte has been sent. Default: no limit. */
  readonly concurrency?: number
  /** Seconds that refused clients are asked to wait. Default: 1. */
  readonly retryAfter?: number
}

/** Milliseconds between two samples of the event loop, and between two looks at them. */
const resolution = 10
const lookEvery = 100

const rules: Rules<Settled<LoadShedOptions, 'retryAfter'>> = {
  delay: optional(amount(0, { from: 1 })),
  concurrency: optional(whole(0, { from: 1 })),
  retryAfter: amount(1, { from: 1, to: 2 ** 31 - 1 }),
}

/**
 * Answers 503 with `Retry-After` and the code `OVERLOADED` while there is too much to do, so that requests that were accepted are
 * finished in time. Refusing costs next to nothing. Put it in front of everything expensive, and behind health checks.
 * @throws TypeError without a limit, RangeError for one that is not above 0.
 */
export function loadShed(options: LoadShedOptions): Middleware {
  const { delay, concurrency, retryAfter } = readOptions(rules, options)
  if (delay === undefined && concurrency === undefined) throw new TypeError('A limit is needed: delay or concurrency')
  const isLate = delay === undefined ? () => false : lateness(delay)
  let active = 0
  const end = (): void => void active--
  return named('loadShed', (c, next) => {
    if ((concurrency !== undefined && active >= concurrency) || isLate()) {
      const reply = problem(503, { detail: 'There is too much to do at the moment', code: 'OVERLOADED' })
      reply.headers.set('Retry-After', String(Math.ceil(retryAfter)))
      return reply
    }
    active++
    c.done(end)
    return next()
  })
}

/** Whether the event loop lags; it is measured now and then, when somebody asks. */
function lateness(limit: number): () => boolean {
  const histogram = monitorEventLoopDelay({ resolution })
  histogram.enable()
  let lookedAt = performance.now()
  let late = false
  return () => {
    const now = performance.now()
    if (now - lookedAt < lookEvery) return late
    lookedAt = now
    // A sample is the time between two runs of a timer, including the timer's own interval. No sample at all means that it never ran.
    late = histogram.count === 0 || histogram.percentile(50) / 1e6 - resolution > limit
    histogram.reset()
    return late
  }
}
