// What comes before the first byte of HTTP: a PROXY header, a TLS handshake, and through them the protocol that the socket speaks.
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { AddressSet } from '../transport/addresses.ts'
import { type FirstMember, accept } from '../http1/accept.ts'
import { Connection } from '../http1/connection.ts'
import { reasonOf } from '../server/connection-log.ts'
import { type CloseReason, channels } from '../server/events.ts'
import { acmeProtocol, offeredProtocols } from './client-hello.ts'
import { parseProxyHeader } from './proxy-protocol.ts'
import type * as Http2 from './http2.ts'
import { type Member, Place, type ServerCore } from '../server/server-core.ts'
import { shutdownGrace } from '../server/shutdown.ts'
import type { TlsGate, TlsOwner } from './tls.ts'
import { NodeTransport, acceptedTransport, socketPeer } from './transport-node.ts'
import type { Peer } from '../transport/transport.ts'
import { tapped } from '../server/wire-tap.ts'
import { errorText } from '../exchange/error-reply.ts'

/** What a listener does with a socket before HTTP begins. */
export interface Gates {
  readonly tls: TlsGate | undefined
  /** Who sends PROXY headers. */
  readonly trusted: AddressSet | undefined
  readonly http2: typeof Http2 | undefined
}

type Attached = Socket & { [pending]?: Handshake | undefined }
const pending: unique symbol = Symbol('handshake')

const unknown: Peer = { address: '', port: 0, secure: false }

/** Takes an accepted socket through what its listener requires before HTTP. */
export function beginHandshake(core: ServerCore, socket: Socket, gates: Gates): void {
  const trusted = gates.trusted?.has(socket.remoteAddress) ?? false
  if (!trusted && !gates.tls) return acceptClear(core, socket, gates)
  const handshake = new Handshake(core, socket, gates)
  handshake.begin(trusted)
}

/** Accepts a socket without TLS. If it may speak HTTP/2, its first bytes show whether it does. */
function acceptClear(core: ServerCore, socket: Socket, { http2 }: Gates): void {
  const make: FirstMember | undefined = http2 && ((...args) => new http2.Sniffer(...args, http2.Http2Connection))
  accept(core, acceptedTransport(socket), make)
}

/** Handles the ends of TLS handshakes, for {@link TlsGate}. */
export const handshakes: TlsOwner = {
  secured(raw, socket) {
    const handshake = (raw as Attached)[pending]
    if (handshake) handshake.secured(socket)
    else socket.destroy()
  },
  failed(raw, error, refused) {
    ;(raw as Attached)[pending]?.failed(error, refused)
  },
  proved(raw) {
    ;(raw as Attached)[pending]?.end('client-closed')
  },
  keys(raw, line) {
    ;(raw as Attached)[pending]?.keys(line)
  },
}

/** A socket on its way to becoming a connection: the PROXY header, then TLS. It has its place in the server's accounts. */
class Handshake implements Member {
  readonly id: number
  peer: Peer = unknown
  turnedAway: boolean = false
  readonly active: boolean = false
  /** The error of the socket. */
  error: NodeJS.ErrnoException | undefined
  readonly #core: ServerCore
  readonly #socket: Socket
  readonly #gates: Gates
  /** What came of the PROXY header so far, and then of the first record of TLS. */
  #header: Uint8Array = new Uint8Array(0)
  #deadline = 0
  #expiry: CloseReason = 'head-timeout'
  #draining = false

  constructor(core: ServerCore, socket: Socket, gates: Gates) {
    this.id = core.nextId()
    this.#core = core
    this.#socket = socket
    this.#gates = gates
    ;(socket as Attached)[pending] = this
    socket.on('error', onError)
    socket.on('close', onClose)
  }

  get moved(): number {
    return this.#socket.bytesRead + this.#socket.bytesWritten
  }

  held(): number {
    return this.#header.length
  }

  /** @param trusted whether a PROXY header comes first. */
  begin(trusted: boolean): void {
    const core = this.#core
    if (!trusted) this.peer = this.#ownPeer()
    const place = core.admit(this)
    if (place === Place.None) return this.#discard()
    core.enter(this, place)
    if (!trusted) return this.#opened(this.#header)
    this.#deadline = core.clock.after(core.timeouts.head)
    this.#socket.on('data', onData)
    this.#socket.on('end', onEnd)
  }

  onData(chunk: Uint8Array): void {
    const bytes = this.#header.length === 0 ? chunk : Buffer.concat([this.#header, chunk])
    const header = parseProxyHeader(bytes)
    if (header === 'more') {
      // A copy: the chunk may be a slice of a large block.
      this.#header = Uint8Array.from(bytes)
      return
    }
    this.#socket.off('data', onData)
    this.#socket.off('end', onEnd)
    this.#header = new Uint8Array(0)
    if (header === 'malformed') return this.end('proxy-error')
    const own = this.#ownPeer()
    this.peer = header.source ? { ...header.source, secure: own.secure || header.secure } : own
    if (!this.#core.identify(this)) return this.end('overload')
    this.#opened(bytes.subarray(header.length))
  }

  onEnd(): void {
    this.end(this.#header.length === 0 ? 'client-closed' : 'proxy-error')
  }

  /** The client is known. @param rest bytes that have already arrived. */
  #opened(rest: Uint8Array): void {
    const core = this.#core
    core.opened(this)
    const { tls } = this.#gates
    if (!tls) return this.#connect(this.#socket, rest)
    if (!this.#draining) {
      this.#deadline = core.clock.after(core.timeouts.handshake)
      this.#expiry = 'handshake-timeout'
    }
    // A client that ends its side during the handshake is gone; later it may end its side and still read.
    this.#socket.allowHalfOpen = false
    this.#socket.on('data', onHello)
    if (rest.length > 0) this.onHello(rest)
  }

  /** The first bytes of what should be TLS. */
  onHello(chunk: Uint8Array): void {
    const tls = this.#gates.tls!
    const first = this.#header.length === 0 ? chunk : Buffer.concat([this.#header, chunk])
    const offered = tls.hasProofs ? offeredProtocols(first) : []
    if (offered === 'more') {
      this.#header = Uint8Array.from(first)
      return
    }
    this.#header = new Uint8Array(0)
    this.#socket.off('data', onHello)
    if (isText(first[0]!)) return this.#answerInClear(first)
    this.#socket.pause()
    this.#socket.unshift(first)
    tls.begin(this.#socket, offered.includes(acmeProtocol))
  }

  /** HTTP on an HTTPS port: tells whoever typed the address what is wrong with it. */
  #answerInClear(first: Uint8Array): void {
    this.#release()
    this.#socket.allowHalfOpen = true
    const core = this.#core
    const transport = new NodeTransport(this.#socket, { ...this.peer, secure: false })
    const connection = new Connection(core, tapped(transport, core.server, this.id), this.id)
    core.replace(this, connection)
    const isHead = Buffer.from(first.subarray(0, 5)).toString('latin1') === 'HEAD '
    connection.refuse('tls-error', errorText(400, inClear), isHead ? 'HEAD' : 'GET')
  }

  keys(line: Buffer): void {
    channels.keylog.publish({ server: this.#core.server, connection: this.id, line })
  }

  secured(socket: TLSSocket): void {
    const { tls, http2 } = this.#gates
    if (!tls!.isWelcome(socket)) return this.end('tls-error')
    this.peer = new SecurePeer(this.peer, socket)
    if (channels.secure.hasSubscribers) {
      const { id, peer } = this
      channels.secure.publish({ server: this.#core.server, connection: id, peer, protocol: socket.getProtocol() ?? '' })
    }
    if (!http2 || socket.alpnProtocol !== 'h2') {
      socket.allowHalfOpen = true
      return this.#connect(socket)
    }
    this.#release()
    socket.allowHalfOpen = true
    const transport = new NodeTransport(socket, this.peer)
    const connection = new http2.Http2Connection(this.#core, tapped(transport, this.#core.server, this.id), this.id)
    this.#core.replace(this, connection)
    connection.begin()
    if (this.#draining) connection.shutdown()
  }

  failed(error: NodeJS.ErrnoException, refused: boolean): void {
    const { code, syscall } = error
    if (refused || code === 'EPROTO' || (syscall === undefined && code !== 'ECONNRESET')) return this.end('tls-error')
    // For TLS, the end of the socket is just another error; the system reports it as a failed call.
    if (syscall !== undefined) this.error = error
    this.left()
  }

  /** The client has gone; if it never sent anything, there is nothing to report. */
  left(): void {
    if (this.error) this.end(reasonOf(this.error))
    else this.end(this.#socket.bytesRead === 0 ? 'client-closed' : 'client-gone')
  }

  #connect(socket: Socket, rest?: Uint8Array): void {
    this.#release()
    const transport = new NodeTransport(socket, this.peer)
    const core = this.#core
    const wire = tapped(transport, core.server, this.id)
    const { tls, http2 } = this.#gates
    const member =
      http2 && !tls
        ? new http2.Sniffer(core, wire, this.id, http2.Http2Connection)
        : new Connection(core, wire, this.id)
    core.replace(this, member)
    if (member.turnedAway && member instanceof Connection) return member.turnAway()
    if (this.#draining) member.shutdown()
    if (rest && rest.length > 0) transport.sink!.onData(rest, true)
  }

  /** Ends it before it has become a connection. */
  end(reason: CloseReason): void {
    const core = this.#core
    const { bytesRead: bytesIn, bytesWritten: bytesOut } = this.#socket
    // No `open` event has been published for it yet.
    if (this.peer === unknown) core.opened({ id: this.id, peer: this.#ownPeer() })
    this.#discard()
    core.remove(this)
    if (channels.close.hasSubscribers)
      channels.close.publish({
        server: core.server,
        connection: this.id,
        peer: this.peer,
        reason,
        requests: 0,
        bytesIn,
        bytesOut,
      })
  }

  onTick(now: number): void {
    if (this.#deadline !== 0 && now >= this.#deadline) this.end(this.#expiry)
  }

  shutdown(): void {
    this.#draining = true
    this.#expiry = 'shutdown'
    this.#deadline = this.#core.clock.after(shutdownGrace)
  }

  kill(): void {
    this.end('shutdown')
  }

  relieve(): void {
    this.end('memory')
  }

  #ownPeer(): Peer {
    return { ...socketPeer(this.#socket), secure: this.#gates.tls !== undefined }
  }

  /** The socket now belongs to somebody else. */
  #release(): void {
    ;(this.#socket as Attached)[pending] = undefined
    this.#socket.off('close', onClose)
  }

  #discard(): void {
    this.#release()
    this.#socket.destroy()
  }
}

/** The other end of a TLS connection. */
class SecurePeer implements Peer {
  readonly address: string
  readonly port: number
  readonly secure: boolean = true
  readonly alpn: string | undefined
  readonly servername: string | undefined
  readonly #socket: TLSSocket
  #certificate: X509Certificate | undefined

  constructor({ address, port }: Peer, socket: TLSSocket) {
    this.address = address
    this.port = port
    this.alpn = socket.alpnProtocol || undefined
    this.servername = (socket as { readonly servername?: string | false }).servername || undefined
    this.#socket = socket
  }

  get certificate(): X509Certificate | undefined {
    return this.#socket.authorized ? this.unverifiedCertificate : undefined
  }

  get unverifiedCertificate(): X509Certificate | undefined {
    return (this.#certificate ??= this.#socket.getPeerX509Certificate())
  }
}

function onData(this: Socket, chunk: Uint8Array): void {
  ;(this as Attached)[pending]?.onData(chunk)
}

function onHello(this: Socket, chunk: Uint8Array): void {
  ;(this as Attached)[pending]?.onHello(chunk)
}

/** Whether a byte is a letter, like the first one of a method. That of a TLS record is a lower number (RFC 8446 §5.1). */
function isText(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
}

const inClear = 'This port speaks TLS, and the request came in clear: its URL begins with https://'

function onEnd(this: Socket): void {
  ;(this as Attached)[pending]?.onEnd()
}

function onError(this: Socket, error: Error): void {
  const handshake = (this as Attached)[pending]
  if (handshake) handshake.error = error
}

function onClose(this: Socket): void {
  // The TLS layer is told only afterwards, and may know a better reason.
  setImmediate(left, this)
}

function left(socket: Socket): void {
  ;(socket as Attached)[pending]?.left()
}
