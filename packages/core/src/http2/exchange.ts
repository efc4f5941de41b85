import { type ServerHttp2Stream, constants } from 'node:http2'
import type { ConnectionLog } from '../server/connection-log.ts'
import type { Context } from '../exchange/context.ts'
import { type ContextPort, RequestContext } from '../exchange/request-context.ts'
import { type ReplyTarget, answerWith } from '../exchange/dispatch.ts'
import { type AbortedBy, AbortedError, HttpError, type Outcome, abortMessage } from '../exchange/errors.ts'
import { Http2Content } from './content.ts'
import type { Http2Head } from './head.ts'
import { type Http2Plan, fieldsOf, planHttp2 } from './reply-plan.ts'
import type { Reply } from '../exchange/reply.ts'
import { type HeadersInit, ReplyHeaders, addHeaders } from '../exchange/reply-headers.ts'
import { ReplyStream, type StreamEnd, type StreamSink, trailerFields } from '../exchange/reply-stream.ts'
import { dropSource } from '../exchange/source.ts'
import { ContentFraming } from '../exchange/content.ts'
import type { RequestBody } from '../exchange/request-body.ts'
import type { ServerCore } from '../server/server-core.ts'
import type { Holding } from '../transport/holding.ts'
import type { Peer } from '../transport/transport.ts'

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants

/** What an exchange needs of its connection. */
export interface Http2Owner {
  readonly log: ConnectionLog
  readonly peer: Peer
  readonly draining: boolean
  ended(exchange: Http2Exchange): void
}

class Http2Context extends RequestContext {
  override get httpVersion(): Context['httpVersion'] {
    return '2.0'
  }

  override upgrade(): Reply {
    throw new HttpError(501, 'Connections of HTTP/2 carry many requests and cannot be upgraded')
  }
}

/** One stream of an HTTP/2 connection: a request and its reply (RFC 9113 §8.1). */
export class Http2Exchange implements ContextPort, ReplyTarget, StreamSink, StreamEnd {
  readonly #core: ServerCore
  readonly #owner: Http2Owner
  readonly #stream: ServerHttp2Stream
  readonly #context: RequestContext
  readonly #content: Http2Content
  #source: ReplyStream | undefined
  #pending: Uint8Array[] = []
  #replied = false
  #over = false
  #sent = 0
  #writeDeadline = 0
  /** Of the exchange as a whole. */
  readonly #deadline: number
  readonly #headBytes: number

  constructor(core: ServerCore, owner: Http2Owner, stream: ServerHttp2Stream, head: Http2Head, exchange: number) {
    this.#core = core
    this.#owner = owner
    this.#stream = stream
    this.#content = new Http2Content(core, stream, head)
    this.#context = new Http2Context(this, head.snapshot, false, exchange)
    this.#deadline = core.requestDeadline()
    this.#headBytes = head.bytes
    stream.on('error', ignore)
    stream.on('close', () => this.#closed())
    stream.on('drain', () => this.#drained())
  }

  /** Runs the handler. */
  begin(head: Http2Head): void {
    const context = this.#context
    this.#owner.log.request(context, head.bytes)
    this.#core.answer(context, head.expectation, this)
  }

  get peer(): Peer {
    return this.#owner.peer
  }

  get draining(): boolean {
    return this.#owner.draining
  }

  held(holding: Holding): number {
    return (
      this.#headBytes + this.#context.bufferedBody + this.#stream.writableLength + (this.#source?.held(holding) ?? 0)
    )
  }

  openBody(context: RequestContext): RequestBody {
    return this.#content.open(context)
  }

  interim(_context: RequestContext, status: number, headers: ReplyHeaders): void {
    if (this.#replied || this.#stream.destroyed) return
    this.#stream.additionalHeaders({ ...fieldsOf(headers), ':status': status })
  }

  // ── the reply ──────────────────────────────────────────────────────────────────────────────────────────────────

  reply(context: RequestContext, reply: Reply): void {
    if (this.#over || this.#replied || this.#stream.closed)
      return dropSource(reply.body, new AbortedError('peer', abortMessage.peer), (error) => this.report(error, context))
    try {
      this.#send(reply)
    } catch (error) {
      dropSource(reply.body, error, (second) => this.report(second, context))
      this.#send(this.#core.unsendable(error, context))
    }
  }

  fail(context: RequestContext, error: unknown): void {
    if (!this.#over && !this.#replied) answerWith(context, this.#core.errorReply(error, context), this)
  }

  resume(): void {}

  /** @throws when the reply cannot be sent; nothing was sent then. */
  #send(reply: Reply): void {
    const context = this.#context
    const plan = planHttp2(reply, context.method)
    const { headers, content, streamed } = plan
    // A source that cannot be read throws here.
    const source = this.#sourceOf(plan)
    if (streamed) this.#stream.on('wantTrailers', () => this.#sendTrailers(reply.trailers))
    // Throws when Node finds a field that cannot be repeated. The end of streamed content is left to the trailers, or
    // Node would say it even when the stream is reset before.
    this.#stream.respond(headers, { endStream: !streamed && content === null, waitForTrailers: streamed })
    this.#replied = true
    context.status = reply.status
    this.#owner.log.reply(context, true)
    if (streamed) {
      this.#source = source
      return void source!.run(this)
    }
    source?.stop(undefined)
    if (content) {
      this.#sent += content.length
      this.#stream.end(content)
    }
    this.#finish()
    this.#refuseContent()
  }

  #sourceOf({ source, length }: Http2Plan): ReplyStream | undefined {
    // HTTP/2 says itself where content ends.
    const framing = length < 0 ? ContentFraming.UntilClose : ContentFraming.Length
    return source === null
      ? undefined
      : new ReplyStream(this, source, framing, length, undefined, (error) => this.report(error, this.#context))
  }

  append(text: string): void {
    this.#pending.push(Buffer.from(text, 'latin1'))
  }

  appendBytes(bytes: Uint8Array): void {
    this.#pending.push(bytes)
  }

  /** HTTP/2 holds bytes back for its own windows, and does not tell when they have left. */
  get left(): boolean {
    return false
  }

  commit(): boolean {
    let ready = true
    for (const bytes of this.#pending.splice(0)) {
      this.#sent += bytes.length
      if (!this.#stream.destroyed) ready = this.#stream.write(bytes)
    }
    if (!ready) this.#writeDeadline = this.#core.clock.after(this.#core.timeouts.writeStall)
    return ready
  }

  #drained(): void {
    this.#writeDeadline = 0
    this.#source?.resume()
  }

  streamEnded(): void {
    this.#source = undefined
    this.#stream.end()
    this.#finish()
  }

  streamFailed(error: unknown): void {
    this.#core.report(error, this.#context ?? null)
    this.#cut('handler', NGHTTP2_INTERNAL_ERROR, error)
  }

  /** All content is out; now for its end. */
  #sendTrailers(trailers: (() => HeadersInit) | undefined): void {
    if (this.#over) return
    try {
      const fields = new ReplyHeaders()
      if (trailers) addHeaders(fields, trailerFields(trailers()))
      this.#stream.sendTrailers(fieldsOf(fields))
      // Behind what was just sent.
      setImmediate(() => this.#refuseContent())
    } catch (error) {
      this.streamFailed(error)
    }
  }

  /** All of the reply was handed over. */
  #finish(): void {
    this.#context.dropBody()
    this.#content.close()
    if (this.#stream.destroyed) return
    this.#writeDeadline = this.#core.clock.after(this.#core.timeouts.writeStall)
  }

  /** Content that nobody reads need not be sent (RFC 9113 §8.1). */
  #refuseContent(): void {
    const stream = this.#stream
    if (this.#content.complete) return
    // Not before its end has left: Node spins for good over one that is closed meanwhile, when its session ends.
    if (stream.writableFinished) stream.close(NGHTTP2_NO_ERROR)
    else stream.once('finish', () => stream.close(NGHTTP2_NO_ERROR))
  }

  // ── ending ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #closed(): void {
    const isSent = this.#replied && this.#stream.writableFinished && !this.#source
    if (isSent) this.#end({ kind: 'sent', status: this.#context.status, bytes: this.#sent })
    else this.#abort('peer')
  }

  #abort(by: AbortedBy, error?: unknown): void {
    if (this.#over) return
    const bytes = Math.max(0, this.#sent - this.#stream.writableLength)
    this.#source?.stop(error ?? new AbortedError(by, abortMessage[by]))
    this.#context.abort(new AbortedError(by, abortMessage[by]))
    const { status } = this.#context
    this.#end({ kind: 'aborted', by, status, bytes, ...(error !== undefined && { error }) })
  }

  report(error: unknown, context: RequestContext): void {
    this.#core.report(error, context)
  }

  #end(outcome: Outcome): void {
    if (this.#over) return
    this.#over = true
    this.#content.close()
    this.#writeDeadline = 0
    const context = this.#context
    context.finish(outcome)
    this.#owner.log.end(context, outcome)
    this.#owner.ended(this)
  }

  #cut(by: AbortedBy, code: number, error?: unknown): void {
    this.#abort(by, error)
    this.#stream.close(code)
  }

  /** Shutdown begins. */
  shutdown(): void {
    this.#context.shutdown()
  }

  /** The connection is gone. */
  lost(): void {
    this.#abort('peer')
  }

  /** It may not go on. */
  kill(by: AbortedBy): void {
    this.#cut(by, NGHTTP2_CANCEL)
  }

  onTick(now: number): void {
    if (this.#writeDeadline !== 0 && now >= this.#writeDeadline) return this.#cut('timeout', NGHTTP2_CANCEL)
    if (this.#deadline !== 0 && now >= this.#deadline) return this.#expire()
    this.#content.onTick(now)
  }

  #expire(): void {
    if (this.#replied) return this.#cut('timeout', NGHTTP2_CANCEL)
    const context = this.#context
    context.abort(new AbortedError('timeout', 'The request took too long'))
    this.reply(context, this.#core.requestTimeoutReply(context, !this.#content.complete))
  }
}

function ignore(): void {}
