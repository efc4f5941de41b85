import { guarded } from './guarded.ts'
import { type Scope, bound, scopeOfNow, within } from './scope.ts'
import type { Transport, TransportSink } from '../transport/transport.ts'
import { copyOf } from '../transport/bytes.ts'
import { TransportView } from '../transport/transport-view.ts'

/**
 * A connection after an upgrade, as its new owner sees it. The server stays attached behind it, so that its accounts stay right:
 * the connection counts until it closes, and shutdown can end it. An owner that attaches later misses nothing.
 */
export class Tunnel extends TransportView implements TransportSink {
  /** @internal Bytes written by the new owner. */
  written: number = 0
  #sink: TransportSink | undefined
  /** The async context in which it was attached. */
  #scope: Scope
  /** Events that the owner has not been told of yet. */
  #missed: ((sink: TransportSink) => unknown)[] = []
  readonly #failed: (error: unknown) => void

  /** @param failed is told when the owner throws; it ends the connection. */
  constructor(transport: Transport, failed: (error: unknown) => void) {
    super(transport)
    this.#failed = failed
  }

  attach(sink: TransportSink): void {
    const isFirst = this.#sink === undefined
    this.#sink = sink
    this.#scope = scopeOfNow()
    if (!isFirst || this.#missed.length === 0) return
    this.transport.resume()
    queueMicrotask(() => this.#catchUp())
  }

  override flushed(done: (ok: boolean) => void): void {
    super.flushed(bound(done))
  }

  override write(chunk: string | Uint8Array): boolean {
    this.written += chunk.length
    return super.write(chunk)
  }

  /** @internal Bytes held by the new owner, or for it. */
  get held(): number {
    return this.transport.bufferedBytes + (this.#sink?.buffered ?? 0)
  }

  /** @internal */
  onData(chunk: Uint8Array, keepable: boolean): void {
    const sink = this.#sink
    if (sink?.borrows && this.#missed.length === 0) {
      return within(this.#scope, guarded, giveData, this.#failed, sink, chunk, keepable)
    }
    if (!sink) this.transport.pause()
    const kept = keepable ? chunk : copyOf(chunk)
    this.#tell((owner) => owner.onData(kept, true))
  }

  /** @internal */
  onDrain(): void {
    const sink = this.#sink
    if (sink) within(this.#scope, guarded, () => sink.onDrain(), this.#failed)
  }

  /** @internal */
  onEnd(): void {
    this.#tell((sink) => sink.onEnd())
  }

  /** @internal */
  onClose(error?: Error): void {
    this.#tell((sink) => sink.onClose(error))
  }

  /** @internal */
  onShutdown(): void {
    this.#tell((sink) => sink.onShutdown?.())
  }

  #tell(event: (sink: TransportSink) => unknown): void {
    const sink = this.#sink
    if (sink && this.#missed.length === 0) within(this.#scope, guarded, () => event(sink), this.#failed)
    else this.#missed.push(event)
  }

  /** In the order in which they happened; new events queue behind. */
  #catchUp(): void {
    for (let event = this.#missed[0]; event; event = this.#missed[0]) {
      const sink = this.#sink!
      const next = event
      within(this.#scope, guarded, () => next(sink), this.#failed)
      this.#missed.shift()
    }
  }
}

function giveData(sink: TransportSink, chunk: Uint8Array, keepable: boolean): void {
  sink.onData(chunk, keepable)
}
