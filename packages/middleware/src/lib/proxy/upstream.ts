// One upstream server: its connections, and who waits for one.
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
 * Most connections to one server. No client, of IPv6 no /64 network, ever holds all of a kind, nor all places to wait: a lone one comes
 * to three quarters.
 */
export interface PoolLimits {
  /** At a time; over HTTP/2, which shares connections, exchanges at a time. Default: 512. */
  readonly connections: number
  /** Kept open without an exchange. Default: 128. */
  readonly idle: number
  /** Requests that wait for a connection when all are taken; one more is answered 503. Default: 512. */
  readonly waiting: number
  /** Milliseconds after which a connection is used no more, so that new addresses and new servers get some; 0 for any time. Default: 0. */
  readonly maxAge: number
  /** WebSockets and other tunnels at a time, which do not count as connections; one more is answered 503. Default: 512. */
  readonly tunnels: number
}

export const defaultPool: PoolLimits = { connections: 512, idle: 128, waiting: 512, maxAge: 0, tunnels: 512 }

/** A request that waits for a connection. */
interface Waiter extends Swept {
  readonly peer: Peer
  readonly client: string
  readonly upgrade: string
  take(exchange: UpstreamExchange): void
}

/** Milliseconds that a server is believed not to speak HTTP/2. */
const http1Time = 300_000

/** One upstream server: its connections, and what is known of it. */
export class Upstream implements ConnectionOwner, SessionOwner {
  readonly address: UpstreamAddress
  readonly weight: number
  /** Gets requests only while none of the others is in use. */
  readonly backup: boolean
  readonly timeouts: UpstreamTimeouts
  readonly health: Health
  /** For consistent hashing. */
  readonly seed: number
  /** Stands for it in cookies, and says nothing to who reads them. */
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
  /** For whom a connection, or a part of one, is in use. */
  readonly #lent: Map<UpstreamExchange, string> = new Map()
  readonly #http2: boolean
  readonly #sessions: Set<UpstreamSession> = new Set()
  /** As `performance.now()` tells it. */
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

  /** Whether a connection is free, or may be opened. */
  get free(): boolean {
    if (this.#isShared('')) return this.#lent.size < this.#limits.connections
    return this.#idle.length > 0 || this.#open < this.#limits.connections
  }

  /** Whether a request goes over a connection that others use, too. */
  #isShared(upgrade: string): boolean {
    if (!this.#http2 || performance.now() < this.#http1Until) return false
    return upgrade === '' || (isWebSocket(upgrade) && this.#takesConnect)
  }

  /**
   * A connection for one exchange: one that is kept, a new one, or the next that becomes free.
   * @param client whose exchange it is: none may hold all connections, nor all places to wait for one.
   * @param fresh whether it must not have been used before.
   * @param upgrade the protocol that is asked for, empty for none.
   * @throws UpstreamError when too many wait already, or none becomes free in time.
   */
  acquire(peer: Peer, client: string, fresh: boolean, upgrade: string): UpstreamExchange | Promise<UpstreamExchange> {
    if (fresh) {
      // The kept ones are of the same age as the one that failed.
      for (const connection of this.#idle.splice(0)) connection.destroy()
    }
    const connection = this.#shares.allows(client) ? this.#available(peer, upgrade) : undefined
    if (connection) return this.#lend(connection, client)
    if (!this.#waitingShares.allows(client)) throw new UpstreamError('busy', this.url, 'all connections are taken')
    return this.#wait(peer, client, upgrade)
  }

  /** A connection that is kept, or a new one; undefined when there are as many as there may be. */
  #available(peer: Peer, upgrade: string): UpstreamExchange | undefined {
    if (this.#isShared(upgrade)) {
      if (this.#lent.size >= this.#limits.connections) return undefined
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
    this.#lent.set(connection, client)
    return connection
  }

  /** The exchange is over, or the connection is. */
  #returned(connection: UpstreamExchange): void {
    const client = this.#lent.get(connection)
    if (client === undefined) return
    this.#lent.delete(connection)
    this.#shares.release(client)
  }

  /** Opens a connection of its own, for a health check. */
  dial(): UpstreamExchange {
    return this.#isShared('') ? this.#openSession(false).begin(false) : this.#connect(undefined)
  }

  /** @param peer for whom it speaks; undefined for a health check. */
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
   * Keeps a place for a tunnel, before it is asked for one.
   * @returns gives the place back.
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

  /** Gives those who wait what there is. */
  #serve(): void {
    for (let waiter = this.#nextWaiter(); waiter; waiter = this.#nextWaiter()) {
      const exchange = this.#available(waiter.peer, waiter.upgrade)
      if (!exchange) return
      waiter.take(exchange)
    }
  }

  /** Of those who wait and may have a connection, the first whose client holds the fewest. */
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

  /** Ends what is idle now, and everything else when its exchange is over. */
  close(): void {
    this.#closed = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
    for (const session of this.#sessions) session.close()
  }
}

/** What servers of one group have in common, and what makes this one reachable. */
export interface UpstreamParts {
  readonly backup: boolean
  readonly dialer: Dialer
  readonly http2: boolean
  readonly timeouts: UpstreamTimeouts
  readonly pool: PoolLimits
  readonly health: Health
  readonly sweep: Sweep
}
