import { PREFACE } from '@spillway/parser/http2'
import { Connection } from '../http1/connection.ts'
import type { Http2Connection } from '../http2/connection.ts'
import { ConnectionLog } from '../server/connection-log.ts'
import type { CloseReason } from '../server/events.ts'
import type { Member, ServerCore } from '../server/server-core.ts'
import { shutdownGrace } from '../server/shutdown.ts'
import type { Peer, Transport, TransportSink } from '../transport/transport.ts'

/**
 * A connection without TLS whose protocol shows in its first bytes: the HTTP/2 preface is not a valid HTTP/1 request (RFC 9113 §3.4).
 * It has a place in the server's accounts until the connection that it becomes takes over that place.
 */
export class Sniffer implements Member, TransportSink {
  readonly id: number
  turnedAway: boolean = false
  readonly active: boolean = false
  readonly #core: ServerCore
  readonly #transport: Transport
  readonly #http2: typeof Http2Connection
  readonly #log: ConnectionLog
  /** What has arrived; so far it is the beginning of the preface. */
  #bytes: Uint8Array = new Uint8Array(0)
  #deadline: number
  #expiry: CloseReason = 'head-timeout'
  #draining = false

  constructor(core: ServerCore, transport: Transport, id: number, http2: typeof Http2Connection) {
    this.id = id
    this.#core = core
    this.#transport = transport
    this.#http2 = http2
    this.#log = new ConnectionLog(core.server, id)
    this.#deadline = core.clock.after(core.timeouts.head)
    transport.attach(this)
  }

  get peer(): Peer {
    return this.#transport.peer
  }

  get moved(): number {
    return this.#bytes.length
  }

  held(): number {
    return this.#bytes.length
  }

  onData(chunk: Uint8Array, own: boolean): void {
    const isFirst = this.#bytes.length === 0
    const bytes = isFirst ? chunk : Buffer.concat([this.#bytes, chunk])
    const length = Math.min(bytes.length, PREFACE.length)
    let same = 0
    while (same < length && bytes[same] === PREFACE.charCodeAt(same)) same++
    if (same < length) this.#become(false, bytes, own || !isFirst)
    else if (same === PREFACE.length) this.#become(true, bytes, own || !isFirst)
    else this.#bytes = Buffer.from(bytes)
  }

  /** The protocol is known. */
  #become(isHttp2: boolean, bytes: Uint8Array, own: boolean): void {
    const core = this.#core
    const connection = isHttp2
      ? new this.#http2(core, this.#transport, this.id)
      : new Connection(core, this.#transport, this.id)
    core.replace(this, connection)
    if (connection instanceof Connection && connection.turnedAway) return connection.turnAway()
    if (!(connection instanceof Connection)) connection.begin()
    if (this.#draining) connection.shutdown()
    connection.onData(bytes, own)
  }

  onDrain(): void {}

  onEnd(): void {
    this.#end(this.#bytes.length === 0 ? 'client-closed' : 'client-gone')
  }

  onClose(error?: Error): void {
    if (error) this.#log.failed(error, false)
    else if (this.#bytes.length > 0) this.#log.because('client-gone')
    this.#core.remove(this)
    this.#log.close(this, this.#bytes.length, 0)
  }

  #end(reason: CloseReason): void {
    this.#log.because(reason)
    this.#deadline = 0
    this.#transport.destroy()
  }

  onTick(now: number): void {
    if (this.#deadline !== 0 && now >= this.#deadline) this.#end(this.#expiry)
  }

  shutdown(): void {
    this.#draining = true
    this.#expiry = 'shutdown'
    this.#deadline = this.#core.clock.after(shutdownGrace)
  }

  kill(): void {
    this.#end('shutdown')
  }

  relieve(): void {
    this.#end('memory')
  }
}
