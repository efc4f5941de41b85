// Server classes that are used like Node's.
import {
  type RequestListener,
  type ServerOptions as HttpOptions,
  IncomingMessage,
  Server as HttpServer,
  ServerResponse,
} from 'node:http'
import { Server as HttpsServer, type ServerOptions as HttpsOptions } from 'node:https'
import type { EventEmitter } from 'node:events'
import { Server as NetServer, type Socket } from 'node:net'
import { Server as TlsServer, type TLSSocket } from 'node:tls'
import { type ServerOptions as SpillwayOptions, printError } from '@spillway/core'
import { Engine, type MessageClasses, type ServerLike } from './engine.ts'
import { captures } from './internals.ts'

/** Our option in addition to Node's: where errors go that the application does not handle itself. */
export interface ErrorOptions extends Pick<SpillwayOptions, 'onError'> {}

export {
  type HttpOptions,
  type HttpServer,
  type HttpsOptions,
  type HttpsServer,
  type RequestListener,
  IncomingMessage,
  ServerResponse,
}

const engine: unique symbol = Symbol('engine')
type Ours = ServerLike & Record<symbol, unknown> & { [engine]: Engine }

interface ServerConstructor {
  new (listener?: RequestListener): HttpServer
  new (options: HttpOptions & ErrorOptions, listener?: RequestListener): HttpServer
  (listener?: RequestListener): HttpServer
  (options: HttpOptions & ErrorOptions, listener?: RequestListener): HttpServer
  readonly prototype: HttpServer
}

interface SecureServerConstructor {
  new (listener?: RequestListener): HttpsServer
  new (options: HttpsOptions & ErrorOptions, listener?: RequestListener): HttpsServer
  (listener?: RequestListener): HttpsServer
  (options: HttpsOptions & ErrorOptions, listener?: RequestListener): HttpsServer
  readonly prototype: HttpsServer
}

type Given = (HttpOptions & ErrorOptions) | RequestListener | null | undefined

function given(
  options: Given,
  listener: RequestListener | undefined,
): [HttpOptions & ErrorOptions, RequestListener | undefined] {
  // Their messages are other classes under the same names: content would be sent before its head.
  if ('Bun' in globalThis || 'Deno' in globalThis)
    throw new Error(
      'A server for node:http programs works only in Node.js, because it relies on classes of its own: use `serve` of @spillway/core, or `toFetch` of @spillway/core/web',
    )
  if (typeof options === 'function') return [{}, options]
  if (options !== null && options !== undefined && typeof options !== 'object')
    throw Object.assign(new TypeError('The options of a server are an object'), { code: 'ERR_INVALID_ARG_TYPE' })
  return [options ?? {}, listener]
}

/**
 * A server that is used like `http.Server` and runs on Spillway: the same methods, properties, events and messages, with our own
 * reading and writing. @throws TypeError and RangeError, like Node's, for invalid options, and Error in runtimes other than Node.js.
 */
export const Server: ServerConstructor = function Server(this: unknown, first: Given, second?: RequestListener) {
  if (!(this instanceof Server)) return Reflect.construct(Server, [first, second])
  const [options, listener] = given(first, second)
  const {
    noDelay = true,
    keepAlive,
    keepAliveInitialDelay,
    highWaterMark,
  } = options as HttpOptions & { highWaterMark?: number }
  ;(NetServer as unknown as (this: unknown, options: object) => void).call(this, {
    allowHalfOpen: true,
    noDelay,
    keepAlive,
    keepAliveInitialDelay,
    highWaterMark,
  })
  return begin(this as unknown as Ours, options, listener, 'connection')
} as unknown as ServerConstructor

/**
 * Like {@link Server}, for `https.Server`: the TLS options are Node's.
 * @throws as Node does for an invalid certificate or key.
 */
export const SecureServer: SecureServerConstructor = function SecureServer(
  this: unknown,
  first: Given,
  second?: RequestListener,
) {
  if (!(this instanceof SecureServer)) return Reflect.construct(SecureServer, [first, second])
  const [options, listener] = given(first, second)
  const { ALPNProtocols, ALPNCallback } = options as HttpsOptions & { ALPNCallback?: unknown }
  // A protocol that nothing here speaks must not be negotiated.
  const alpn = ALPNProtocols || ALPNCallback ? {} : { ALPNProtocols: ['http/1.1'] }
  ;(TlsServer as unknown as (this: unknown, options: object) => void).call(this, { noDelay: true, ...options, ...alpn })
  return begin(this as unknown as Ours, options, listener, 'secureConnection').on('tlsClientError', refuse)
} as unknown as SecureServerConstructor

/** Turns a net or TLS server into ours. */
function begin(
  server: Ours,
  options: HttpOptions & ErrorOptions,
  listener: RequestListener | undefined,
  event: string,
): Ours {
  const { IncomingMessage: Incoming = IncomingMessage, ServerResponse: Outgoing = ServerResponse } = options
  settle(server, options)
  const classes = { IncomingMessage: Incoming, ServerResponse: Outgoing } as unknown as MessageClasses
  server[engine] = new Engine(server, classes, options)
  // A rejection of a listener is an error of its request, like an exception.
  server[captures] = true
  if (listener) server.on('request', listener)
  server.on(event, (socket: Socket) => server[engine].accept(socket))
  return server.on('close', () => server[engine].closed())
}

/** The handshake failed. */
function refuse(this: HttpsServer, error: Error, socket: TLSSocket): void {
  if (!this.emit('clientError', error, socket)) socket.destroy(error)
}

/** Sets timeouts and counts, with Node's defaults. */
function settle(server: ServerLike, options: HttpOptions): void {
  const number = (name: string, fallback: number): number => {
    const value = (options as Record<string, unknown>)[name] ?? fallback
    if (typeof value !== 'number')
      throw Object.assign(new TypeError(`The "${name}" argument must be of type number`), {
        code: 'ERR_INVALID_ARG_TYPE',
      })
    if (!Number.isInteger(value) || value < 0)
      throw Object.assign(new RangeError(`The value of "${name}" is out of range: ${value}`), {
        code: 'ERR_OUT_OF_RANGE',
      })
    return value
  }
  const flag = (name: string): boolean | undefined => {
    const value = (options as Record<string, unknown>)[name]
    if (value === undefined || typeof value === 'boolean') return value
    throw Object.assign(new TypeError(`The "${name}" argument must be of type boolean`), {
      code: 'ERR_INVALID_ARG_TYPE',
    })
  }
  server.requestTimeout = number('requestTimeout', 300_000)
  server.headersTimeout = number('headersTimeout', Math.min(60_000, server.requestTimeout || 60_000))
  if (server.requestTimeout > 0 && server.headersTimeout > server.requestTimeout)
    throw Object.assign(new RangeError('The value of "headersTimeout" is out of range: it is at most requestTimeout'), {
      code: 'ERR_OUT_OF_RANGE',
    })
  server.keepAliveTimeout = number('keepAliveTimeout', 5_000)
  server.maxHeaderSize = options.maxHeaderSize === undefined ? undefined : number('maxHeaderSize', 0)
  number('connectionsCheckingInterval', 0)
  for (const name of ['insecureHTTPParser', 'requireHostHeader']) flag(name)
  server.joinDuplicateHeaders = flag('joinDuplicateHeaders')
  server.rejectNonStandardBodyWrites = flag('rejectNonStandardBodyWrites') ?? false
  server.timeout = 0
  server.maxHeadersCount = null
  server.maxRequestsPerSocket = 0
  server.httpAllowHalfOpen = false
}

/** Our members, for both kinds of servers. */
const members = (Net: typeof NetServer) => ({
  emit(this: Ours, name: string, ...args: unknown[]): boolean {
    if (name === 'connection' && Net === NetServer) args[0] = Engine.taken(this, args[0] as Socket)
    return (Net.prototype as EventEmitter).emit.call(this, name, ...args)
  },
  close(this: Ours, done?: (error?: Error) => void): Ours {
    this[engine].shutdown()
    Net.prototype.close.call(this, done)
    return this
  },
  closeAllConnections(this: Ours): void {
    this[engine].closeAll()
  },
  closeIdleConnections(this: Ours): void {
    this[engine].closeIdle()
  },
  setTimeout(this: Ours, ms: number | (() => void), callback?: () => void): Ours {
    if (typeof ms === 'function') return this.on('timeout', ms)
    this.timeout = ms
    return callback ? this.on('timeout', callback) : this
  },
  [Symbol.asyncDispose](this: Ours): Promise<void> {
    return new Promise((resolve, reject) => this.close((error) => (error ? reject(error) : resolve())))
  },
  /** A rejection of one of the server's listeners: an error of the request, or of the connection where there is no response. */
  [Symbol.for('nodejs.rejection')](this: Ours, error: unknown, event: string, ...args: readonly unknown[]) {
    const response = args[1] as Record<symbol, (error: unknown) => void> | undefined
    const failed = response?.[Symbol.for('nodejs.rejection')]
    if (event === 'upgrade' || event === 'connect' || !failed) printError(`a listener of ${event}`, error)
    failed?.call(response, error)
  },
})

for (const [Ours, Theirs, Net] of [
  [Server, HttpServer, NetServer],
  [SecureServer, HttpsServer, TlsServer],
] as const) {
  // Code that checks with `instanceof` wants to know what the server can do.
  Object.setPrototypeOf(Ours.prototype, Theirs.prototype)
  Object.setPrototypeOf(Ours, Theirs)
  Object.defineProperty(Ours, 'name', { value: Theirs.name, configurable: true })
  const own: Record<string | symbol, unknown> = members(Net)
  for (const key of Reflect.ownKeys(own))
    Object.defineProperty(Ours.prototype, key, { value: own[key], configurable: true, writable: true })
}
