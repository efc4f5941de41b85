// One upstream server: its connections, and the requests that wait for one.
import { createHash } from 'node:crypto'
import type { Peer } from '@spillway/core'
import type { UpstreamAddress } from './address.ts'
import { fnv1a } from './balance.ts'
import { type ConnectionOwner, UpstreamConnection, type UpstreamTimeouts } from './connection.ts'
import type { Dialer } from './dial.ts'
import { UpstreamError } from './errors.ts'
import type { UpstreamExchange } from './exchange.ts'
import type { Health } from './health.ts'
import { isWebSocket } from './request-head.ts'
import { type SessionOwner, UpstreamSession, mostStreams } from './session.ts'
import { Shares } from './shares.ts'
import type { Sweep, Swept } from './sweep.ts'

/**
 * Limits for one server. No client (in IPv6, no /64 network) ever holds all places of a kind, nor the whole queue: a lone one reaches
 * three quarters.
 */
export interface PoolLimits {
  /** Connections at a time; over HTTP/2, where requests share connections, exchanges at a time. Default: 512. */
  readonly connections: number
  /** Idle connections that are kept open. Default: 128. */
  readonly idle: number
  /** Requests that wait when all connections are in use; further ones are answered 503. Default: 512. */
  readonly waiting: number
  /** Milliseconds after which a connection is no longer used, so that new addresses and new servers get some; 0 for no limit. Default: 0. */
  readonly maxAge: number
  /** WebSockets and other tunnels at a time, which do not count as connections; further ones are answered 503. Default: 512. */
  readonly tunnels: number
}

export const defaultPool: PoolLimits = { connections: 512, idle: 128, waiting: 512, maxAge: 0, tunnels: 512 }

/** A request that is waiting for a connection. */
interface Waiter extends Swept {
  readonly peer: Peer
  readonly client: string
  readonly upgrade: string
  take(exchange: UpstreamExchange): void
}

/** Milliseconds for which a server is assumed not to speak HTTP/2. */
const http1Time = 300_000

/** One upstream server: its connections, and what is known about it. */
export class Upstream implements ConnectionOwner, SessionOwner {
  readonly address: UpstreamAddress
  readonly weight: number
  /** Whether it gets requests only while none of the other servers is usable. */
  readonly backup: boolean
  readonly timeouts: UpstreamTimeouts
  readonly health: Health
  /** For consistent hashing. */
  readonly seed: number
  /** Identifies it in cookies without revealing anything. */
  readonly id: string
  /** For round robin. */
  turn: number = 0
  /** Exchanges and tunnels under way. */
  active: number = 0
  requests: number = 0
  failures: number = 0
  streams: number = mostStreams
  readonly #dialer: Dialer
  readonly #limits: PoolLimits
  readonly #sweep: Sweep
  readonly #idle: UpstreamConnection[] = []
  readonly #waiting: Waiter[] = []
  readonly #shares: Shares
  readonly #waitingShares: Shares
  readonly #tunnelShares: Shares
  /** How many connections, or parts of one, are in use for a client. */
  #lent = 0
  readonly #http2: boolean
  readonly #sessions: Set<UpstreamSession> = new Set()
  /** By `performance.now()`. */
  #http1Until = 0
  /** Whether WebSockets can be streams, as far as that is known. */
  #takesConnect = true
  #open = 0
  #closed = false

  constructor(
    address: UpstreamAddress,
    weight: number,
    { backup, dialer, http2, timeouts, pool, health, sweep }: UpstreamParts,
  ) {
    this.#http2 = http2
    this.address = address
    this.weight = weight
    this.backup = backup
    this.timeouts = timeouts
    this.health = health
    this.seed = fnv1a(address.url, 0x2f0b4a27)
    this.id = createHash('sha256').update(address.url).digest('base64url').slice(0, 12)
    this.#dialer = dialer
    this.#limits = pool
    this.#sweep = sweep
    this.#shares = new Shares(pool.connections)
    this.#waitingShares = new Shares(pool.waiting)
    this.#tunnelShares = new Shares(pool.tunnels)
  }

  get url(): string {
    return this.address.url
  }

  get idle(): number {
    let idle = this.#idle.length
    for (const { isIdle } of this.#sessions) if (isIdle) idle++
    return idle
  }

  /** A request was not answered as it should have been. */
  failed(): void {
    this.failures++
    this.health.failed(performance.now())
  }

  /** Whether a connection is free or may be opened. */
  get free(): boolean {
    if (this.#isShared('')) return this.#lent < this.#limits.connections
    return this.#idle.length > 0 || this.#open < this.#limits.connections
  }

  /** Whether a request uses a connection that is shared with others. */
  #isShared(upgrade: string): boolean {
    if (!this.#http2 || performance.now() < this.#http1Until) return false
    return upgrade === '' || (isWebSocket(upgrade) && this.#takesConnect)
  }

  /**
   * A connection for one exchange: an idle one, a new one, or the next to become free.
   * @param client the client whose exchange it is: none may hold all connections, nor the whole queue.
   * @param fresh whether it must not have been used before.
   * @param upgrade the requested protocol, empty for none.
   * @throws UpstreamError when too many requests are already waiting, or no connection becomes free in time.
   */
  acquire(peer: Peer, client: string, fresh: boolean, upgrade: string): UpstreamExchange | Promise<UpstreamExchange> {
    if (fresh) {
      // The idle ones are as old as the one that failed.
      for (const connection of this.#idle.splice(0)) connection.destroy()
    }
    const connection = this.#shares.allows(client) ? this.#available(peer, upgrade) : undefined
    if (connection) return this.#lend(connection, client)
    if (!this.#waitingShares.allows(client)) throw new UpstreamError('busy', this.url, 'all connections are taken')
    return this.#wait(peer, client, upgrade)
  }

  /** An idle connection, or a new one; undefined when the limit has been reached. */
  #available(peer: Peer, upgrade: string): UpstreamExchange | undefined {
    if (this.#isShared(upgrade)) {
      if (this.#lent >= this.#limits.connections) return undefined
      return this.#sessionWithRoom().begin(upgrade !== '')
    }
    for (let kept = this.#idle.pop(); kept; kept = this.#idle.pop()) {
      if (kept.usable) return kept
      kept.destroy()
    }
    return this.#open < this.#limits.connections ? this.#connect(peer) : undefined
  }

  #sessionWithRoom(): UpstreamSession {
    for (const session of this.#sessions) {
      if (this.#isOld(session)) session.close()
      else if (session.room > 0) return session
    }
    const session = this.#openSession(true)
    this.#sessions.add(session)
    return session
  }

  #isOld({ since }: UpstreamConnection | UpstreamSession): boolean {
    const { maxAge } = this.#limits
    return maxAge > 0 && performance.now() - since >= maxAge
  }

  #lend(connection: UpstreamExchange, client: string): UpstreamExchange {
    this.#shares.take(client)
    this.#lent++
    connection.client = client
    return connection
  }

  /** The exchange is over, or the connection is. */
  #returned(connection: UpstreamExchange): void {
    const { client } = connection
    if (client === undefined) return
    connection.client = undefined
    this.#lent--
    this.#shares.release(client)
  }

  /** Opens a connection of its own, for a health check. */
  dial(): UpstreamExchange {
    return this.#isShared('') ? this.#openSession(false).begin(false) : this.#connect(undefined)
  }

  /** @param peer the client it is for; undefined for a health check. */
  #connect(peer: Peer | undefined): UpstreamConnection {
    this.#open++
    const connection = new UpstreamConnection(this, (ready) => this.#dialer.dial(ready, ['http/1.1'], peer))
    this.#sweep.add(connection)
    return connection
  }

  #openSession(isShared: boolean): UpstreamSession {
    const session = new UpstreamSession(this, isShared, (ready) =>
      this.#dialer.dial(ready, ['h2', 'http/1.1'], undefined),
    )
    this.#sweep.add(session)
    return session
  }

  #wait(peer: Peer, client: string, upgrade: string): Promise<UpstreamExchange> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + (this.timeouts.connect || Infinity)
      const leave = (): void => {
        this.#sweep.delete(waiter)
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        this.#waitingShares.release(client)
      }
      const waiter: Waiter = {
        peer,
        client,
        upgrade,
        take: (connection) => {
          leave()
          resolve(this.#lend(connection, client))
        },
        tick: (now) => {
          if (now < deadline) return
          leave()
          reject(new UpstreamError('busy', this.url, 'no connection became free in time'))
        },
      }
      this.#waitingShares.take(client)
      this.#waiting.push(waiter)
      this.#sweep.add(waiter)
    })
  }

  released(connection: UpstreamConnection): void {
    this.#returned(connection)
    if (this.#closed || this.#dialer.personal || this.#isOld(connection)) return connection.destroy()
    this.#idle.push(connection)
    this.#serve()
    if (this.#idle.length > this.#limits.idle) this.#idle.shift()!.destroy()
  }

  /**
   * Reserves a place for a tunnel before the server is asked for one.
   * @returns a function that gives the place back.
   * @throws UpstreamError when there is none for this client.
   */
  reserveTunnel(client: string): () => void {
    const shares = this.#tunnelShares
    if (!shares.allows(client)) throw new UpstreamError('busy', this.url, 'there are too many tunnels')
    shares.take(client)
    return () => shares.release(client)
  }

  switched(connection: UpstreamConnection): void {
    this.#forget(connection)
  }

  closed(connection: UpstreamConnection | UpstreamSession): void {
    if (connection instanceof UpstreamConnection) return this.#forget(connection)
    this.#sweep.delete(connection)
    this.#sessions.delete(connection)
    this.#serve()
  }

  #forget(connection: UpstreamConnection): void {
    this.#returned(connection)
    this.#open--
    this.#sweep.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#serve()
  }

  left(exchange: UpstreamExchange): void {
    this.#returned(exchange)
    this.#serve()
  }

  changed(): void {
    this.#serve()
  }

  speaksHttp1(): void {
    this.#http1Until = performance.now() + http1Time
  }

  learned(takesConnect: boolean, streams: number): void {
    this.#takesConnect = takesConnect
    this.streams = streams
  }

  /** Gives free connections to waiting requests. */
  #serve(): void {
    for (let waiter = this.#nextWaiter(); waiter; waiter = this.#nextWaiter()) {
      const exchange = this.#available(waiter.peer, waiter.upgrade)
      if (!exchange) return
      waiter.take(exchange)
    }
  }

  /** Among the waiting requests that may have a connection, the first whose client holds the fewest. */
  #nextWaiter(): Waiter | undefined {
    let next: Waiter | undefined
    for (const waiter of this.#waiting) {
      const held = this.#shares.heldBy(waiter.client)
      if (next && held >= this.#shares.heldBy(next.client)) continue
      if (this.#shares.allows(waiter.client)) next = waiter
      if (next && held === 0) break
    }
    return next
  }

  /** Ends idle connections now, and the others when their exchanges are over. */
  close(): void {
    this.#closed = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
    for (const session of this.#sessions) session.close()
  }
}

/** What the servers of a group have in common, and how to reach this one. */
export interface UpstreamParts {
  readonly backup: boolean
  readonly dialer: Dialer
  readonly http2: boolean
  readonly timeouts: UpstreamTimeouts
  readonly pool: PoolLimits
  readonly health: Health
  readonly sweep: Sweep
}
