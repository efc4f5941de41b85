// An HTTP/2 stream in place of a connection, for protocols that take one over.
import { ErrorCode, type Http2Machine, type Http2Stream } from '@spillway/parser/http2'
import { type Peer, type Transport, type TransportSink, highWater } from '../transport/transport.ts'
import { Outgoing, type OutgoingOwner } from './outgoing.ts'

/** What a stream needs of its connection to be a transport. */
export interface StreamOwner extends OutgoingOwner {
  readonly machine: Http2Machine
  readonly peer: Peer
  scheduleFlush(): void
  /** Neither side of the stream has anything left to send. */
  ended(): void
}

/**
 * A stream as a transport: for CONNECT (RFC 9113 §8.5), or for the protocol of an extended CONNECT (RFC 8441). The end
 * of the stream is its FIN, RST_STREAM its reset. Data that arrives while it is paused, or has no owner, is held, and so is its part of the window.
 */
export class StreamTransport implements Transport {
  readonly outgoing: Outgoing
  readonly #owner: StreamOwner
  readonly #stream: Http2Stream
  #sink: TransportSink | undefined
  #isPaused = false
  #isClosed = false
  /** What arrived while it was paused; `null` is the end. */
  #held: (Uint8Array | null)[] = []
  #flushed: ((ok: boolean) => void)[] = []

  constructor(owner: StreamOwner, stream: Http2Stream) {
    this.#owner = owner
    this.#stream = stream
    this.outgoing = new Outgoing(owner.machine, stream, owner)
    // An endless stream must not keep others waiting until its end (RFC 9218 §4.2).
    owner.machine.order.move(stream, { ...stream.priority, incremental: true })
    if (!stream.openIn) this.#held.push(null)
  }

  get peer(): Peer {
    return this.#owner.peer
  }

  get bufferedBytes(): number {
    return this.outgoing.length
  }

  /** Bytes that have arrived and are waiting. */
  get held(): number {
    return this.#held.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0)
  }

  /** Bytes that have passed, in both directions. */
  get moved(): number {
    return this.#stream.received + this.outgoing.sent
  }

  attach(sink: TransportSink): void {
    this.#sink = sink
    if (this.#isClosed) return queueMicrotask(() => sink.onClose())
    if (this.#held.length === 0) return
    queueMicrotask(() => {
      if (!this.#isPaused) this.resume()
    })
  }

  write(chunk: string | Uint8Array): boolean {
    if (!this.#stream.openOut) return false
    const { outgoing } = this
    if (typeof chunk === 'string') outgoing.append(chunk)
    else outgoing.appendBytes(chunk)
    outgoing.commit()
    if (outgoing.length < highWater) return true
    outgoing.whenEmpty ??= () => queueMicrotask(() => this.#drained())
    return false
  }

  /** What is written in one turn leaves together anyway. */
  cork(): void {}
  uncork(): void {}

  flushed(done: (ok: boolean) => void): void {
    if (this.outgoing.length === 0) return done(!this.#isClosed)
    this.#flushed.push(done)
    this.outgoing.whenEmpty ??= () => queueMicrotask(() => this.#drained())
  }

  #drained(): void {
    for (const done of this.#flushed.splice(0)) done(!this.#isClosed)
    if (!this.#isClosed) this.#sink?.onDrain()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    while (!this.#isPaused && this.#sink && this.#held.length > 0) this.#deliver(this.#held.shift()!)
    this.#owner.scheduleFlush()
  }

  end(): void {
    this.outgoing.finish()
  }

  destroy(): void {
    this.#owner.machine.reset(this.#stream, ErrorCode.Cancel)
    this.#owner.scheduleFlush()
    this.close()
  }

  reset(): void {
    this.destroy()
  }

  /** Bytes that arrived, which may be kept; or the end, as `null`. */
  receive(bytes: Uint8Array | null): void {
    if (this.#isClosed) {
      if (bytes) this.#owner.machine.release(undefined, bytes.length)
    } else if (this.#isPaused || !this.#sink || this.#held.length > 0) this.#held.push(bytes)
    else this.#deliver(bytes)
    if (bytes === null) this.sideEnded()
  }

  #deliver(bytes: Uint8Array | null): void {
    if (bytes === null) return this.#sink?.onEnd()
    this.#owner.machine.release(this.#stream, bytes.length)
    this.#sink?.onData(bytes, true)
  }

  /** One side has ended. When both have, the stream is over, and an owner that has paused it must get the rest now. */
  sideEnded(): void {
    if (this.#stream.openIn || this.#stream.openOut || this.#isClosed) return
    for (const bytes of this.#held.splice(0)) this.#deliver(bytes)
    this.close()
  }

  /** The stream has ended, or the connection below it. */
  close(error?: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const bytes of this.#held) if (bytes) this.#owner.machine.release(undefined, bytes.length)
    this.#held = []
    this.outgoing.stop(error)
    this.#owner.ended()
    const sink = this.#sink
    if (sink) queueMicrotask(() => sink.onClose(error))
  }
}
