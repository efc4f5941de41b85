// Whether the process is alive, and whether it is ready.
import { type Handler, Reply, type Server } from '@spillway/core'
import { type Rules, amount, callback, readOptions, record, required, whole } from '@spillway/core/options'
import { type Check, Checks, type Results } from './lib/health/checks.ts'
import { atOnce } from './lib/layers/at-once.ts'
import { after } from './lib/layers/maybe-promise.ts'

export type { Check } from './lib/health/checks.ts'

/** Options of {@link readiness}. */
export interface ReadinessOptions {
  /** The server; nothing as long as it has not started. */
  readonly server: () => Pick<Server, 'closing'> | undefined
  /** What the server cannot do without, by name. Default: nothing. */
  readonly checks?: Readonly<Record<string, Check>>
  /** Milliseconds that each check may take; its signal aborts then. Default: 1000. */
  readonly timeout?: number
  /** Milliseconds between two rounds of checks at the least; their results hold for so long, for any number of probes. Default: 1000. */
  readonly interval?: number
}

const rules: Rules<Required<ReadinessOptions>> = {
  server: required(callback<ReadinessOptions['server']>()),
  checks: record(required(callback<Check>())),
  timeout: whole(1000, { from: 1, to: 2 ** 31 - 1 }),
  interval: amount(1000),
}

/**
 * Whether the process is alive: 200 as long as it answers. It asks nobody else, for whoever restarts a process because its
 * database is down has two outages.
 */
export function health(): Handler<any> {
  return () => report(200, 'alive')
}

/**
 * Whether requests may be sent here: 200, or 503 while the server starts, when a check fails, and from the moment that it
 * closes. Give `close` a time to announce that (`server.close({ announce: 5000 })`), in which load balancers see it and the
 * server still accepts.
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
      // Checks take their time.
      const now = state()
      if (now) return report(503, now)
      const isReady = Object.values(results).every((result) => result === 'ok')
      return report(isReady ? 200 : 503, isReady ? 'ready' : 'failing', results)
    })
  }
}

/** Why a check failed is not for everybody to know. */
function report(status: number, text: string, checks: Results = {}): Reply {
  const content = JSON.stringify({ status: text, ...(Object.keys(checks).length > 0 && { checks }) })
  return new Reply(content, { status, headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' } })
}
