// Counts requests and connections, and shows the numbers in Prometheus's format.
import { atOnce } from './lib/layers/at-once.ts'
import { type Handler, Reply, type Server } from '@spillway/core'
import { type Rules, type Settled, callback, flag, readOptions } from '@spillway/core/options'
import { standardMethods } from './lib/http/standard-methods.ts'
import { ConnectionMetrics, timeBounds } from './lib/metrics/connections.ts'
import { type Buckets, Counter, type Family, Histogram, mostSeries } from './lib/metrics/families.ts'
import { joinWorkers } from './lib/metrics/workers.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link metrics}. */
export interface MetricsOptions {
  /** Counts only the connections of this server. Default: those of all servers of the process. */
  readonly server?: () => Server | undefined
  /**
   * Whether each request is followed from its first byte to its last: how long it took in each phase, and its bytes as they come. For a
   * small proxied request this costs as much as the request itself. If false, only connections are counted, and their bytes when they
   * end. Default: true.
   */
  readonly phases?: boolean
  /**
   * The function `everyWorker` of `@spillway/core/cluster`: whichever worker is asked shows the numbers of all, with the label `worker`.
   * Only one `metrics` of a process may use it. Default: each worker shows its own.
   */
  readonly everyWorker?: (
    topic: string,
    answer: () => string,
  ) => () => Promise<readonly { readonly worker: number; readonly value: string }[]>
}

const rules: Rules<Settled<MetricsOptions, 'phases'>> = {
  server: callback(),
  phases: flag(true),
  everyWorker: callback(),
}

/** The metrics of this process. */
export interface Metrics {
  /** Counts the requests that pass through it, by method, status and route; put it outermost. */
  readonly observe: Middleware
  /** Shows all numbers in OpenMetrics 1.0.0, which Prometheus scrapes. */
  readonly expose: Handler<any>
  /** Stops counting connections. */
  readonly stop: () => void
}

/**
 * Collects metrics from the events of core: connections accepted, open, and closed by reason, how often they are reused,
 * parse errors by code, bytes, and the time in each phase (`connect`, `idle`, `head`, `handler`, `reply`); and
 * requests by method, status and route. Labels are bounded, whatever clients send: methods are those of the RFCs, routes are the
 * router's patterns, and no family has more than 1000 series. Counting starts when this is called.
 */
export function metrics(options: MetricsOptions = {}): Metrics {
  const { server, phases, everyWorker } = readOptions(rules, options)
  const connections = new ConnectionMetrics(server, phases)
  const labels = ['method', 'status', 'route']
  const requests = new Counter('spillway_requests', 'Requests that are over.', labels)
  const aborted = new Counter('spillway_aborted_requests', 'Requests whose reply was not sent in full.', ['by'])
  const times = new Histogram('spillway_request_seconds', 'From a request to the end of its reply.', timeBounds, [
    'route',
  ])
  const families: readonly Family[] = [...connections.families, requests, aborted, times]
  /** The series that are used often. */
  const known = new Map<string, { readonly count: { total: number }; readonly time: Buckets }>()
  const seriesOf = (sent: string, code: number, route: string): { count: { total: number }; time: Buckets } => {
    const method = standardMethods.has(sent) ? sent : 'other'
    const key = `${method} ${code} ${route}`
    let found = known.get(key)
    if (!found) {
      found = { count: requests.of(method, code === 0 ? 'none' : String(code), route), time: times.of(route) }
      if (known.size < mostSeries) known.set(key, found)
    }
    return found
  }
  const write = (): string => families.map((family) => family.write()).join('')
  const all = atOnce(everyWorker?.('spillway.metrics', write), '`everyWorker`')
  return {
    observe: (c, next) => {
      const started = performance.now()
      c.done((outcome) => {
        const ms = performance.now() - started
        const { method, route } = c
        const { count, time } = seriesOf(method, outcome.status, route)
        count.total++
        if (outcome.kind === 'aborted') aborted.add(1, outcome.by)
        times.observeIn(time, ms / 1000)
      })
      return next()
    },
    expose: all ? async () => shown(joinWorkers(await all())) : () => shown(write()),
    stop: () => connections.stop(),
  }
}

function shown(families: string): Reply {
  const type = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
  return new Reply(`${families}# EOF\n`, { headers: { 'Content-Type': type, 'Cache-Control': 'no-store' } })
}
