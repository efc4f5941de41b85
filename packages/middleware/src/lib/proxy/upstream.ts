import type { Peer } from '@spillway/core'
import type { UpstreamAddress } from './address.ts'
import { fnv1a } from './balance.ts'
import { type ConnectionOwner, UpstreamConnection, type UpstreamTimeouts } from './connection.ts'
import type { Dialer } from './dial.ts'
import { UpstreamError } from './errors.ts'
import type { Health } from './health.ts'
import { Shares } from './shares.ts'
import type { Sweep, Swept } from './sweep.ts'

/**
 * Most connections to one server. No client, of IPv6 no /64 network, ever holds all of a kind, nor all places to wait: a lone one comes
 * to three quarters.
 */
export interface PoolLimits {
  /** At a time. Default: 512. */
  readonly connections: number
  /** Kept open without an exchange. Default: 128. */
  readonly idle: number
  /** Requests that wait for a connection when all are taken; one more is answered 503. Default: 512. */
  readonly waiting: number
  /** WebSockets and other tunnels at a time, which do not count as connections; one more is answered 503. Default: 512. */
  readonly tunnels: number
}

export const defaultPool: PoolLimits = { connections: 512, idle: 128, waiting: 512, tunnels: 512 }

/** A request that waits for a connection. */
interface Waiter extends Swept {
  readonly peer: Peer
  readonly client: string
  take(connection: UpstreamConnection): void
}

/** One upstream server: its connections, and what is known of it. */
export class Upstream implements ConnectionOwner {
  readonly address: UpstreamAddress
  readonly weight: number
  readonly timeouts: UpstreamTimeouts
  readonly health: Health
  /** For consistent hashing. */
  readonly seed: number
  /** For round robin. */
  turn: number = 0
  /** Exchanges and tunnels under way. */
  active: number = 0
  requests: number = 0
  failures: number = 0
  readonly #dialer: Dialer
  readonly #limits: PoolLimits
  readonly #sweep: Sweep
  readonly #idle: UpstreamConnection[] = []
  readonly #waiting: Waiter[] = []
  readonly #shares: Shares
  readonly #waitingShares: Shares
  readonly #tunnelShares: Shares
  /** For whom a connection is in use. */
  readonly #lent: Map<UpstreamConnection, string> = new Map()
  #open = 0
  #closed = false

  constructor(address: UpstreamAddress, weight: number, { dialer, timeouts, pool, health, sweep }: UpstreamParts) {
    this.address = address
    this.weight = weight
    this.timeouts = timeouts
    this.health = health
    this.seed = fnv1a(address.url, 0x2f0b4a27)
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
    return this.#idle.length
  }

  /** Whether a connection is free, or may be opened. */
  get free(): boolean {
    return this.#idle.length > 0 || this.#open < this.#limits.connections
  }

  /**
   * A connection for one exchange: one that is kept, a new one, or the next that becomes free.
   * @param client whose exchange it is: none may hold all connections, nor all places to wait for one.
   * @param fresh whether it must not have been used before.
   * @throws UpstreamError when too many wait already, or none becomes free in time.
   */
  acquire(peer: Peer, client: string, fresh: boolean): UpstreamConnection | Promise<UpstreamConnection> {
    if (fresh) {
      // The kept ones are of the same age as the one that failed.
      for (const connection of this.#idle.splice(0)) connection.destroy()
    }
    const connection = this.#shares.allows(client) ? this.#available(peer) : undefined
    if (connection) return this.#lend(connection, client)
    if (!this.#waitingShares.allows(client)) throw new UpstreamError('busy', this.url, 'all connections are taken')
    return this.#wait(peer, client)
  }

  /** A connection that is kept, or a new one; undefined when there are as many as there may be. */
  #available(peer: Peer): UpstreamConnection | undefined {
    for (let kept = this.#idle.pop(); kept; kept = this.#idle.pop()) {
      if (kept.usable) return kept
      kept.destroy()
    }
    return this.#open < this.#limits.connections ? this.dial(peer) : undefined
  }

  #lend(connection: UpstreamConnection, client: string): UpstreamConnection {
    this.#shares.take(client)
    this.#lent.set(connection, client)
    return connection
  }

  /** The exchange is over, or the connection is. */
  #returned(connection: UpstreamConnection): void {
    const client = this.#lent.get(connection)
    if (client === undefined) return
    this.#lent.delete(connection)
    this.#shares.release(client)
  }

  /** Opens a connection. @param peer for whom it speaks; undefined for a health check. */
  dial(peer: Peer | undefined): UpstreamConnection {
    this.#open++
    const connection = new UpstreamConnection(this, (ready) => this.#dialer.dial(ready, peer))
    this.#sweep.add(connection)
    return connection
  }

  #wait(peer: Peer, client: string): Promise<UpstreamConnection> {
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
    if (this.#closed || this.#dialer.personal) return connection.destroy()
    const waiter = this.#nextWaiter()
    if (waiter) waiter.take(connection)
    else if (this.#idle.length < this.#limits.idle) this.#idle.push(connection)
    else connection.destroy()
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
    this.closed(connection)
  }

  closed(connection: UpstreamConnection): void {
    this.#returned(connection)
    this.#open--
    this.#sweep.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    const waiter = this.#open < this.#limits.connections ? this.#nextWaiter() : undefined
    if (waiter) waiter.take(this.dial(waiter.peer))
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
  }
}

/** What servers of one group have in common, and what makes this one reachable. */
export interface UpstreamParts {
  readonly dialer: Dialer
  readonly timeouts: UpstreamTimeouts
  readonly pool: PoolLimits
  readonly health: Health
  readonly sweep: Sweep
}
