// Opens connections to upstream servers.
import { type Socket, connect as connectTcp } from 'node:net'
import { type ConnectionOptions, type TLSSocket, connect as connectTls } from 'node:tls'
import type { Peer } from '@spillway/core'
import { clientSocket } from '@spillway/core/sockets'
import { type UpstreamAddress, serverName } from './address.ts'
import { NameLookup } from './name-lookup.ts'
import { proxyHeader } from './proxy-header.ts'

/** How to connect to a TLS upstream: the authorities that vouch for it, the name it must prove, our own certificate. */
export type UpstreamTls = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'ciphers' | 'key' | 'maxVersion' | 'minVersion' | 'passphrase' | 'servername'
>

/** Milliseconds of silence after which the system probes whether the other end is still there. */
const keepAliveProbe = 60_000

/** Opens connections to one server over TCP, TLS or a unix socket, with a PROXY header in front if configured. */
export class Dialer {
  readonly #address: UpstreamAddress
  readonly #tls: UpstreamTls | undefined
  readonly #proxyProtocol: 1 | 2 | undefined
  readonly #names = new NameLookup()
  /** The last TLS session, for resumption (RFC 8446 §2.2). */
  #session: Buffer | undefined

  constructor(address: UpstreamAddress, tls: UpstreamTls | undefined, proxyProtocol: 1 | 2 | undefined) {
    this.#address = address
    this.#tls = tls
    this.#proxyProtocol = proxyProtocol
  }

  /** Whether a connection is made for one client, and so cannot be used for another. */
  get personal(): boolean {
    return this.#proxyProtocol !== undefined
  }

  /**
   * Begins to connect. Bytes written before the connection is ready are sent after the PROXY header and the handshake.
   * @param ready is called once the server accepts bytes.
   * @param protocols to offer by ALPN, the preferred one first.
   * @param peer the client for whom the connection is made; undefined for a health check, which is made for the proxy itself.
   */
  dial(ready: () => void, protocols: readonly string[], peer: Peer | undefined): Socket {
    const raw = this.#open()
    const whenOpen = (): void => {
      raw.setKeepAlive(true, keepAliveProbe)
      // The client's connection keeps the process alive as long as there is work.
      raw.unref()
      if (this.#proxyProtocol && !this.#address.secure) this.#introduce(raw, peer)
    }
    if (!this.#address.secure) {
      raw.once('connect', () => {
        whenOpen()
        ready()
      })
      return raw
    }
    if (this.#proxyProtocol) raw.once('connect', () => this.#introduce(raw, peer))
    const socket = this.#encrypt(raw, protocols)
    raw.once('connect', whenOpen)
    socket.once('secureConnect', ready)
    return socket
  }

  #open(): Socket {
    const { socketPath, reach, port, secure } = this.#address
    const { lookup } = this.#names
    const to = socketPath === undefined ? { host: reach, port, lookup } : { path: socketPath }
    // Half-open: the side that ends first can still receive the rest. TLS sockets read in their own way.
    return secure ? connectTcp({ ...to, noDelay: true, allowHalfOpen: true }) : clientSocket().connect(to)
  }

  #introduce(socket: Socket, peer: Peer | undefined): void {
    const to = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 }
    const self = { address: to.address, port: to.port, secure: false }
    socket.write(proxyHeader(this.#proxyProtocol!, peer ?? self, to))
  }

  #encrypt(raw: Socket, protocols: readonly string[]): TLSSocket {
    const name = this.#tls?.servername ?? serverName(this.#address)
    const socket = connectTls({
      ...this.#tls,
      socket: raw,
      host: this.#address.host,
      ...(name && { servername: name }),
      ALPNProtocols: [...protocols],
      ...(this.#session && { session: this.#session }),
    })
    socket.on('session', (session: Buffer) => {
      this.#session = session
    })
    // A session that fails is not tried again.
    socket.once('error', () => {
      this.#session = undefined
    })
    return socket
  }
}
