import { type AddressInfo, type Server as NetServer, type Socket, createServer } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Peer, Transport, TransportSink } from './transport.ts'

/** A socket with its transport; the listeners below are shared by all sockets and find it here: no closures per connection. */
type Attached = Socket & { [transport]: NodeTransport }
const transport: unique symbol = Symbol('transport')

/** A TCP or TLS socket as {@link Transport}. */
export class NodeTransport implements Transport {
  readonly #socket: Socket
  /** @internal */
  sink: TransportSink | undefined
  /** @internal The socket's error; Node emits it before `close`. */
  error: Error | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    ;(socket as Attached)[transport] = this
    socket.on('data', onData)
    socket.on('drain', onDrain)
    socket.on('end', onEnd)
    socket.on('error', onError)
    socket.on('close', onClose)
  }

  get peer(): Peer {
    const { remoteAddress, remotePort } = this.#socket
    return {
      address: remoteAddress ?? '',
      port: remotePort ?? 0,
      secure: (this.#socket as Partial<TLSSocket>).encrypted === true,
    }
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength
  }

  attach(sink: TransportSink): void {
    this.sink = sink
  }

  write(chunk: string | Uint8Array): boolean {
    return typeof chunk === 'string' ? this.#socket.write(chunk, 'latin1') : this.#socket.write(chunk)
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  flushed(done: (ok: boolean) => void): void {
    if (this.#socket.writableLength === 0) done(!this.#socket.destroyed)
    else this.#socket.write('', (error) => done(!error))
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  reset(): void {
    // Only a bare TCP socket can be reset; a TLS peer sees the missing close_notify instead.
    if (this.peer.secure || this.#socket.remotePort === undefined) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }
}

function onData(this: Socket, chunk: Uint8Array): void {
  ;(this as Attached)[transport].sink?.onData(chunk)
}

function onDrain(this: Socket): void {
  ;(this as Attached)[transport].sink?.onDrain()
}

function onEnd(this: Socket): void {
  ;(this as Attached)[transport].sink?.onEnd()
}

function onError(this: Socket, error: Error): void {
  ;(this as Attached)[transport].error = error
}

function onClose(this: Socket): void {
  const self = (this as Attached)[transport]
  self.sink?.onClose(self.error)
}

/** Where to listen: an address and port, or the path of a unix socket. */
export interface ListenOptions {
  /** Default: 3000. 0 takes a free one. */
  readonly port?: number
  /** Address or name to bind to. Default: `127.0.0.1`, this machine only; `::` is everywhere. */
  readonly host?: string
  /** A unix socket instead of host and port. */
  readonly path?: string
  /** Connections the kernel keeps waiting to be accepted. Default: 511. */
  readonly backlog?: number
}

/** A listening socket's address. */
export interface Listening {
  /** `http://host:port`, or `unix:` and the path. */
  readonly url: string
  readonly port: number
}

/** @internal */
export interface Listener {
  readonly at: Listening
  /** Accepts no more connections; those there are stay. */
  close(): void
}

/** Opens a listening socket and hands every accepted connection over. @throws the system's error when it cannot. */
export function listenNode(options: ListenOptions, accept: (transport: Transport) => void): Promise<Listener> {
  const { port = 3000, host = '127.0.0.1', path, backlog = 511 } = options
  // A client may end its side and still read: half-open connections are ours to close.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => accept(new NodeTransport(socket)))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path === undefined ? { port, host, backlog } : { path, backlog }, () => {
      server.off('error', reject)
      // Out of descriptors, for example: that connection is lost, the server is not.
      server.on('error', () => {})
      resolve({ at: listeningAt(server), close: () => void server.close() })
    })
  })
}

function listeningAt(server: NetServer): Listening {
  const address = server.address() as AddressInfo | string
  if (typeof address === 'string') return { url: `unix:${address}`, port: 0 }
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return { url: `http://${host}:${address.port}`, port: address.port }
}
