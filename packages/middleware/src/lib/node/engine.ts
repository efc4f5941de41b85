// The engine of servers with Node's interface.
import { channel } from 'node:diagnostics_channel'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import {
  type Context,
  HttpError,
  type Limits,
  type Reply,
  type Server as SpillwayServer,
  type ServerOptions,
  type Timeouts,
} from '@spillway/core'
import { NodeTransport, ServerCore, accept, handedOver, lending, tellsItself } from '@spillway/core/sockets'
import { hasToken } from '@spillway/parser/fields'
import { Expectation, type ParseErrorCode } from '@spillway/parser'
import { type Fault, hearsClientErrors, parseError, requestTimeoutError, tellClientError } from './client-errors.ts'
import { ownerOf } from './failures.ts'
import type { Incoming, Outgoing } from './internals.ts'
import { RequestSide } from './request.ts'
import { ResponseSide } from './response.ts'
import { SocketPeer, wake } from './socket.ts'

/** Classes of messages, which may be the application's own. */
export interface MessageClasses {
  readonly IncomingMessage: new (socket: Socket) => Incoming
  readonly ServerResponse: new (request: Incoming, options?: object) => Outgoing
}

/** The properties of a Node-style server, which may change at any time. */
export interface Settings {
  keepAliveTimeout: number
  headersTimeout: number
  requestTimeout: number
  timeout: number
  maxHeadersCount: number | null
  maxRequestsPerSocket: number
  maxHeaderSize: number | undefined
  httpAllowHalfOpen: boolean
  joinDuplicateHeaders: boolean | undefined
  rejectNonStandardBodyWrites: boolean
}

export type ServerLike = NetServer & Settings

/** What cannot change later. */
export interface EngineOptions extends Pick<ServerOptions, 'onError'> {
  readonly uniqueHeaders?: unknown
}

/** A socket while we serve it. */
type Served = Socket & { server?: unknown; _server?: unknown; _httpMessage?: Outgoing | null; [requests]: number }
const requests: unique symbol = Symbol('requests')

/** The channels on which Node tells tracers about requests and responses. */
const started = channel('http.server.request.start')
const finished = channel('http.server.response.finish')

/** Milliseconds, about 25 days: a timer that is told to wait longer would not wait at all. */
const mostMs = 2 ** 31 - 1

/** Serves the connections of a server of Node's kind: core reads and writes, the server's events say what comes. */
export class Engine {
  readonly #server: ServerLike
  readonly #classes: MessageClasses
  readonly #onError: ServerOptions['onError']
  readonly #facade: SpillwayServer
  /** Names in lower case of fields that are sent in one line. */
  readonly #unique: ReadonlySet<string> | undefined
  /** What responses are made with. */
  readonly #outgoing: object
  /** The core for new connections comes first; others may still have connections. */
  #cores: EventCore[] = []
  #said = ''

  constructor(server: ServerLike, classes: MessageClasses, { onError, uniqueHeaders }: EngineOptions) {
    this.#server = server
    this.#classes = classes
    this.#onError = onError
    if (Array.isArray(uniqueHeaders)) this.#unique = new Set(uniqueHeaders.map((name) => String(name).toLowerCase()))
    this.#outgoing = {
      get highWaterMark() {
        return (server as { readonly highWaterMark?: number }).highWaterMark
      },
      get rejectNonStandardBodyWrites() {
        return server.rejectNonStandardBodyWrites
      },
    }
    this.#facade = facadeOf(server, () => this.stats)
  }

  /** The socket that the application gets in place of the accepted one. */
  static taken(server: NetServer, accepted: Socket): Socket {
    const before = accepted as Served
    if (before._server !== server || accepted.bytesRead > 0) return accepted
    const socket = lending(accepted) as Served
    if (socket === accepted) return accepted
    socket.server = server
    socket._server = server
    before._server = null
    return socket
  }

  accept(socket: Socket): void {
    const server = this.#server
    const served = socket as Served
    served.server = server
    served[requests] = 0
    if (server.timeout > 0) socket.setTimeout(server.timeout)
    const core = this.#core()
    const { transport } = new SocketPeer(socket)
    accept(core, transport)
    socket.destroy = destroy
    socket.on('timeout', onTimeout).on('error', tellError).on('end', onEnd)
  }

  get stats(): SpillwayServer['stats'] {
    const all = this.#cores.map((core) => core.stats)
    return { open: sum(all.map(({ open }) => open)), active: sum(all.map(({ active }) => active)) }
  }

  /** The settings may have changed: existing connections keep theirs. */
  #core(): EventCore {
    const { limits, timeouts } = this.#options()
    const said = JSON.stringify([limits, timeouts])
    if (said !== this.#said || this.#cores.length === 0) {
      this.#said = said
      const onError = this.#onError && { onError: this.#onError }
      this.#cores = this.#cores.filter(({ open }) => open.size > 0)
      const core = new EventCore(this.#server, this.#facade, (c) => this.#answer(c), { limits, timeouts, ...onError })
      this.#cores.unshift(core)
    }
    const core = this.#cores[0]!
    core.clock.start()
    return core
  }

  #options(): { limits: Partial<Limits>; timeouts: Partial<Timeouts> } {
    const { keepAliveTimeout, headersTimeout, requestTimeout } = this.#server
    const { maxHeadersCount, maxHeaderSize, maxRequestsPerSocket } = this.#server
    return {
      limits: {
        // Applications set their own limits, as node:http has none.
        bodyBytes: Infinity,
        ...(maxHeadersCount && maxHeadersCount > 0 && { fields: maxHeadersCount }),
        ...(maxHeaderSize && { headBytes: maxHeaderSize }),
        ...(maxRequestsPerSocket > 0 && { requestsPerConnection: maxRequestsPerSocket }),
      },
      // A head is a part of its request. 0 is none.
      timeouts: { keepAlive: keepAliveTimeout, head: Math.min(headersTimeout || Infinity, requestTimeout || Infinity) },
    }
  }

  #answer(c: Context): Reply | Promise<Reply> {
    const server = this.#server
    const { socket, transport } = c.peer as SocketPeer
    const count = ++(socket as Served)[requests]
    if (count > 1) wake(socket, server.timeout)
    const isConnect = c.method === 'CONNECT'
    if (isConnect || (server.listenerCount('upgrade') > 0 && asksUpgrade(c))) {
      const event = isConnect ? 'connect' : 'upgrade'
      return handedOver((_, head) => {
        if (server.listenerCount(event) === 0) return socket.destroy()
        const request = this.#request(c, socket)
        const { message } = request
        message.upgrade = true
        request.passed()
        released(transport, socket)
        return server.emit(event, message, socket, Buffer.from(head.buffer, head.byteOffset, head.length))
      })
    }
    const request = this.#request(c, socket)
    const { message: req } = request
    const res = new this.#classes.ServerResponse(req, this.#outgoing)
    const response = new ResponseSide(c, res, request, this.#unique)
    const { maxRequestsPerSocket: most } = server
    if (most > 0 && count >= most) res.maxRequestsOnConnectionReached = true
    if (started.hasSubscribers) started.publish({ request: req, response: res, socket, server })
    if (finished.hasSubscribers)
      res.once('finish', () => finished.publish({ request: req, response: res, socket, server }))
    this.#limit(c, request, response)
    return response.answer(() => server.emit(this.#eventOf(c), req, res))
  }

  #request(c: Context, socket: Socket): RequestSide {
    const message = new this.#classes.IncomingMessage(socket)
    if (this.#server.joinDuplicateHeaders) message.joinDuplicateHeaders = true
    return new RequestSide(c, message, c.target, (c as { readonly contentLength?: number | null }).contentLength)
  }

  /** A request is complete within `requestTimeout`, as far as that is its client's affair: content that nobody waits for may come later. */
  #limit(c: Context, request: RequestSide, response: ResponseSide): void {
    const { requestTimeout: ms } = this.#server
    if (!(ms > 0 && ms <= mostMs && request.hasContent)) return
    const clock = setInterval(() => {
      if (!request.isAwaited) return
      clearInterval(clock)
      this.#expire(request, response)
    }, ms).unref()
    c.done(() => clearInterval(clock))
  }

  #expire(request: RequestSide, response: ResponseSide): void {
    const { socket } = request.message
    if (tellClientError(this.#server, requestTimeoutError(), socket)) return
    if (response.isBegun) socket.destroy()
    else {
      const late = new HttpError(408, 'The request took too long')
      // What is left of its content is read no more.
      late.headers.set('Connection', 'close')
      response.failed(late)
      request.gone()
    }
  }

  #eventOf(c: Context): string {
    const server = this.#server
    if (server.listenerCount('checkContinue') === 0 && server.listenerCount('checkExpectation') === 0) return 'request'
    const expect = c.headers.get('expect')
    if (expect === null) return 'request'
    const event = /^100-continue$/i.test(expect) ? 'checkContinue' : 'checkExpectation'
    return server.listenerCount(event) > 0 ? event : 'request'
  }

  /** Ends the connections that are waiting for another request. */
  closeIdle(): void {
    for (const { peer, active } of this.#members())
      if (!active && (peer.socket as Served)[requests] > 0) peer.socket.destroy()
  }

  /** Ends every connection that is still HTTP. */
  closeAll(): void {
    for (const { peer } of this.#members()) if (!peer.transport.isReleased) peer.socket.destroy()
  }

  /** Accepts no more: what is under way is finished, and idle connections are ended. */
  shutdown(): void {
    this.closeIdle()
    for (const core of this.#cores) for (const member of core.open) member.shutdown()
  }

  closed(): void {
    for (const core of this.#cores) core.clock.stop()
    this.#cores = []
  }

  #members(): { readonly peer: SocketPeer; readonly active: boolean }[] {
    return this.#cores.flatMap((core) => [...core.open] as unknown as { peer: SocketPeer; active: boolean }[])
  }
}

/** Stands for a Spillway server, which this one is not: for events, and for those who observe them. */
function facadeOf(server: ServerLike, stats: () => SpillwayServer['stats']): SpillwayServer {
  const at = (): AddressInfo | undefined => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address : undefined
  }
  const close = (): Promise<unknown> => new Promise((resolve) => server.close(resolve))
  const facade: SpillwayServer = {
    get url() {
      const { family, address, port } = at() ?? {}
      return port === undefined ? '' : `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
    },
    get port() {
      return at()?.port ?? 0
    },
    get closing() {
      return !server.listening
    },
    get stats() {
      return stats()
    },
    // Sockets arrive through its 'connection' event.
    accept: (transport) => transport.destroy(),
    listen: () => Promise.reject(new Error('It listens by its own `listen`')),
    close: () => close().then(() => ({ drained: 0, killed: 0 })),
    ref: () => (server.ref(), facade),
    unref: () => (server.unref(), facade),
    [Symbol.asyncDispose]: () => close().then(() => {}),
  }
  return facade
}

/** Reports to a Node-style server, by events that have listeners, what core would decide itself. */
class EventCore extends ServerCore {
  readonly #events: NetServer

  constructor(
    events: NetServer,
    server: SpillwayServer,
    handler: (c: Context) => Reply | Promise<Reply>,
    options: ServerOptions,
  ) {
    super(server, handler, options)
    tellsItself(server)
    this.#events = events
  }

  override begin(...[context, expectation, target, log, headBytes]: Parameters<ServerCore['begin']>): void {
    const asked = this.#events.listenerCount('checkExpectation') > 0
    super.begin(context, asked ? Expectation.None : expectation, target, log, headBytes)
  }

  override opened(member: Parameters<ServerCore['opened']>[0]): void {
    ;(member.peer as SocketPeer).connection = member as { readonly receiving?: boolean }
    super.opened(member)
  }

  override parseErrorReply(code: ParseErrorCode, client: { readonly peer: SocketPeer }, rest: number): Reply {
    const fault = faultOf(client.peer, rest)
    return this.#refused(client, () => parseError(code, fault)) ?? super.parseErrorReply(code, client, rest)
  }

  override contentInvalid(code: ParseErrorCode, { peer }: { readonly peer: SocketPeer }, rest: number): void {
    if (hearsClientErrors(this.#events))
      tellClientError(this.#events, parseError(code, faultOf(peer, rest)), peer.socket)
  }

  override timeoutReply(method: string, client: { readonly peer: SocketPeer }): Reply {
    return this.#refused(client, requestTimeoutError) ?? super.timeoutReply(method, client)
  }

  #refused({ peer }: { readonly peer: SocketPeer }, error: () => Error): Reply | undefined {
    if (!hearsClientErrors(this.#events)) return undefined
    return handedOver(() => {
      const { socket, transport } = peer
      released(transport, socket)
      tellClientError(this.#events, error(), socket)
      socket.resume()
    })
  }
}

/** @param rest how many of the bytes that core is looking at are not valid, or come after those. */
function faultOf({ arriving }: SocketPeer, rest: number): Fault {
  return { rawPacket: arriving && Buffer.from(arriving), bytesParsed: Math.max(0, (arriving?.length ?? 0) - rest) }
}

/** Hands the socket over to the application. */
function released(transport: NodeTransport, socket: Socket): void {
  socket.off('timeout', onTimeout).off('error', tellError).off('end', onEnd)
  socket.destroy = Object.getPrototypeOf(socket).destroy as Socket['destroy']
  transport.release()
}

/** Whether a request asks for another protocol (RFC 9110 §7.8). */
function asksUpgrade({ headers, httpVersion }: Context): boolean {
  return httpVersion === '1.1' && headers.has('upgrade') && hasToken(headers.get('connection') ?? '', 'upgrade')
}

function onTimeout(this: Served): void {
  const res = this._httpMessage
  const req = res?.req
  const isHeard = [
    req && !req.complete && req.emit('timeout', this),
    res?.emit('timeout', this),
    (this.server as NetServer).emit('timeout', this),
  ].some(Boolean)
  if (!isHeard) this.destroy()
}

/** Code that ends a reply and then destroys the socket expects the reply to be sent: with Node it would have been sent by then. */
function destroy(this: Served, error?: Error): Served {
  const whenever = Object.getPrototypeOf(this).destroy as (this: Served, error?: Error) => Served
  const response = this._httpMessage && ownerOf<ResponseSide>(this._httpMessage)
  if (response?.isLeaving) setImmediate(() => whenever.call(this, error))
  else whenever.call(this, error)
  return this
}

function tellError(this: Served, error: Error): void {
  tellClientError(this.server as NetServer, error, this)
}

/** For Node applications, a client that has ended its side has left. */
function onEnd(this: Served): void {
  if (!(this.server as ServerLike).httpAllowHalfOpen) this.end()
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((before, number) => before + number, 0)
}
