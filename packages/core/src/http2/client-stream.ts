// One request of an HTTP/2 client, and its response.
import { ErrorCode, type Http2Response, type Http2Stream } from '@spillway/parser/http2'
import { highWater } from '../transport/transport.ts'
import { Outgoing } from './outgoing.ts'
import type { StreamSender } from './output.ts'
import { type StreamOwner, StreamTransport } from './stream-transport.ts'

type Fields = readonly (readonly [name: string, value: string])[]

/** Why a response will never be complete. */
export interface StreamFailure {
  /** What the server said, or why this side has ended the stream. */
  readonly message: string
  /** The server has not begun to process the request: it may be sent again, whatever its method (RFC 9113 §8.7). */
  readonly isUntouched: boolean
  /** The response violates the rules of HTTP/2 or of HTTP. */
  readonly isMalformed: boolean
}

/** Is told what becomes of one request. Nothing follows the end, or a failure. */
export interface ResponseSink {
  /** An interim response, or the final one. @param ended whether it has no content. */
  onHead(head: Http2Response, ended: boolean): void
  /** @param chunk lent until this returns. `release` opens the window again. */
  onData(chunk: Uint8Array): void
  onEnd(trailers: Fields | null): void
  onFail(failure: StreamFailure): void
  /** `write` may be called again after it returned false. */
  onDrain(): void
}

/** One request of an HTTP/2 client, and its response. */
export class ClientStream implements StreamSender {
  readonly #owner: StreamOwner
  readonly #stream: Http2Stream
  readonly #sink: ResponseSink
  readonly #outgoing: Outgoing
  #tunnel: StreamTransport | undefined
  #isOver = false

  /** @internal */
  constructor(owner: StreamOwner, stream: Http2Stream, sink: ResponseSink) {
    this.#owner = owner
    this.#stream = stream
    this.#sink = sink
    this.#outgoing = new Outgoing(owner.machine, stream, owner)
    stream.owner = this
    // Several uploads take turns: none of them waits for the end of another (RFC 9218 §4.2).
    owner.machine.order.move(stream, { ...stream.priority, incremental: true })
  }

  /** @internal Whether something is waiting for the server to open windows. */
  get isWaiting(): boolean {
    return this.#stream.openOut && (this.#tunnel?.outgoing ?? this.#outgoing).length > 0
  }

  /** Sends a part of the content, which must not change until it has been sent; false when the server cannot keep up. */
  write(chunk: Uint8Array): boolean {
    const outgoing = this.#outgoing
    if (this.#isOver || !this.#stream.openOut) return false
    outgoing.appendBytes(chunk)
    outgoing.commit()
    if (outgoing.length < highWater) return true
    outgoing.whenEmpty ??= () => queueMicrotask(() => this.#drained())
    return false
  }

  #drained(): void {
    if (!this.#isOver) this.#sink.onDrain()
  }

  /** The content is complete. */
  finish(trailers?: Fields): void {
    if (this.#stream.openOut) this.#outgoing.finish(trailers)
  }

  /** Content was consumed: the server may send as much again. */
  release(bytes: number): void {
    this.#owner.machine.release(this.#stream, bytes)
    this.#owner.scheduleFlush()
  }

  /** Gives the request up. The sink is told nothing more. */
  cancel(code: ErrorCode = ErrorCode.Cancel): void {
    this.#over()
    this.#owner.machine.reset(this.#stream, code)
    this.#owner.scheduleFlush()
  }

  /** The stream as a transport, after a 2xx to CONNECT (RFC 9113 §8.5). The sink is told nothing more. */
  tunnel(): StreamTransport {
    this.#isOver = true
    return (this.#tunnel = new StreamTransport(this.#owner, this.#stream))
  }

  // ── called by the connection ───────────────────────────────────────────────────────────────────────────────────

  /** @internal */
  move(): boolean {
    const outgoing = this.#tunnel?.outgoing ?? this.#outgoing
    const more = outgoing.move()
    if (outgoing.isOver) this.#tunnel?.sideEnded()
    return more
  }

  /** @internal */
  onHead(head: Http2Response): void {
    const { openIn } = this.#stream
    const isLast = !openIn
    if (this.#isOver) return
    if (isLast) this.#isOver = true
    this.#sink.onHead(head, isLast)
    if (isLast) this.#leftOver()
  }

  /** @internal */
  onData(chunk: Uint8Array): void {
    if (this.#tunnel) this.#tunnel.receive(Buffer.from(chunk))
    else if (this.#isOver) this.release(chunk.length)
    else this.#sink.onData(chunk)
  }

  /** @internal */
  onEnd(trailers: Fields | null): void {
    if (this.#tunnel) return this.#tunnel.receive(null)
    if (this.#isOver) return
    this.#isOver = true
    this.#sink.onEnd(trailers)
    this.#leftOver()
  }

  /** The response is complete: the rest of the request is no longer of use (RFC 9113 §8.1). */
  #leftOver(): void {
    if (!this.#stream.openOut || this.#tunnel) return
    this.#outgoing.stop(undefined)
    this.#owner.machine.reset(this.#stream, ErrorCode.Cancel)
    this.#owner.scheduleFlush()
  }

  /** @internal The stream has ended, or the connection. */
  onFail(failure: StreamFailure): void {
    this.#tunnel?.close(new Error(failure.message))
    if (this.#isOver) return
    this.#over()
    this.#sink.onFail(failure)
  }

  #over(): void {
    this.#isOver = true
    this.#outgoing.stop(undefined)
  }
}
