import { type ServerHttp2Session, type ServerHttp2Stream, constants, performServerHandshake } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { ConnectionLog } from '../server/connection-log.ts'
import type { CloseReason } from '../server/events.ts'
import { Http2Exchange, type Http2Owner } from './exchange.ts'
import { readHead } from './head.ts'
import { planHttp2 } from './reply-plan.ts'
import type { Reply } from '../exchange/reply.ts'
import type { Member, ServerCore } from '../server/server-core.ts'
import type { Holding } from '../transport/holding.ts'
import type { Peer } from '../transport/transport.ts'

const { NGHTTP2_NO_ERROR } = constants

/** Requests at a time on one connection: what browsers and proxies expect, and RFC 9113 §6.5.2 asks for at least. */
const concurrentStreams = 100
/** Milliseconds between the announcement of the end and the end, for requests that are on their way. */
const shutdownGrace = 500
/** The highest stream there can be: in a GOAWAY it means that the last one is not decided yet (RFC 9113 §6.8). */
const anyStream = 2 ** 31 - 1

/** An HTTP/2 connection. Node speaks the protocol; this keeps the server's books, deadlines and rules. */
export class Http2Connection implements Member, Http2Owner {
  readonly peer: Peer
  readonly log: ConnectionLog
  turnedAway: boolean = false
  draining: boolean = false
  readonly #core: ServerCore
  readonly #socket: TLSSocket
  readonly #session: ServerHttp2Session
  readonly #exchanges: Set<Http2Exchange> = new Set()
  /** What it is about follows from whether the session is closing. */
  #deadline: number

  constructor(core: ServerCore, socket: TLSSocket, peer: Peer, id: number) {
    this.log = new ConnectionLog(core.server, id)
    this.peer = peer
    this.#core = core
    this.#socket = socket
    this.#deadline = core.clock.after(core.timeouts.head)
    const { headBytes, fields } = core.limits
    this.#session = performServerHandshake(socket, {
      // Some more than allowed are let through, to be answered 431 instead of being cut off.
      maxHeaderListPairs: fields + 16,
      settings: { maxConcurrentStreams: concurrentStreams, maxHeaderListSize: headBytes },
    })
  }

  begin(): void {
    const session = this.#session
    session.on('stream', (stream: ServerHttp2Stream, _headers: unknown, _flags: number, raw: readonly string[]) => {
      this.#onStream(stream, raw)
    })
    session.on('error', (error: NodeJS.ErrnoException) => {
      this.log.because(error.code?.startsWith('ERR_HTTP2') ? 'parse-error' : 'client-gone')
      this.#lose()
    })
    session.on('close', () => this.#closed())
    // A session that waits for what it has written, and was destroyed meanwhile, does not say that it has closed.
    this.#socket.on('close', () => setImmediate(() => this.#closed()))
  }

  get id(): number {
    return this.log.id
  }

  get active(): boolean {
    return this.#exchanges.size > 0
  }

  get moved(): number {
    return this.#socket.bytesRead + this.#socket.bytesWritten
  }

  held(holding: Holding): number {
    let bytes = this.#socket.writableLength
    for (const exchange of this.#exchanges) bytes += exchange.held(holding)
    return bytes
  }

  #onStream(stream: ServerHttp2Stream, raw: readonly string[]): void {
    const core = this.#core
    stream.on('error', ignore)
    if (this.turnedAway) {
      this.#answer(stream, core.overloadReply())
      return this.#leave('overload')
    }
    const head = readHead(core, raw)
    if (typeof head === 'string') {
      this.log.error(this, head, 0)
      return this.#answer(stream, core.parseErrorReply(head))
    }
    if (!this.draining) this.#deadline = 0
    const exchange = new Http2Exchange(core, this, stream, head, ++this.log.requests)
    this.#exchanges.add(exchange)
    exchange.begin(head)
    if (this.log.requests === core.limits.requestsPerConnection) this.#leave('max-requests')
  }

  /** Answers a request that no handler sees. */
  #answer(stream: ServerHttp2Stream, reply: Reply): void {
    const { headers, content } = planHttp2(reply, '')
    stream.respond(headers)
    // Node closes it by itself. Closing what has just been ended makes it spin for good when the session ends meanwhile.
    stream.end(content)
  }

  ended(exchange: Http2Exchange): void {
    this.#exchanges.delete(exchange)
    if (this.#exchanges.size > 0 || this.#deadline !== 0) return
    const { clock, timeouts } = this.#core
    this.#deadline = clock.after(this.#session.closed ? timeouts.linger : timeouts.keepAlive)
    this.log.idle()
  }

  /** No further requests; the connection ends with the last reply. */
  #leave(reason: CloseReason): void {
    this.log.because(reason)
    this.#session.close()
    this.#deadline = this.#exchanges.size > 0 ? 0 : this.#core.clock.after(this.#core.timeouts.linger)
  }

  /** Nothing more can be understood: behind the GOAWAY the connection ends, whatever the client does (RFC 9113 §5.4.1). */
  #lose(): void {
    for (const exchange of this.#exchanges) exchange.lost()
    setImmediate(() => this.#socket.destroySoon())
    this.#deadline = this.#core.clock.after(this.#core.timeouts.linger)
  }

  #closed(): void {
    if (!this.#core.open.has(this)) return
    for (const exchange of this.#exchanges) exchange.lost()
    this.#core.remove(this)
    const { bytesRead, bytesWritten } = this.#socket
    this.log.close(this, bytesRead, bytesWritten)
  }

  onTick(now: number): void {
    for (const exchange of this.#exchanges) exchange.onTick(now)
    if (this.#deadline === 0 || now < this.#deadline) return
    // A session that has said goodbye waits for the client to end the connection, which it need not do.
    if (this.#session.closed || this.#session.destroyed) this.#socket.destroy()
    else if (this.draining) this.#leave('shutdown')
    else this.#leave(this.log.requests === 0 ? 'head-timeout' : 'keep-alive-timeout')
  }

  /** Says that the end is near, and a little later which request was the last. */
  shutdown(): void {
    if (this.#session.closed || this.#session.destroyed) return
    this.draining = true
    this.#session.goaway(NGHTTP2_NO_ERROR, anyStream)
    this.#deadline = this.#core.clock.after(shutdownGrace)
    for (const exchange of this.#exchanges) exchange.shutdown()
  }

  kill(): void {
    this.#cut('shutdown')
  }

  relieve(): void {
    this.#cut('memory')
  }

  #cut(by: 'shutdown' | 'memory'): void {
    this.log.because(by)
    for (const exchange of this.#exchanges) exchange.kill(by)
    this.#session.destroy()
    // The last frames go as far as they can at once.
    setImmediate(() => this.#socket.destroy())
  }
}

function ignore(): void {}
