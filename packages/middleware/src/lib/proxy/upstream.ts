import type { Peer } from '@spillway/core'
import type { UpstreamAddress } from './address.ts'
import { fnv1a } from './balance.ts'
import { type ConnectionOwner, UpstreamConnection, type UpstreamTimeouts } from './connection.ts'
import type { Dialer } from './dial.ts'
import { UpstreamError } from './errors.ts'
import type { Health } from './health.ts'
import type { Sweep, Swept } from './sweep.ts'

/** Most connections to one server. */
export interface PoolLimits {
  /** At a time. Default: 512. */
  readonly connections: number
  /** Kept open without an exchange. Default: 128. */
  readonly idle: number
  /** Requests that wait for a connection when all are taken; one more is answered 503. Default: 512. */
  readonly waiting: number
}

export const defaultPool: PoolLimits = { connections: 512, idle: 128, waiting: 512 }

/** A request that waits for a connection. */
interface Waiter extends Swept {
  readonly peer: Peer
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
   * @param fresh whether it must not have been used before.
   * @throws UpstreamError when too many wait already, or none becomes free in time.
   */
  acquire(peer: Peer, fresh: boolean): UpstreamConnection | Promise<UpstreamConnection> {
    if (fresh) {
      // The kept ones are of the same age as the one that failed.
      for (const connection of this.#idle.splice(0)) connection.destroy()
    }
    for (let kept = this.#idle.pop(); kept; kept = this.#idle.pop()) {
      if (kept.usable) return kept
      kept.destroy()
    }
    if (this.#open < this.#limits.connections) return this.dial(peer)
    if (this.#waiting.length >= this.#limits.waiting)
      throw new UpstreamError('busy', this.url, 'all connections are taken')
    return this.#wait(peer)
  }

  /** Opens a connection. @param peer for whom it speaks; undefined for a health check. */
  dial(peer: Peer | undefined): UpstreamConnection {
    this.#open++
    const connection = new UpstreamConnection(this, (ready) => this.#dialer.dial(ready, peer))
    this.#sweep.add(connection)
    return connection
  }

  #wait(peer: Peer): Promise<UpstreamConnection> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + (this.timeouts.connect || Infinity)
      const leave = (): void => {
        this.#sweep.delete(waiter)
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
      }
      const waiter: Waiter = {
        peer,
        take: (connection) => {
          leave()
          resolve(connection)
        },
        tick: (now) => {
          if (now < deadline) return
          leave()
          reject(new UpstreamError('busy', this.url, 'no connection became free in time'))
        },
      }
      this.#waiting.push(waiter)
      this.#sweep.add(waiter)
    })
  }

  released(connection: UpstreamConnection): void {
    if (this.#closed || this.#dialer.personal) return connection.destroy()
    const waiter = this.#waiting[0]
    if (waiter) waiter.take(connection)
    else if (this.#idle.length < this.#limits.idle) this.#idle.push(connection)
    else connection.destroy()
  }

  closed(connection: UpstreamConnection): void {
    this.#open--
    this.#sweep.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    const waiter = this.#waiting[0]
    if (waiter && this.#open < this.#limits.connections) waiter.take(this.dial(waiter.peer))
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
