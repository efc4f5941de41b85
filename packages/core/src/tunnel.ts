import type { TransportSink } from './transport.ts'
import { TransportView } from './transport-view.ts'

/**
 * A connection after an upgrade, as its new owner sees it. The server stays attached behind it, so its books stay right:
 * the connection counts until it closes, and shutdown can end it.
 */
export class Tunnel extends TransportView {
  /** @internal */
  sink: TransportSink | undefined
  /** @internal Bytes written by the new owner. */
  written: number = 0
  #draining = false

  attach(sink: TransportSink): void {
    this.sink = sink
    if (this.#draining) queueMicrotask(() => this.sink?.onShutdown?.())
  }

  /** @internal The server shuts down; an owner that is still to come hears it then. */
  shutdown(): void {
    this.#draining = true
    this.sink?.onShutdown?.()
  }

  override write(chunk: string | Uint8Array): boolean {
    this.written += chunk.length
    return super.write(chunk)
  }
}
