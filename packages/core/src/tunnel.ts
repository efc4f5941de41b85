import type { Peer, Transport, TransportSink } from './transport.ts'

/**
 * A connection after an upgrade, as its new owner sees it. The server stays attached behind it, so its books stay right:
 * the connection counts until it closes, and shutdown can end it.
 */
export class Tunnel implements Transport {
  /** @internal */
  sink: TransportSink | undefined
  /** @internal Bytes written by the new owner. */
  written: number = 0
  readonly #transport: Transport
  #draining = false

  constructor(transport: Transport) {
    this.#transport = transport
  }

  get peer(): Peer {
    return this.#transport.peer
  }

  get bufferedBytes(): number {
    return this.#transport.bufferedBytes
  }

  attach(sink: TransportSink): void {
    this.sink = sink
    if (this.#draining) queueMicrotask(() => this.sink?.onShutdown?.())
  }

  /** @internal The server shuts down; an owner that is still to come hears it then. */
  shutdown(): void {
    this.#draining = true
    this.sink?.onShutdown?.()
  }

  write(chunk: string | Uint8Array): boolean {
    this.written += chunk.length
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
}
