import type { Outcome } from '@spillway/core'
import type { Middleware } from '@spillway/middleware'
import type { RecentRequest, Second } from './model.ts'

/** How many seconds are kept. */
const span = 60
/** How many recent requests are kept. */
const recentCount = 14
/** Longest target that is kept; longer ones are cut. */
const targetLength = 120
/** How many durations are kept for one second: enough for its percentiles. */
const samples = 4096

class Counts {
  requests = 0
  failed = 0
  aborted = 0
  readonly durations: number[] = []

  add({ kind, status }: Outcome, ms: number): void {
    this.requests++
    if (kind === 'aborted') this.aborted++
    else if (status >= 500) this.failed++
    if (this.durations.length < samples) this.durations.push(ms)
  }

  summary(): Second {
    const sorted = this.durations.toSorted((a, b) => a - b)
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    const { requests, failed, aborted } = this
    return { requests, failed, aborted, p50: at(0.5), p99: at(0.99) }
  }
}

/** Counts requests second by second, for the dashboard. */
export class Traffic {
  total: number = 0
  failed: number = 0
  readonly #seconds: Second[] = Array.from({ length: span }, () => new Counts().summary())
  #current = new Counts()
  readonly #recent: RecentRequest[] = []
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => this.#turn(), 1000).unref()
  }

  readonly observe: Middleware = (c, next) => {
    const started = performance.now()
    c.done((outcome) => {
      const ms = performance.now() - started
      this.#current.add(outcome, ms)
      this.total++
      if (outcome.kind === 'sent' && outcome.status >= 500) this.failed++
      const { method } = c
      const target = c.target.slice(0, targetLength)
      const aborted = outcome.kind === 'aborted'
      this.#recent.unshift({ at: Date.now(), method, target, status: outcome.status, ms, aborted })
      if (this.#recent.length > recentCount) this.#recent.pop()
    })
    return next()
  }

  /** The last minute, the newest second last. */
  get seconds(): readonly Second[] {
    return this.#seconds
  }

  get recent(): readonly RecentRequest[] {
    return this.#recent
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #turn(): void {
    this.#seconds.shift()
    this.#seconds.push(this.#current.summary())
    this.#current = new Counts()
  }
}
