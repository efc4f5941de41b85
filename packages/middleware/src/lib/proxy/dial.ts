// Opening connections to upstream servers.
import { type Socket, connect as connectTcp } from 'node:net'
import { type ConnectionOptions, type TLSSocket, connect as connectTls } from 'node:tls'
import type { Peer } from '@spillway/core'
import { type UpstreamAddress, serverName } from './address.ts'
import { proxyHeader } from './proxy-header.ts'

/** How a TLS upstream is spoken to: which authorities vouch for it, which name it must prove, our own certificate. */
export type UpstreamTls = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'ciphers' | 'key' | 'maxVersion' | 'minVersion' | 'passphrase' | 'servername'
>

/** Milliseconds of silence after which the system asks whether the other end is still there. */
const keepAliveProbe = 60_000

/** Opens connections to one server: TCP, TLS or a unix socket, with a PROXY header in front where it is wanted. */
export class Dialer {
  readonly #address: UpstreamAddress
  readonly #tls: UpstreamTls | undefined
  readonly #proxyProtocol: 1 | 2 | undefined
  /** The last TLS session, to be resumed (RFC 8446 §2.2). */
  #session: Buffer | undefined

  constructor(address: UpstreamAddress, tls: UpstreamTls | undefined, proxyProtocol: 1 | 2 | undefined) {
    this.#address = address
    this.#tls = tls
    this.#proxyProtocol = proxyProtocol
  }

  /** Whether a connection speaks for one client, and so for no other. */
  get personal(): boolean {
    return this.#proxyProtocol !== undefined
  }

  /**
   * Begins to connect. Bytes written before it is ready leave behind the PROXY header and the handshake.
   * @param ready called once the server can be spoken to.
   * @param protocols what is offered by ALPN, the best first.
   * @param peer for whom the connection is to speak; nobody for a health check, which then speaks for itself.
   */
  dial(ready: () => void, protocols: readonly string[], peer: Peer | undefined): Socket {
    const raw = this.#open()
    const whenOpen = (): void => {
      raw.setKeepAlive(true, keepAliveProbe)
      // The client's connection keeps the process alive while there is something to do.
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
    const { socketPath, reach, port } = this.#address
    // Half-open: whoever ends its side first may still be told the rest.
    if (socketPath !== undefined) return connectTcp({ path: socketPath, allowHalfOpen: true })
    return connectTcp({ host: reach, port, noDelay: true, allowHalfOpen: true })
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
    // A session that does not work is not tried again.
    socket.once('error', () => {
      this.#session = undefined
    })
    return socket
  }
}
