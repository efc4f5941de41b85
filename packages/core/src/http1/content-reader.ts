import { BodyDecoder, BodyEvent, BodyKind, type ParseErrorCode } from '@spillway/parser'
import type { Input } from './input.ts'
import { type Limits, bodyLimits, isTooSlow } from '../server/options.ts'
import type { RequestBody } from '../exchange/request-body.ts'

/** Reads the content of a connection's requests, one after the other. */
export class ContentReader {
  /** Content-Length, null when chunked, 0 when there is no content. */
  length: number | null = 0
  readonly #decoder: BodyDecoder
  #wantedTicks = 0
  /** Bytes received before the rest began to be dropped. */
  #before = 0

  constructor(limits: Limits) {
    this.#decoder = new BodyDecoder(bodyLimits(limits))
  }

  begin(kind: BodyKind, contentLength: number): void {
    this.length = kind === BodyKind.Chunked ? null : contentLength
    this.#decoder.reset(kind, contentLength)
    this.#wantedTicks = 0
  }

  /** Bytes of content received so far. */
  get received(): number {
    return this.#decoder.dataBytes
  }

  /** From here on content is dropped. */
  discard(): void {
    this.#before = this.received
  }

  /** Bytes that were dropped. */
  get discarded(): number {
    return this.received - this.#before
  }

  get error(): ParseErrorCode | undefined {
    return this.#decoder.error
  }

  get errorOffset(): number {
    return this.#decoder.errorOffset
  }

  /** Decodes what has arrived and gives it to `body`, or drops it. Returns the last event: NeedMore, End or Error. */
  receive(input: Input, body: RequestBody | undefined): BodyEvent {
    const decoder = this.#decoder
    let start = 0
    let end = 0
    let event: BodyEvent
    while ((event = decoder.next(input.buf, input.pos, input.end)) === BodyEvent.Data) {
      input.pos = decoder.pos
      if (!body) continue
      if (start === end) start = end = decoder.dataStart
      // Chunks are moved together over the framing between them: one piece of content for one piece of input.
      else input.buf.copyWithin(end, decoder.dataStart, decoder.dataEnd)
      end += decoder.dataEnd - decoder.dataStart
    }
    input.pos = decoder.pos
    if (end > start) body?.push(input.keep(start, end))
    if (event === BodyEvent.End) body?.end(decoder.trailers)
    return event
  }

  /** One tick of waiting for content has passed: whether the client is below the minimum rate. @param tick milliseconds. */
  tooSlow(tick: number): boolean {
    return isTooSlow(this.received, ++this.#wantedTicks * tick)
  }
}
