// Whether the process is alive, and whether it is ready.
import { type Handler, Reply, type Server } from '@spillway/core'
import { type Rules, amount, callback, readOptions, record, required, whole } from '@spillway/core/options'
import { type Check, Checks, type Results } from './lib/health/checks.ts'
import { atOnce } from './lib/layers/at-once.ts'
import { after } from './lib/layers/maybe-promise.ts'

export type { Check } from './lib/health/checks.ts'

/** Options of {@link readiness}. */
export interface ReadinessOptions {
  /** The server; undefined until it has started. */
  readonly server: () => Pick<Server, 'closing'> | undefined
  /** Checks of what the server cannot do without, by name. Default: none. */
  readonly checks?: Readonly<Record<string, Check>>
  /** Milliseconds that each check may take; then its signal aborts and it counts as failed. Default: 1000. */
  readonly timeout?: number
  /** Least milliseconds between two rounds of checks; results are kept for as long, however many probes there are. Default: 1000. */
  readonly interval?: number
}

const rules: Rules<Required<ReadinessOptions>> = {
  server: required(callback<ReadinessOptions['server']>()),
  checks: record(required(callback<Check>())),
  timeout: whole(1000, { from: 1, to: 2 ** 31 - 1 }),
  interval: amount(1000),
}

/**
 * Whether the process is alive: 200 as long as it answers. It checks nothing else, because restarting a process when its
 * database is down makes two outages out of one.
 */
export function health(): Handler<any> {
  return () => report(200, 'alive')
}

/**
 * Whether requests may be sent here: 200, or 503 while the server starts, when a check fails, and from the moment it
 * begins to close. Give `close` some time to announce that (`server.close({ announce: 5000 })`): load balancers notice while
 * the server still accepts.
 */
export function readiness(options: ReadinessOptions): Handler<any> {
  const { server, checks: asked, timeout, interval } = readOptions(rules, options)
  const checks = new Checks(asked, timeout, interval)
  const state = (): 'starting' | 'closing' | undefined => {
    const known = atOnce(server(), '`server`')
    return known ? (known.closing ? 'closing' : undefined) : 'starting'
  }
  return () => {
    const before = state()
    if (before) return report(503, before)
    return after(checks.results(), (results) => {
      // The state may have changed while the checks ran.
      const now = state()
      if (now) return report(503, now)
      const isReady = Object.values(results).every((result) => result === 'ok')
      return report(isReady ? 200 : 503, isReady ? 'ready' : 'failing', results)
    })
  }
}

/** The report does not say why a check failed, because anybody may read it. */
function report(status: number, text: string, checks: Results = {}): Reply {
  const content = JSON.stringify({ status: text, ...(Object.keys(checks).length > 0 && { checks }) })
  return new Reply(content, { status, headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' } })
}
