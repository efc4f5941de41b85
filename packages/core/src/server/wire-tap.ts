import { channels } from './events.ts'
import type { Server } from './server.ts'
import type { Transport, TransportSink } from '../transport/transport.ts'
import { TransportView } from '../transport/transport-view.ts'

/**
 * The transport itself, or, while someone listens to {@link channels}`.bytes` or `.fin`, one that tells of every byte and of who has
 * ended. It is decided once for each connection, so those that nobody watches pay nothing.
 */
// decision 032
export function tapped(transport: Transport, server: Server, connection: number): Transport {
  const isWatched = channels.bytes.hasSubscribers || channels.fin.hasSubscribers
  return isWatched ? new TappedTransport(transport, server, connection) : transport
}

/** Sits between a connection and its transport and changes nothing. */
class TappedTransport extends TransportView implements TransportSink {
  readonly #server: Server
  readonly #connection: number
  #sink!: TransportSink
  #hasEnded = false

  constructor(transport: Transport, server: Server, connection: number) {
    super(transport)
    this.#server = server
    this.#connection = connection
  }

  attach(sink: TransportSink): void {
    this.#sink = sink
    this.transport.attach(this)
  }

  override write(chunk: string | Uint8Array): boolean {
    this.#tell('out', chunk)
    return super.write(chunk)
  }

  override end(): void {
    if (!this.#hasEnded) this.#tellEnd('server')
    this.#hasEnded = true
    super.end()
  }

  onData(chunk: Uint8Array, keepable: boolean): void {
    this.#tell('in', chunk)
    this.#sink.onData(chunk, keepable)
  }

  onDrain(): void {
    this.#sink.onDrain()
  }

  onEnd(): void {
    this.#tellEnd('client')
    this.#sink.onEnd()
  }

  onClose(error?: Error): void {
    this.#sink.onClose(error)
  }

  onShutdown(): void {
    this.#sink.onShutdown?.()
  }

  #tellEnd(by: 'client' | 'server'): void {
    if (channels.fin.hasSubscribers) channels.fin.publish({ server: this.#server, connection: this.#connection, by })
  }

  #tell(direction: 'in' | 'out', chunk: string | Uint8Array): void {
    // A subscriber may come and go.
    if (!channels.bytes.hasSubscribers) return
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk
    channels.bytes.publish({ server: this.#server, connection: this.#connection, direction, bytes })
  }
}
