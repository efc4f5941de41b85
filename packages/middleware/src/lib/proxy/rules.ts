// The options of a group of upstream servers, and their defaults.
import {
  type Rule,
  type Rules,
  type Settled,
  amount,
  choice,
  either,
  callback,
  flag,
  list,
  optional,
  required,
  section,
  text,
  thing,
  whole,
} from '@spillway/core/options'
import type { RetryBudget } from './budget.ts'
import type { CheckOptions } from './check.ts'
import type { UpstreamTimeouts } from './connection.ts'
import type { UpstreamsOptions } from './group.ts'
import { type Ejection, defaultEjection } from './health.ts'
import { type PoolLimits, defaultPool } from './upstream.ts'

export type CheckSettings = Settled<CheckOptions, 'interval' | 'timeout' | 'healthy' | 'unhealthy'>

/** The resolved options of a group. */
export interface UpstreamsSettings extends Pick<UpstreamsOptions, 'tls' | 'proxyProtocol' | 'sticky'> {
  readonly balance: NonNullable<UpstreamsOptions['balance']>
  readonly timeouts: UpstreamTimeouts
  readonly pool: PoolLimits
  readonly ejection: Ejection
  readonly check?: CheckSettings
  readonly retryBudget: RetryBudget
  readonly http2: boolean
  readonly resolveEvery: number
}

/** A token (RFC 6265 §4.1.1). */
const cookieName = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
const longest = 2 ** 31 - 1
const checkRules: Rules<CheckSettings> = {
  path: required(text('', /^\//)),
  host: optional(text('', /./)),
  interval: whole(5000, { from: 1, to: longest }),
  timeout: whole(2000, { from: 1, to: longest }),
  healthy: whole(2, { from: 1 }),
  unhealthy: whole(3, { from: 1 }),
}

/** Statuses of a server's error responses. */
export const statusList: Rule<readonly number[]> = list(whole(503, { from: 400, to: 599 }))

export const upstreamsRules: Rules<UpstreamsSettings> = {
  balance: either(
    choice<UpstreamsSettings['balance']>(['round-robin', 'least-connections'], 'round-robin'),
    callback<UpstreamsSettings['balance']>(),
  ) as Rules<UpstreamsSettings>['balance'],
  timeouts: section({ connect: amount(5000), head: amount(60_000), bodyIdle: amount(60_000), keepAlive: amount(4000) }),
  pool: section({
    connections: whole(defaultPool.connections, { from: 1 }),
    idle: whole(defaultPool.idle),
    waiting: whole(defaultPool.waiting),
    maxAge: amount(defaultPool.maxAge),
    tunnels: whole(defaultPool.tunnels),
  }),
  ejection: section({
    failures: whole(defaultEjection.failures, { from: 1 }),
    statuses: statusList,
    duration: amount(defaultEjection.duration),
    maxDuration: amount(defaultEjection.maxDuration),
    maxShare: amount(defaultEjection.maxShare, { to: 1 }),
  }),
  check: optional(section(checkRules)),
  retryBudget: section({ ratio: amount(0.2), reserve: amount(100) }),
  tls: thing(),
  http2: flag(),
  proxyProtocol: optional(choice<1 | 2>([1, 2], 1)),
  resolveEvery: amount(0, { to: longest }),
  sticky: optional(text('', cookieName)),
}
