// One request of a client of HTTP/2, and what comes back.
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
  /** The server has not begun to work on the request: it may be sent again, whatever it is (RFC 9113 §8.7). */
  readonly isUntouched: boolean
  /** What came is against the rules of HTTP/2, or of HTTP. */
  readonly isMalformed: boolean
}

/** Hears what becomes of one request. Nothing more comes behind the end, or a failure. */
export interface ResponseSink {
  /** An interim response, or the final one. @param ended whether it has no content. */
  onHead(head: Http2Response, ended: boolean): void
  /** @param chunk lent until this returns. The window opens again by `release`. */
  onData(chunk: Uint8Array): void
  onEnd(trailers: Fields | null): void
  onFail(failure: StreamFailure): void
  /** `write` may go on after it returned false. */
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
    // Uploads of several take turns: none of them waits for the end of another (RFC 9218 §4.2).
    owner.machine.order.move(stream, { ...stream.priority, incremental: true })
  }

  /** @internal Whether something waits for the server to open windows. */
  get isWaiting(): boolean {
    return this.#stream.openOut && (this.#tunnel?.outgoing ?? this.#outgoing).length > 0
  }

  /** Sends a part of the content, which is lent until it has left; false when the server does not keep up. */
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

  /** Content was made use of: the server may send as much again. */
  release(bytes: number): void {
    this.#owner.machine.release(this.#stream, bytes)
    this.#owner.scheduleFlush()
  }

  /** Gives the request up. The sink hears no more. */
  cancel(code: ErrorCode = ErrorCode.Cancel): void {
    this.#over()
    this.#owner.machine.reset(this.#stream, code)
    this.#owner.scheduleFlush()
  }

  /** The stream as a transport, behind a 2xx to CONNECT (RFC 9113 §8.5). The sink hears no more. */
  tunnel(): StreamTransport {
    this.#isOver = true
    return (this.#tunnel = new StreamTransport(this.#owner, this.#stream))
  }

  // ── what the connection tells ──────────────────────────────────────────────────────────────────────────────────

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

  /** The response is complete: what was not sent of the request has no use any more (RFC 9113 §8.1). */
  #leftOver(): void {
    if (!this.#stream.openOut || this.#tunnel) return
    this.#outgoing.stop(undefined)
    this.#owner.machine.reset(this.#stream, ErrorCode.Cancel)
    this.#owner.scheduleFlush()
  }

  /** @internal The stream is no more, or the connection. */
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
