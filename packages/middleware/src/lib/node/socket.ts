// The socket that an application of Node sees.
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { type Context, type Peer, ignore, normalAddress } from '@spillway/core'
import type { NodeTransport } from '@spillway/core/sockets'
import { HeardTransport } from './heard.ts'

/** The client at the other end of a socket, including the socket, which is given to the application. */
export class SocketPeer implements Peer {
  readonly socket: Socket
  readonly transport: NodeTransport
  readonly address: string
  readonly port: number
  readonly secure: boolean
  /** The bytes that core is looking at. */
  arriving: Uint8Array | undefined = undefined
  /** Its connection, once that is open. */
  connection: { readonly receiving?: boolean } | undefined = undefined

  constructor(socket: Socket) {
    this.socket = socket
    this.address = normalAddress(socket.remoteAddress ?? '') ?? ''
    this.port = socket.remotePort ?? 0
    this.secure = (socket as Partial<TLSSocket>).encrypted === true
    this.transport = new HeardTransport(socket, this)
  }

  /** Whether a message has begun to arrive whose end has not. */
  get isReceiving(): boolean {
    return this.connection?.receiving === true
  }

  get alpn(): string | undefined {
    return (this.socket as Partial<TLSSocket>).alpnProtocol || undefined
  }

  get servername(): string | undefined {
    return (this.socket as { readonly servername?: string | false }).servername || undefined
  }

  get certificate(): X509Certificate | undefined {
    const socket = this.socket as TLSSocket
    return this.secure && socket.authorized ? socket.getPeerX509Certificate() : undefined
  }
}

const slept: unique symbol = Symbol('slept')

/** The reply is over: until the next request it is the server that decides how long the connection is kept, not a timeout of the socket. */
export function sleep(socket: Socket): void {
  if (!socket.timeout || !((socket as { server?: { keepAliveTimeout?: number } }).server?.keepAliveTimeout ?? 0)) return
  socket.setTimeout(0)
  ;(socket as { [slept]?: boolean })[slept] = true
}

/** Another request has come. @param ms of silence that the server allows. */
export function wake(socket: Socket, ms: number): void {
  if (!(socket as { [slept]?: boolean })[slept]) return
  socket.setTimeout(ms)
  ;(socket as { [slept]?: boolean })[slept] = false
}

/**
 * Stands in for the socket of an exchange that has none of its own to give away, such as an HTTP/2 stream, or a connection whose socket
 * core reads. It has what is known about the client; destroying it cuts the exchange.
 */
export class StandInSocket extends Duplex {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly remoteFamily: 'IPv4' | 'IPv6'
  readonly encrypted: boolean
  readonly #cut: () => void

  /** @param cut ends the exchange at once. */
  constructor(c: Context, cut: () => void) {
    super({ emitClose: true })
    const { address, port, secure } = c.peer
    this.remoteAddress = address
    this.remotePort = port
    this.remoteFamily = address.includes(':') ? 'IPv6' : 'IPv4'
    this.encrypted = secure
    this.#cut = cut
    this.on('error', ignore)
    c.done((outcome) => {
      if (outcome.kind === 'aborted') this.destroy()
    })
  }

  /** Whether the connection belongs to one exchange only, as far as its application can see. */
  get connecting(): boolean {
    return false
  }

  override _read(): void {
    // Incoming bytes belong to the request.
  }

  override _write(_chunk: unknown, _encoding: string, done: (error: Error) => void): void {
    done(new Error('What is written to the client is a reply'))
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#cut()
    done(error)
  }

  /** Does nothing: deadlines are the server's. */
  setTimeout(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  address(): object {
    return {}
  }

  destroySoon(): void {
    this.destroy()
  }
}
