// An HTTP/2 connection to an upstream server, which many requests share.
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { NodeTransport } from '@spillway/core'
import { type ClientStream, Http2Client, type Http2ClientOwner, type ResponseSink } from '@spillway/core/http2'
import type { UpstreamAddress } from './address.ts'
import type { UpstreamTimeouts } from './connection.ts'
import { UpstreamError } from './errors.ts'
import { deadlineIn } from './exchange.ts'
import { type OutgoingHead, headFields } from './request-head.ts'
import { SessionExchange } from './session-exchange.ts'
import type { Swept } from './sweep.ts'

/** Exchanges on one connection at a time, unless the server wants fewer. */
export const mostStreams = 100
/** Bytes of a response that may be in transit before any are passed on. */
const streamWindow = 256 * 1024
/** As many for all of them together: a client that does not read its response holds up no other. */
const connectionWindow = mostStreams * streamWindow

/** The owner of a session. */
export interface SessionOwner {
  readonly url: string
  readonly address: UpstreamAddress
  readonly timeouts: UpstreamTimeouts
  /** The server does not speak HTTP/2 (ALPN, RFC 7301). */
  speaksHttp1(): void
  /** How many exchanges a connection is expected to take at a time. */
  readonly streams: number
  /** The server has said whether WebSockets can be streams (RFC 8441 §3), and how many streams it allows at a time. */
  learned(takesConnect: boolean, streams: number): void
  /** An exchange is over, or has become a tunnel. */
  left(exchange: SessionExchange): void
  /** More exchanges may begin. */
  changed(): void
  closed(session: UpstreamSession): void
}

// decision 056
/** An HTTP/2 connection to an upstream server, shared by many exchanges. */
export class UpstreamSession implements Swept, Http2ClientOwner {
  /** When it was opened, by `performance.now()`. */
  readonly since: number = performance.now()
  readonly #owner: SessionOwner
  readonly #socket: Socket
  readonly #exchanges: Set<SessionExchange> = new Set()
  #client: Http2Client | undefined
  #phase: 'connecting' | 'open' | 'closed' = 'connecting'
  /** Those waiting to hear that the connection is established, or never will be. */
  #waiting: ((error?: UpstreamError) => void)[] = []
  #error: Error | undefined
  #isGone = false
  /** For establishing the connection, for the next exchange, or for an answer that shows that the server is still there. */
  #deadline: number
  #before = performance.now()

  readonly #isShared: boolean

  /**
   * @param isShared whether it is kept for further exchanges.
   * @param dial opens the socket and calls back when it accepts bytes.
   */
  constructor(owner: SessionOwner, isShared: boolean, dial: (ready: () => void) => Socket) {
    this.#owner = owner
    this.#isShared = isShared
    this.#deadline = deadlineIn(owner.timeouts.connect)
    this.#socket = dial(() => this.#dialed())
    this.#socket.on('error', (error) => {
      this.#error ??= error
    })
    this.#socket.on('close', () => this.#gone('connect', this.#error?.message ?? 'closed'))
  }

  get url(): string {
    return this.#owner.url
  }

  get timeouts(): UpstreamTimeouts {
    return this.#owner.timeouts
  }

  get connecting(): boolean {
    return this.#phase === 'connecting'
  }

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return this.#phase === 'open' && this.#exchanges.size === 0 && this.#client!.active === 0
  }

  /** How many more exchanges may begin. */
  get room(): number {
    if (this.#phase === 'connecting') return this.#owner.streams - this.#exchanges.size
    let room = this.canBegin ? this.#client!.available : 0
    for (const { isWaiting } of this.#exchanges) if (isWaiting) room--
    return room
  }

  /** Whether the next request can be sent now. */
  get canBegin(): boolean {
    return this.#phase === 'open' && this.#client!.available > 0
  }

  get canConnect(): boolean {
    return this.#client?.canConnect === true
  }

  /** Reserves a place for one exchange. @param isTunnel whether it is to become a tunnel. */
  begin(isTunnel: boolean): SessionExchange {
    const exchange = new SessionExchange(this, isTunnel)
    this.#exchanges.add(exchange)
    if (this.#phase === 'open') this.#deadline = 0
    return exchange
  }

  /** Resolves when the server has announced its limits. @throws UpstreamError when it never will. */
  connected(): Promise<void> {
    if (this.#phase !== 'connecting') return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push((error) => (error ? reject(error) : resolve()))
    })
  }

  request(head: OutgoingHead, ends: boolean, sink: ResponseSink): ClientStream {
    return this.#client!.request(headFields(head, this.#owner.address.secure), ends, sink)
  }

  /** A response did not come in time: if nothing at all arrives now, the server is gone. */
  probe(): void {
    if (this.#phase !== 'open' || this.#client!.isProbed) return
    this.#client!.probe()
    this.#deadline = deadlineIn(this.#owner.timeouts.connect)
  }

  left(exchange: SessionExchange): void {
    this.#exchanges.delete(exchange)
    if (!this.#isShared) this.close()
    else if (this.isIdle) this.#deadline = deadlineIn(this.#owner.timeouts.keepAlive)
    this.#owner.left(exchange)
  }

  /** Starts no more exchanges, and ends with the last one. */
  close(): void {
    if (this.#client) this.#client.close()
    else this.#socket.destroy()
  }

  destroy(): void {
    if (this.#client) this.#client.destroy()
    else this.#socket.destroy()
  }

  #dialed(): void {
    const { alpnProtocol } = this.#socket as Partial<TLSSocket>
    if (alpnProtocol !== undefined && alpnProtocol !== 'h2') {
      this.#owner.speaksHttp1()
      this.#phase = 'closed'
      this.#settle()
      this.#socket.destroy()
      return
    }
    const limits = { streamWindow, connectionWindow }
    this.#client = new Http2Client(new NodeTransport(this.#socket), this, limits)
  }

  onChange(): void {
    const { canConnect } = this.#client!
    if (this.#phase === 'connecting') {
      if (canConnect === undefined) return
      this.#phase = 'open'
      this.#deadline = 0
      this.#owner.learned(canConnect, this.#client!.available)
      this.#settle()
    }
    if (this.isIdle && this.#deadline === 0) this.#deadline = deadlineIn(this.#owner.timeouts.keepAlive)
    this.#owner.changed()
  }

  onClose(error?: Error): void {
    this.#gone('connect', error?.message ?? 'closed')
  }

  #settle(error?: UpstreamError): void {
    for (const settle of this.#waiting.splice(0)) settle(error)
  }

  #gone(kind: 'connect' | 'connect-timeout', message: string): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#phase = 'closed'
    this.#deadline = 0
    const error = new UpstreamError(kind, this.#owner.url, message, this.#error)
    this.#settle(error)
    // Exchanges that are under way are told through their streams.
    for (const exchange of this.#exchanges) if (exchange.isWaiting) exchange.cancel(error)
    this.#socket.destroy()
    this.#owner.closed(this)
  }

  tick(now: number): void {
    this.#client?.tick(now - this.#before)
    this.#before = now
    for (const exchange of this.#exchanges) exchange.tick(now)
    if (this.#deadline === 0 || now < this.#deadline) return
    if (this.#phase === 'connecting') this.#gone('connect-timeout', 'no connection in time')
    else if (this.#client!.isProbed) this.destroy()
    else if (this.isIdle) this.close()
    else this.#deadline = 0
  }
}
