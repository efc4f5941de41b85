// The outgoing content of one stream, which waits for windows.
import type { Http2Machine, Http2Stream } from '@spillway/parser/http2'
import type { Holding, Holds } from '../transport/holding.ts'
import type { ReplyStream, StreamSink } from '../exchange/reply-stream.ts'

/** Of a source, which is asked for more in time, fewer bytes wait for windows than {@link highWater} of what is written unasked. */
const sourceHighWater = 16 * 1024

/** Is told about the progress of outgoing content. */
export interface OutgoingOwner {
  /** There is something to send on a stream. */
  ready(stream: Http2Stream): void
}

/** Content that is waiting to be sent on one stream: for its turn, for windows, for the client. */
export class Outgoing implements StreamSink, Holds {
  /** Bytes that are waiting. */
  length: number = 0
  /** Bytes that were sent. */
  sent: number = 0
  source: ReplyStream | undefined = undefined
  /** Called once, when all waiting bytes have been put into frames. */
  whenEmpty: (() => void) | undefined = undefined
  readonly #machine: Http2Machine
  readonly #stream: Http2Stream
  readonly #owner: OutgoingOwner
  #pieces: Uint8Array[] = []
  /** How many bytes of the first piece have been sent. */
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

  /** Whether the source may reuse its bytes: those that were sent were copied. */
  get left(): boolean {
    return this.length === 0
  }

  /** The memory that is waiting here. What waits for several clients at once is counted once and divided among them. */
  held(holding: Holding): number {
    for (const piece of this.#pieces) holding.share(piece.buffer, piece.length)
    return this.source?.held(holding) ?? 0
  }

  commit(): boolean {
    this.#owner.ready(this.#stream)
    return this.length < sourceHighWater
  }

  /** There will be no more. */
  finish(trailers?: readonly (readonly [string, string])[]): void {
    this.#isDone = true
    this.#trailers = trailers
    this.#owner.ready(this.#stream)
  }

  /** Whether everything has been sent, including the end of the stream. */
  get isOver(): boolean {
    return this.#isDone && !this.#stream.openOut
  }

  /** Puts one frame into the output, as large as the windows allow; false when nothing more can be done now. */
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
    if (this.length < sourceHighWater) this.source?.resume()
  }

  /** An empty frame needs no window. */
  #end(): void {
    if (this.#trailers === undefined) this.#machine.dataHead(this.#stream, 0, true)
    else this.#machine.send(this.#stream, this.#trailers, true)
  }

  /** Drops what is waiting, and tells its source why. */
  stop(reason: unknown): void {
    this.source?.stop(reason)
    this.#pieces = []
    this.length = 0
    const { whenEmpty } = this
    this.whenEmpty = undefined
    whenEmpty?.()
  }
}
