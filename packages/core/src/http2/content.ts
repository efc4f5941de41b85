import type { ServerHttp2Stream } from 'node:http2'
import { BodyDecoder, BodyEvent, BodyKind, Expectation } from '@spillway/parser'
import { isTrailerField, trailerSection } from '@spillway/parser/serialize'
import type { RequestContext } from '../exchange/request-context.ts'
import { AbortedError, unreadContent } from '../exchange/errors.ts'
import type { Http2Head } from './head.ts'
import { bodyLimits, isTooSlow } from '../server/options.ts'
import { type BodyPort, RequestBody } from '../exchange/request-body.ts'
import type { ServerCore } from '../server/server-core.ts'

type Trailers = RequestBody['trailers']

/** The content of one request of HTTP/2, read no faster than it is wanted. */
export class Http2Content implements BodyPort {
  readonly #core: ServerCore
  readonly #stream: ServerHttp2Stream
  /** Null: it is not known. */
  readonly #length: number | null
  #continueAwaited: boolean
  #body: RequestBody | undefined
  #trailers: Trailers = null
  #reading = false
  #closed = false
  #waitedTicks = 0
  #received = 0
  /** Ticks of the server's clock, 0 for none. */
  #deadline = 0

  constructor(core: ServerCore, stream: ServerHttp2Stream, head: Http2Head) {
    this.#core = core
    this.#stream = stream
    this.#length = stream.endAfterHeaders ? 0 : (head.contentLength ?? null)
    this.#continueAwaited = head.expectation === Expectation.Continue && !stream.endAfterHeaders
  }

  /** Whether nothing more of it can come. */
  get complete(): boolean {
    return this.#stream.endAfterHeaders || this.#stream.readableEnded
  }

  open(context: RequestContext): RequestBody {
    const body = (this.#body = new RequestBody(this, this.#length, this.#core.limits.bodyBytes))
    if (this.#closed) body.fail(context.aborted ?? unreadContent())
    return body
  }

  demand(): void {
    if (this.#closed || this.#stream.endAfterHeaders) return
    if (this.#continueAwaited) this.#continue()
    if (!this.#reading) this.#startReading()
    this.#stream.resume()
    this.#deadline = this.#core.clock.after(this.#core.timeouts.bodyIdle)
  }

  /** Nobody may read any more. */
  close(): void {
    this.#closed = true
    this.#deadline = 0
  }

  onTick(now: number): void {
    if (this.#deadline === 0) return
    const waited = ++this.#waitedTicks * this.#core.clock.interval
    if (now < this.#deadline && !isTooSlow(this.#received, waited)) return
    this.#deadline = 0
    this.#body!.fail(new AbortedError('timeout', 'The request content came too slowly'))
  }

  #continue(): void {
    this.#continueAwaited = false
    if (!this.#stream.headersSent && !this.#stream.destroyed) this.#stream.additionalHeaders({ ':status': 100 })
  }

  #startReading(): void {
    this.#reading = true
    this.#stream.on('data', (chunk: Uint8Array) => this.#onData(chunk))
    this.#stream.on('trailers', (_headers: unknown, _flags: number, raw: readonly string[]) => {
      this.#trailers = readTrailers(raw, this.#core)
    })
    this.#stream.on('end', () => {
      this.#deadline = 0
      // Node says so too when the stream was reset; then it is not the end of the content.
      if (this.#stream.closed) return
      this.#body!.end(this.#trailers)
    })
  }

  #onData(chunk: Uint8Array): void {
    const body = this.#body!
    this.#received += chunk.length
    body.push(chunk)
    // What is not read stays within the stream's window; the client has to wait (RFC 9113 §5.2).
    if (body.full) this.#stream.pause()
    this.#deadline = body.full || !body.waiting ? 0 : this.#core.clock.after(this.#core.timeouts.bodyIdle)
  }
}

/** Trailer fields by the rules that trailers of chunked content have. */
function readTrailers(raw: readonly string[], core: ServerCore): Trailers {
  const fields: [string, string][] = []
  for (let i = 0; i < raw.length; i += 2) if (isTrailerField(raw[i]!)) fields.push([raw[i]!, raw[i + 1]!])
  try {
    const bytes = trailerSection(fields)
    const decoder = new BodyDecoder(bodyLimits(core.limits))
    decoder.reset(BodyKind.Chunked, 0)
    return decoder.next(bytes, 0, bytes.length) === BodyEvent.End ? decoder.trailers : null
  } catch {
    return null
  }
}
