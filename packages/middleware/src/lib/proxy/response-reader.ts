// Reads responses from the bytes of an upstream connection.
import type { ReplyHeaders } from '@spillway/core'
import { BodyDecoder, BodyEvent, BodyKind, ResponseHead } from '@spillway/parser'
import { type ContentSource, ResponseBody } from './response-body.ts'
import { keepAliveHint, responseFields } from './response-fields.ts'

/** How many interim responses one request may get. */
export const mostInterim = 32

/** The final response to a request; its content may still be arriving. */
export interface Response {
  readonly status: number
  readonly fields: ReplyHeaders
  readonly content: Uint8Array | ResponseBody | null
  /** The trailer fields of content that is complete. */
  readonly trailers: readonly (readonly [string, string])[] | null
}

/** Is told what was read. */
export interface ResponseSink extends ContentSource {
  interim(status: number, fields: ReplyHeaders): void
  response(response: Response): void
  /** Content has arrived, and more is to come. */
  received(body: ResponseBody): void
  /**
   * The response is complete.
   * @param reusable whether the server lets the connection persist, and no bytes have come that belong to no response.
   * @param keepAlive how many seconds the server says it keeps an idle connection.
   */
  complete(reusable: boolean, keepAlive: number | undefined): void
  /** A 101 arrived: what follows is another protocol. */
  switched(fields: ReplyHeaders, leftover: Uint8Array): void
  malformed(what: string): void
}

/**
 * Reads the responses on one connection as strictly as requests are read: anything that could make two readers disagree about
 * where a response ends is malformed. Content that arrived complete together with its head is given out in one piece.
 */
export class ResponseReader {
  /** Whether any byte has arrived since the request. */
  heard: boolean = false
  readonly #sink: ResponseSink
  readonly #head = new ResponseHead()
  readonly #decoder = new BodyDecoder()
  /** The bytes of an incomplete head: the first `#partial` of the buffer. */
  #buffer: Uint8Array = new Uint8Array(0)
  #partial = 0
  #keepable = false
  #interim = 0
  #kind: BodyKind = BodyKind.None
  #keepAlive: number | undefined
  #body: ResponseBody | undefined

  constructor(sink: ResponseSink) {
    this.#sink = sink
  }

  /** A request was sent; what arrives is its response. */
  begin(method: string): void {
    this.#head.requestMethod = method
    this.#interim = 0
    this.#body = undefined
    this.heard = false
  }

  /** The content that is still arriving. */
  get body(): ResponseBody | undefined {
    return this.#body
  }

  /** @param keepable whether the bytes may be kept; otherwise they are lent, and content is copied. */
  read(chunk: Uint8Array, keepable: boolean): void {
    this.#keepable = keepable
    if (this.#body) return this.#readContent(chunk, this.#body)
    this.heard = true
    const buf = this.#partial === 0 ? chunk : this.#append(chunk)
    const end = this.#partial === 0 ? chunk.length : this.#partial
    this.#readHeads(buf, end)
  }

  /** The server has ended its side. Returns whether that is how the response ends. */
  end(): boolean {
    const body = this.#body
    if (!body || this.#kind !== BodyKind.UntilClose) return false
    this.#body = undefined
    this.#sink.complete(false, undefined)
    body.end(null)
    return true
  }

  #readHeads(buf: Uint8Array, end: number): void {
    const head = this.#head
    for (let at = 0; at < end;) {
      const used = head.parse(buf, at, end)
      if (used < 0) return this.#sink.malformed(head.error!)
      if (used === 0) return this.#keep(buf, at, end)
      const { status } = head
      const text = Buffer.prototype.latin1Slice.call(buf, at, at + used)
      at += used
      if (status === 101) return this.#sink.switched(responseFields(head, text), buf.slice(at, end))
      if (status >= 200) return this.#readFinal(text, buf, at, end)
      if (++this.#interim > mostInterim) return this.#sink.malformed('too many interim responses')
      this.#sink.interim(status, responseFields(head, text))
    }
    this.#partial = 0
  }

  /** Appends bytes to those of the incomplete head. */
  #append(chunk: Uint8Array): Uint8Array {
    const end = this.#partial + chunk.length
    if (this.#buffer.length < end) {
      const larger = new Uint8Array(Math.max(end, this.#buffer.length * 2))
      larger.set(this.#buffer.subarray(0, this.#partial))
      this.#buffer = larger
    }
    this.#buffer.set(chunk, this.#partial)
    this.#partial = end
    return this.#buffer
  }

  /** The head that begins at `at` is incomplete: moves it to the start of the buffer. */
  #keep(buf: Uint8Array, at: number, end: number): void {
    if (buf === this.#buffer && at === 0) return
    const rest = buf.slice(at, end)
    this.#partial = 0
    this.#append(rest)
  }

  #readFinal(text: string, buf: Uint8Array, at: number, end: number): void {
    const head = this.#head
    const { status } = head
    const sink = this.#sink
    this.#partial = 0
    if (status > 599) return sink.malformed(`status ${status}`)
    this.#kind = head.bodyKind
    this.#keepAlive = keepAliveHint(head, text)
    const fields = responseFields(head, text)
    if (this.#kind === BodyKind.None) {
      sink.response({ status, fields, content: null, trailers: null })
      return sink.complete(head.keepAlive && at === end, this.#keepAlive)
    }
    this.#decoder.reset(this.#kind, head.contentLength)
    // Copied, because our buffer will be reused.
    if (buf === this.#buffer) this.#keepable = false
    this.#startContent(status, fields, buf.subarray(0, end), at)
  }

  /** The content that the decoder has found in these bytes. */
  #piece(buf: Uint8Array): Uint8Array {
    const piece = buf.subarray(this.#decoder.dataStart, this.#decoder.dataEnd)
    return this.#keepable ? piece : Buffer.from(piece)
  }

  #startContent(status: number, fields: ReplyHeaders, buf: Uint8Array, from: number): void {
    const decoder = this.#decoder
    const pieces: Uint8Array[] = []
    for (let at = from; ; at = decoder.pos) {
      switch (decoder.next(buf, at, buf.length)) {
        case BodyEvent.Data:
          pieces.push(this.#piece(buf))
          continue
        case BodyEvent.End:
          this.#sink.response({ status, fields, content: joined(pieces), trailers: decoder.trailers })
          return this.#complete(buf)
        case BodyEvent.Error:
          return this.#sink.malformed(decoder.error!)
        default: {
          const body = (this.#body = new ResponseBody(this.#sink))
          for (const piece of pieces) body.push(piece)
          this.#sink.response({ status, fields, content: body, trailers: null })
          return this.#sink.received(body)
        }
      }
    }
  }

  #readContent(chunk: Uint8Array, body: ResponseBody): void {
    const decoder = this.#decoder
    for (let at = 0; ; at = decoder.pos) {
      switch (decoder.next(chunk, at, chunk.length)) {
        case BodyEvent.Data:
          body.push(this.#piece(chunk))
          continue
        case BodyEvent.End:
          this.#body = undefined
          this.#complete(chunk)
          return body.end(decoder.trailers)
        case BodyEvent.Error:
          return this.#sink.malformed(decoder.error!)
        default:
          return this.#sink.received(body)
      }
    }
  }

  #complete(buf: Uint8Array): void {
    this.#sink.complete(this.#head.keepAlive && this.#decoder.pos === buf.length, this.#keepAlive)
  }
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}
