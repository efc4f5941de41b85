// Connections to a FastCGI application, and the requests that wait for one.
import { type Socket, connect } from 'node:net'
import { HttpError } from '@spillway/core'
import type { ScriptErrors } from '../cgi/script-errors.ts'
import { FastCgiExchange } from './exchange.ts'

/** Where an application listens: a unix socket, or a port. Host default: 127.0.0.1. */
export type FastCgiAddress = { readonly path: string } | { readonly host?: string; readonly port: number }

/** Limits of a pool. */
export interface PoolLimits {
  /** Connections at the same time. */
  readonly connections: number
  /** Requests that may wait for one of them. */
  readonly waiting: number
  /** Milliseconds to get a connection, including the wait for a free one. */
  readonly connectTimeout: number
  /** Milliseconds for which a connection without a request is kept. */
  readonly idleTimeout: number
  /** Milliseconds for which the application may stay silent. */
  readonly timeout: number
}

/** A connection for one exchange, until that is over. */
export interface Lease {
  /** Whether it has served a request before: then the application may have closed it at the same moment. */
  readonly reused: boolean
  /** Gives it back unused. */
  cancel(): void
  begin(head: Uint8Array, errors: ScriptErrors): FastCgiExchange
}

/** A request in the queue. If it is not given a connection, it gets a place in which to open one. */
interface Waiter {
  take(connection: Connection | undefined): void
}

// decision 023
/** Connections to one application, each of which serves one request after the other. */
export class Pool {
  readonly #address: FastCgiAddress
  readonly #limits: PoolLimits
  readonly #idle: Connection[] = []
  readonly #waiting: Set<Waiter> = new Set()
  #open = 0

  constructor(address: FastCgiAddress, limits: PoolLimits) {
    this.#address = address
    this.#limits = limits
  }

  /**
   * Gets a connection: an idle one, a new one, or the next to be given back.
   * @param signal ends the wait.
   * @throws HttpError 503 when too many requests wait already or none was free in time, 504 when the application does not accept in
   * time, 502 when it cannot be reached; or the reason of `signal`.
   */
  async lease(signal: AbortSignal): Promise<Lease> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) if (!idle.closed) return idle
    if (this.#open >= this.#limits.connections) return (await this.#wait(signal)) ?? this.#connect()
    this.#open++
    return this.#connect()
  }

  #wait(signal: AbortSignal): Promise<Connection | undefined> {
    const { waiting, connectTimeout } = this.#limits
    if (this.#waiting.size >= waiting) throw busy()
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#waiting.delete(waiter)
        clearTimeout(timer)
        signal.removeEventListener('abort', aborted)
      }
      const aborted = (): void => {
        done()
        reject(signal.reason as Error)
      }
      const waiter: Waiter = {
        take: (connection) => {
          done()
          resolve(connection)
        },
      }
      const timer = setTimeout(() => {
        done()
        reject(busy())
      }, connectTimeout)
      this.#waiting.add(waiter)
      signal.addEventListener('abort', aborted)
      if (signal.aborted) aborted()
    })
  }

  /** Opens a connection in a place that is already reserved. */
  async #connect(): Promise<Connection> {
    try {
      const socket = await opened(this.#address, this.#limits.connectTimeout)
      return new Connection(socket, this.#limits, this)
    } catch (error) {
      this.#freed()
      throw error
    }
  }

  /** A connection can be reused. */
  give(connection: Connection): void {
    const [waiter] = this.#waiting
    if (waiter) waiter.take(connection)
    else this.#idle.push(connection)
  }

  /** A connection has ended. */
  gone(connection: Connection): void {
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#freed()
  }

  /** A place is free: the next request in the queue gets it. */
  #freed(): void {
    const [waiter] = this.#waiting
    if (waiter) waiter.take(undefined)
    else this.#open--
  }
}

class Connection implements Lease {
  reused = false
  readonly #socket: Socket
  readonly #limits: PoolLimits
  readonly #pool: Pool
  #exchange: FastCgiExchange | undefined
  #idleTimer: NodeJS.Timeout | undefined

  constructor(socket: Socket, limits: PoolLimits, pool: Pool) {
    this.#socket = socket
    this.#limits = limits
    this.#pool = pool
    socket.on('data', (bytes: Uint8Array) => {
      if (this.#exchange) this.#exchange.receive(bytes)
      // Unexpected bytes: no request is under way.
      else socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(this.#idleTimer)
      this.#exchange?.close()
      this.#pool.gone(this)
    })
  }

  get closed(): boolean {
    return this.#socket.destroyed
  }

  begin(head: Uint8Array, errors: ScriptErrors): FastCgiExchange {
    clearTimeout(this.#idleTimer)
    this.#socket.ref()
    const exchange = new FastCgiExchange(this.#socket, this.#limits.timeout, errors, (reusable) => this.#over(reusable))
    this.#exchange = exchange
    this.#socket.write(head)
    return exchange
  }

  cancel(): void {
    this.#keep()
  }

  #over(reusable: boolean): void {
    this.reused = true
    // Bytes that arrived together with the end still belong to the exchange.
    setImmediate(() => {
      this.#exchange = undefined
      if (this.#socket.destroyed) return
      if (reusable) this.#keep()
      else this.#socket.destroy()
    })
  }

  /** An idle connection does not keep the process alive. */
  #keep(): void {
    this.#socket.resume()
    this.#socket.unref()
    this.#idleTimer = setTimeout(() => this.#socket.destroy(), this.#limits.idleTimeout).unref()
    this.#pool.give(this)
  }
}

function opened(address: FastCgiAddress, timeout: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect('path' in address ? address : { host: '127.0.0.1', ...address })
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new HttpError(504, 'The application does not accept connections'))
    }, timeout)
    socket.setNoDelay(true)
    socket.once('error', (cause) => {
      clearTimeout(timer)
      reject(new HttpError(502, 'The application cannot be reached', { cause }))
    })
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}

function busy(): HttpError {
  const error = new HttpError(503, 'The application has too much to do')
  error.headers.set('Retry-After', '1')
  return error
}
