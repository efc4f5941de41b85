import { channels } from './events.ts'
import type { Server } from './server.ts'
import type { Peer, Transport, TransportSink } from './transport.ts'

/**
 * The transport itself, or, while someone listens to {@link channels}`.bytes`, one that tells of every byte. It is decided
 * once for each connection, so those that nobody watches pay nothing.
 */
export function tapped(transport: Transport, server: Server, connection: number): Transport {
  return channels.bytes.hasSubscribers ? new TappedTransport(transport, server, connection) : transport
}

/** Stands between a connection and its transport and changes nothing. */
class TappedTransport implements Transport, TransportSink {
  readonly #transport: Transport
  readonly #server: Server
  readonly #connection: number
  #sink!: TransportSink

  constructor(transport: Transport, server: Server, connection: number) {
    this.#transport = transport
    this.#server = server
    this.#connection = connection
  }

  get peer(): Peer {
    return this.#transport.peer
  }

  get bufferedBytes(): number {
    return this.#transport.bufferedBytes
  }

  attach(sink: TransportSink): void {
    this.#sink = sink
    this.#transport.attach(this)
  }

  write(chunk: string | Uint8Array): boolean {
    this.#tell('out', typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk)
    return this.#transport.write(chunk)
  }

  cork(): void {
    this.#transport.cork()
  }

  uncork(): void {
    this.#transport.uncork()
  }

  flushed(done: (ok: boolean) => void): void {
    this.#transport.flushed(done)
  }

  pause(): void {
    this.#transport.pause()
  }

  resume(): void {
    this.#transport.resume()
  }

  end(): void {
    this.#transport.end()
  }

  destroy(): void {
    this.#transport.destroy()
  }

  reset(): void {
    this.#transport.reset()
  }

  onData(chunk: Uint8Array): void {
    this.#tell('in', chunk)
    this.#sink.onData(chunk)
  }

  onDrain(): void {
    this.#sink.onDrain()
  }

  onEnd(): void {
    this.#sink.onEnd()
  }

  onClose(error?: Error): void {
    this.#sink.onClose(error)
  }

  onShutdown(): void {
    this.#sink.onShutdown?.()
  }

  #tell(direction: 'in' | 'out', bytes: Uint8Array): void {
    channels.bytes.publish({ server: this.#server, connection: this.#connection, direction, bytes })
  }
}
