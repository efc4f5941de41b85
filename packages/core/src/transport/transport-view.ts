import type { Peer, Transport, TransportSink } from './transport.ts'

/** A transport that delegates to another one: subclasses change only what they need. */
export abstract class TransportView implements Transport {
  protected readonly transport: Transport

  constructor(transport: Transport) {
    this.transport = transport
  }

  get peer(): Peer {
    return this.transport.peer
  }

  get bufferedBytes(): number {
    return this.transport.bufferedBytes
  }

  unacknowledged(age: number): number | undefined {
    return this.transport.unacknowledged?.(age)
  }

  abstract attach(sink: TransportSink): void

  write(chunk: string | Uint8Array): boolean {
    return this.transport.write(chunk)
  }

  cork(): void {
    this.transport.cork()
  }

  uncork(): void {
    this.transport.uncork()
  }

  flushed(done: (ok: boolean) => void): void {
    this.transport.flushed(done)
  }

  pause(): void {
    this.transport.pause()
  }

  resume(): void {
    this.transport.resume()
  }

  end(): void {
    this.transport.end()
  }

  destroy(): void {
    this.transport.destroy()
  }

  reset(): void {
    this.transport.reset()
  }
}
