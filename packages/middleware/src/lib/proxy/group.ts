// A group of upstream servers.
import type { Context } from '@spillway/core'
import { atOnce } from '../layers/at-once.ts'
import { readOptions } from '@spillway/core/options'
import { parseAddress } from './address.ts'
import { type Balance, consistentHash, leastConnections, roundRobin } from './balance.ts'
import { Budget, type RetryBudget } from './budget.ts'
import { type CheckOptions, HealthCheck } from './check.ts'
import type { UpstreamTimeouts } from './connection.ts'
import { Dialer, type UpstreamTls } from './dial.ts'
import { type Ejection, Health } from './health.ts'
import { upstreamsRules } from './rules.ts'
import { Sweep } from './sweep.ts'
import { type PoolLimits, Upstream } from './upstream.ts'

/** One server of a group: its URL, or with what is to be known of it. */
export type UpstreamTarget =
  | string
  | {
      readonly url: string
      /** Its share of the requests; 0 sends it no more, while those under way are finished. Default: 1. */
      readonly weight?: number
      /** Whether it gets requests only while none of the others is in use. Default: false. */
      readonly backup?: boolean
    }

/** Options of `upstreams`. */
export interface UpstreamsOptions {
  /**
   * Who gets a request: the next one in turn, the one with the least to do, or always the same for the same key, which the
   * function gives (rendezvous hashing: when servers come and go, only their own keys move). Default: `round-robin`.
   */
  readonly balance?: 'round-robin' | 'least-connections' | ((c: Context<any, any>) => string)
  readonly timeouts?: Partial<UpstreamTimeouts>
  readonly pool?: Partial<PoolLimits>
  /** Passive health: servers that fail are left out for a while. */
  readonly ejection?: Partial<Ejection>
  /** Active health: servers are asked whether they work. Default: they are not. */
  readonly check?: CheckOptions
  readonly retryBudget?: Partial<RetryBudget>
  /** For servers with `https:`. */
  readonly tls?: UpstreamTls
  /**
   * Servers are spoken to in HTTP/2, many requests at a time on one connection: with `https:` where they agree (ALPN), and otherwise with
   * prior knowledge (RFC 9113 §3.3). WebSockets are streams, too, where the server takes them (RFC 8441). Default: false.
   */
  readonly http2?: boolean
  /**
   * Connections begin with a PROXY header of this version, which says who the client is. Such a connection speaks for one
   * client and is used for one request.
   */
  readonly proxyProtocol?: 1 | 2
}

/** What is known of one server. */
export interface UpstreamStatus {
  readonly url: string
  /** In use, left out because requests failed, or because the checks do. */
  readonly state: 'up' | 'ejected' | 'down'
  /** Exchanges and tunnels under way. */
  readonly active: number
  /** Connections kept for the next request. */
  readonly idle: number
  /** Since the start: requests sent to it, and those that failed. */
  readonly requests: number
  readonly failures: number
}

/** A group of servers that can answer the same requests, and the connections to them. */
export class Upstreams {
  /** @internal */
  readonly budget: Budget
  readonly #servers: readonly Upstream[]
  readonly #balance: Balance
  readonly #key: ((c: Context<any, any>) => string) | undefined
  readonly #checks: readonly HealthCheck[]

  /** @throws TypeError when a URL is none, RangeError when there is no server for requests, or a weight is no number from 0 on. */
  constructor(targets: readonly UpstreamTarget[], options: UpstreamsOptions = {}) {
    const { balance, timeouts, pool, ejection, retryBudget, tls, http2, proxyProtocol, check } = readOptions(
      upstreamsRules,
      options,
    )
    if (targets.every((target) => typeof target !== 'string' && target.weight === 0))
      throw new RangeError('A group of upstream servers needs one at least whose weight is not 0')
    if (http2 && proxyProtocol)
      throw new TypeError('A connection that speaks for one client is not shared: http2 or proxyProtocol')
    this.budget = new Budget(retryBudget)
    const sweep = new Sweep()
    const mayEject = (): boolean => {
      const now = performance.now()
      const ejected = this.#servers.filter(({ health }) => health.ejected(now)).length
      return ejected + 1 <= this.#servers.length * ejection.maxShare
    }
    this.#servers = targets.map((target) => {
      const { url, weight = 1, backup = false } = typeof target === 'string' ? { url: target } : target
      if (!(weight >= 0 && weight < Infinity)) throw new RangeError(`Not a weight: ${weight}`)
      const address = parseAddress(url)
      const dialer = new Dialer(address, tls, proxyProtocol)
      return new Upstream(address, weight, {
        backup,
        dialer,
        http2,
        timeouts,
        pool,
        health: new Health(ejection, mayEject),
        sweep,
      })
    })
    this.#key = typeof balance === 'function' ? balance : undefined
    this.#balance = this.#key ? consistentHash : balance === 'least-connections' ? leastConnections : roundRobin
    this.#checks = check ? this.#servers.map((server) => new HealthCheck(server, check)) : []
  }

  get status(): readonly UpstreamStatus[] {
    const now = performance.now()
    return this.#servers.map(({ url, health, active, idle, requests, failures }) => {
      const state = !health.checked ? 'down' : health.ejected(now) ? 'ejected' : 'up'
      return { url, state, active, idle, requests, failures }
    })
  }

  /** Ends the checks and the connections without an exchange; the others end after theirs. Requests are still taken. */
  close(): void {
    for (const check of this.#checks) check.stop()
    for (const server of this.#servers) server.close()
  }

  /**
   * @internal A server for the request, healthy and with a free connection if there is one. When none is healthy, all are:
   * a check that is wrong must not make everything unreachable.
   */
  pick(c: Context<any, any>, tried: readonly Upstream[]): Upstream | undefined {
    const now = performance.now()
    const key = this.#key ? atOnce(this.#key(c), '`balance`') : ''
    const isNew = (server: Upstream): boolean => server.weight > 0 && (tried.length === 0 || !tried.includes(server))
    const inUse = (server: Upstream): boolean => !server.backup && isNew(server) && server.health.available(now)
    const inReserve = (server: Upstream): boolean => server.backup && isNew(server) && server.health.available(now)
    const servers = this.#servers
    return (
      this.#balance(servers, (server) => inUse(server) && server.free, key) ??
      this.#balance(servers, inUse, key) ??
      this.#balance(servers, (server) => inReserve(server) && server.free, key) ??
      this.#balance(servers, inReserve, key) ??
      this.#balance(servers, isNew, key)
    )
  }
}
