// The content of one stream on its way out, which waits for windows.
import type { Http2Machine, Http2Stream } from '@spillway/parser/http2'
import type { Holding, Holds } from '../transport/holding.ts'
import type { ReplyStream, StreamSink } from '../exchange/reply-stream.ts'

/** Bytes of a source that wait for windows before it is asked for no more. */
const highWater = 16 * 1024

/** Who is told of the progress of what goes out. */
export interface OutgoingOwner {
  /** There is something to send on a stream. */
  ready(stream: Http2Stream): void
}

/** Content that waits to be sent on one stream: for its turn, for windows, for the client. */
export class Outgoing implements StreamSink, Holds {
  /** Bytes that wait. */
  length: number = 0
  /** Bytes that were sent. */
  sent: number = 0
  source: ReplyStream | undefined = undefined
  /** Called back once, when all bytes that waited have been put into frames. */
  whenEmpty: (() => void) | undefined = undefined
  readonly #machine: Http2Machine
  readonly #stream: Http2Stream
  readonly #owner: OutgoingOwner
  #pieces: Uint8Array[] = []
  /** Bytes of the first piece that are sent. */
  #at = 0
  #isDone = false
  #trailers: readonly (readonly [string, string])[] | undefined

  constructor(machine: Http2Machine, stream: Http2Stream, owner: OutgoingOwner) {
    this.#machine = machine
    this.#stream = stream
    this.#owner = owner
  }

  append(text: string): void {
    this.appendBytes(Buffer.from(text, 'latin1'))
  }

  appendBytes(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#pieces.push(bytes)
    this.length += bytes.length
  }

  /** Whether the source may use its bytes again: those that were sent were copied. */
  get left(): boolean {
    return this.length === 0
  }

  /** The memory that waits here. What waits for several clients at once is counted once and divided among them. */
  held(holding: Holding): number {
    for (const piece of this.#pieces) holding.share(piece.buffer, piece.length)
    return this.source?.held(holding) ?? 0
  }

  commit(): boolean {
    this.#owner.ready(this.#stream)
    return this.length < highWater
  }

  /** No more is coming. */
  finish(trailers?: readonly (readonly [string, string])[]): void {
    this.#isDone = true
    this.#trailers = trailers
    this.#owner.ready(this.#stream)
  }

  /** Whether everything is sent, with the end of the stream. */
  get isOver(): boolean {
    return this.#isDone && !this.#stream.openOut
  }

  /** Puts one frame out, as large as windows allow; false when there is nothing more to do for now. */
  move(): boolean {
    const size = Math.min(this.#machine.room(this.#stream), this.length)
    if (size > 0) this.#moveContent(size)
    if (this.length > 0) return size > 0
    if (this.#isDone && this.#stream.openOut) this.#end()
    const { whenEmpty } = this
    this.whenEmpty = undefined
    whenEmpty?.()
    this.source?.resume()
    return false
  }

  #moveContent(size: number): void {
    const isLast = this.#isDone && size === this.length && this.#trailers === undefined
    this.#machine.dataHead(this.#stream, size, isLast)
    const { out } = this.#machine
    for (let left = size; left > 0;) {
      const piece = this.#pieces[0]!
      const end = Math.min(piece.length, this.#at + left)
      out.append(piece, this.#at, end)
      left -= end - this.#at
      this.#at = end
      if (end < piece.length) break
      this.#pieces.shift()
      this.#at = 0
    }
    this.length -= size
    this.sent += size
    if (this.length < highWater) this.source?.resume()
  }

  /** An empty frame needs no window. */
  #end(): void {
    if (this.#trailers === undefined) this.#machine.dataHead(this.#stream, 0, true)
    else this.#machine.send(this.#stream, this.#trailers, true)
  }

  /** What waits is dropped, and its source told why. */
  stop(reason: unknown): void {
    this.source?.stop(reason)
    this.#pieces = []
    this.length = 0
    const { whenEmpty } = this
    this.whenEmpty = undefined
    whenEmpty?.()
  }
}
