// A group of upstream servers.
import type { Context, Reply } from '@spillway/core'
import { readOptions } from '@spillway/core/options'
import { setCookieValue } from '../cookies/set-cookie.ts'
import { clientOf } from '../http/known-client.ts'
import { readCookies } from '../http/request-cookies.ts'
import { atOnce } from '../layers/at-once.ts'
import { type UpstreamAddress, addressAt, isNamed, parseAddress } from './address.ts'
import { type Balance, consistentHash, leastConnections, roundRobin } from './balance.ts'
import { Budget, type RetryBudget } from './budget.ts'
import { type CheckOptions, HealthCheck } from './check.ts'
import type { UpstreamTimeouts } from './connection.ts'
import { Dialer, type UpstreamTls } from './dial.ts'
import { type Ejection, Health } from './health.ts'
import { Names } from './names.ts'
import { type CheckSettings, upstreamsRules } from './rules.ts'
import { Sweep } from './sweep.ts'
import { type PoolLimits, Upstream } from './upstream.ts'

/** One server of a group: its URL, or its URL with options. */
export type UpstreamTarget =
  | string
  | {
      readonly url: string
      /** Its share of the requests; with 0 it gets no more, while those under way are finished. Default: 1. */
      readonly weight?: number
      /** Whether it gets requests only while none of the other servers is usable. Default: false. */
      readonly backup?: boolean
    }

/** Options of `upstreams`. */
export interface UpstreamsOptions {
  /**
   * Who gets a request: the next one in turn, the one with the least to do, or always the same one for the same key, which the
   * function returns (rendezvous hashing: when servers come and go, only their own keys move). Default: `round-robin`.
   */
  readonly balance?: 'round-robin' | 'least-connections' | ((c: Context<any, any>) => string)
  readonly timeouts?: Partial<UpstreamTimeouts>
  readonly pool?: Partial<PoolLimits>
  /** Passive health checks: servers that fail are left out for a while. */
  readonly ejection?: Partial<Ejection>
  /** Active health checks: servers are asked whether they work. Default: none. */
  readonly check?: CheckOptions
  readonly retryBudget?: Partial<RetryBudget>
  /** For servers with `https:`. */
  readonly tls?: UpstreamTls
  /**
   * Uses HTTP/2 towards the servers, with many requests at a time on one connection: with `https:` where they agree (ALPN), otherwise with
   * prior knowledge (RFC 9113 §3.3). WebSockets become streams, too, where the server accepts that (RFC 8441). Default: false.
   */
  readonly http2?: boolean
  /**
   * Connections begin with a PROXY header of this version, which says who the client is. Such a connection is made for one
   * client and used for one request. Default: none.
   */
  readonly proxyProtocol?: 1 | 2
  /**
   * Milliseconds between two lookups of the servers' names: each address is then treated as a server of its own, and
   * one that the name no longer has gets no more requests. Default: 0: a name is one server, looked up for each new connection.
   */
  readonly resolveEvery?: number
  /**
   * The name of a cookie that keeps a client on the server that answered it first, while that is in use. Default: none.
   */
  readonly sticky?: string
}

/** What is known about one server. */
export interface UpstreamStatus {
  readonly url: string
  /** In use, left out because requests failed, or left out because the checks fail. */
  readonly state: 'up' | 'ejected' | 'down'
  /** Exchanges and tunnels under way. */
  readonly active: number
  /** Connections kept for the next request. */
  readonly idle: number
  /** Since the start: requests sent to it, and how many of them failed. */
  readonly requests: number
  readonly failures: number
}

/** A group of servers that can answer the same requests, and the connections to them. */
export class Upstreams {
  /** @internal */
  readonly budget: Budget
  #servers: readonly Upstream[]
  readonly #balance: Balance
  readonly #key: ((c: Context<any, any>) => string) | undefined
  readonly #sticky: string | undefined
  readonly #check: CheckSettings | undefined
  readonly #checks: Map<Upstream, HealthCheck> = new Map()
  readonly #names: Names

  /** @throws TypeError for an invalid URL, RangeError when there is no server for requests, or a weight is not a number from 0 up. */
  constructor(targets: readonly UpstreamTarget[], options: UpstreamsOptions = {}) {
    const settings = readOptions(upstreamsRules, options)
    const { balance, ejection, retryBudget, http2, proxyProtocol, resolveEvery } = settings
    if (targets.every((target) => typeof target !== 'string' && target.weight === 0))
      throw new RangeError('A group of upstream servers needs at least one whose weight is not 0')
    if (http2 && proxyProtocol)
      throw new TypeError('A connection that speaks for one client is not shared: http2 or proxyProtocol')
    this.budget = new Budget(retryBudget)
    const mayEject = (): boolean => {
      const now = performance.now()
      const ejected = this.#servers.filter(({ health }) => health.ejected(now)).length
      return ejected + 1 <= this.#servers.length * ejection.maxShare
    }
    const sweep = new Sweep()
    const make = (target: UpstreamTarget, address: UpstreamAddress): Upstream => {
      const { weight = 1, backup = false } = typeof target === 'string' ? {} : target
      if (!(weight >= 0 && weight < Infinity)) throw new RangeError(`Not a weight: ${weight}`)
      const { timeouts, pool, tls } = settings
      const dialer = new Dialer(address, tls, proxyProtocol)
      const health = new Health(ejection, mayEject)
      return new Upstream(address, weight, { backup, dialer, http2, timeouts, pool, health, sweep })
    }
    const places = targets.map((target) => ({
      target,
      address: parseAddress(typeof target === 'string' ? target : target.url),
    }))
    this.#servers = places.map(({ target, address }) => make(target, address))
    this.#key = typeof balance === 'function' ? balance : undefined
    this.#balance = this.#key ? consistentHash : balance === 'least-connections' ? leastConnections : roundRobin
    this.#sticky = settings.sticky
    this.#check = settings.check
    for (const server of this.#servers) this.#watch(server)
    const named = resolveEvery > 0 ? places.filter(({ address }) => isNamed(address)) : []
    this.#names = new Names(new Set(named.map(({ address }) => address.host)), resolveEvery, (name, reaches) => {
      for (const { target, address } of named)
        if (address.host === name)
          this.#exchange(
            address,
            reaches.map((reach) => addressAt(address, reach)),
            (one) => make(target, one),
          )
    })
  }

  #watch(server: Upstream): void {
    if (this.#check) this.#checks.set(server, new HealthCheck(server, this.#check))
  }

  /** Replaces the servers of one name. Those that remain keep their connections and what is known about them. */
  #exchange(
    { url }: UpstreamAddress,
    addresses: readonly UpstreamAddress[],
    make: (address: UpstreamAddress) => Upstream,
  ): void {
    const isOfName = (server: Upstream): boolean => server.url === url || server.url.startsWith(`${url}#`)
    const before = new Map(this.#servers.filter(isOfName).map((server) => [server.url, server]))
    const now = addresses.map((address) => before.get(address.url) ?? make(address))
    const first = this.#servers.findIndex(isOfName)
    const others = this.#servers.filter((server) => !isOfName(server))
    this.#servers = [...others.slice(0, first), ...now, ...others.slice(first)]
    for (const server of now) if (!before.has(server.url)) this.#watch(server)
    for (const server of before.values()) {
      if (now.includes(server)) continue
      this.#checks.get(server)?.stop()
      this.#checks.delete(server)
      server.close()
    }
  }

  get status(): readonly UpstreamStatus[] {
    const now = performance.now()
    return this.#servers.map(({ url, health, active, idle, requests, failures }) => {
      const state = !health.checked ? 'down' : health.ejected(now) ? 'ejected' : 'up'
      return { url, state, active, idle, requests, failures }
    })
  }

  /** Ends the checks and idle connections; the other connections end after their exchanges. Requests are still accepted. */
  close(): void {
    this.#names.stop()
    for (const check of this.#checks.values()) check.stop()
    for (const server of this.#servers) server.close()
  }

  /**
   * @internal A server for the request: healthy, and with a free connection if there is one. When none is healthy, all are tried:
   * a faulty check must not make everything unreachable.
   */
  pick(c: Context<any, any>, tried: readonly Upstream[]): Upstream | undefined {
    const [only, another] = this.#servers
    // Of one there is no choice.
    if (another === undefined && tried.length === 0) return only
    const now = performance.now()
    const key = this.#key ? atOnce(this.#key(c), '`balance`') : ''
    const isNew = (server: Upstream): boolean => server.weight > 0 && (tried.length === 0 || !tried.includes(server))
    const inUse = (server: Upstream): boolean => !server.backup && isNew(server) && server.health.available(now)
    const inReserve = (server: Upstream): boolean => server.backup && isNew(server) && server.health.available(now)
    const servers = this.#servers
    const kept = this.#sticky === undefined ? undefined : readCookies(c)[this.#sticky]
    const known = kept === undefined ? undefined : servers.find(({ id }) => id === kept)
    if (known && isNew(known) && known.health.available(now)) return known
    return (
      this.#balance(servers, (server) => inUse(server) && server.free, key) ??
      this.#balance(servers, inUse, key) ??
      this.#balance(servers, (server) => inReserve(server) && server.free, key) ??
      this.#balance(servers, inReserve, key) ??
      this.#balance(servers, isNew, key)
    )
  }

  /** @internal Whether another server is usable. */
  hasOther(server: Upstream): boolean {
    const now = performance.now()
    return this.#servers.some((one) => one !== server && one.weight > 0 && one.health.available(now))
  }

  /** @internal Tells the client which server has answered, if it is to stay there. */
  remembered(c: Context<any, any>, { id }: Upstream, reply: Reply): Reply {
    if (this.#sticky === undefined || readCookies(c)[this.#sticky] === id) return reply
    const secure = clientOf(c).protocol === 'https'
    reply.headers.append('Set-Cookie', setCookieValue(this.#sticky, id, { secure }))
    return reply
  }
}
