// One request and its reply on an HTTP/2 stream.
import { ErrorCode, type Http2Machine, type Http2Request, type Http2Stream } from '@spillway/parser/http2'
import { ContentFraming, connectRefused } from '../exchange/content.ts'
import { type ReplyTarget, deliver } from '../exchange/dispatch.ts'
import { type AbortedBy, AbortedError, type Outcome, abortMessage } from '../exchange/errors.ts'
import type { Reply, TakeOver } from '../exchange/reply.ts'
import { type FieldsInit, ReplyHeaders, addHeaders } from '../exchange/reply-headers.ts'
import { ReplyStream, type StreamEnd, trailerFields } from '../exchange/reply-stream.ts'
import type { Scope } from '../exchange/scope.ts'
import { dropSource } from '../exchange/source.ts'
import { type BodyPort, RequestBody } from '../exchange/request-body.ts'
import type { ContextPort, RequestContext } from '../exchange/request-context.ts'
import { type ConnectionLog, endIsWatched } from '../server/connection-log.ts'
import type { ServerCore } from '../server/server-core.ts'
import type { Holding } from '../transport/holding.ts'
import type { Peer } from '../transport/transport.ts'
import { Http2Context } from './context.ts'
import { Incoming } from './incoming.ts'
import { Outgoing, type OutgoingOwner } from './outgoing.ts'
import type { Finished, StreamSender } from './output.ts'
import { type ReplyHeads, fieldsOf } from './reply-heads.ts'
import { type Http2Plan, planHttp2 } from './reply-plan.ts'
import { StreamTunnel } from './tunnel.ts'

/** What an exchange needs of its connection. */
export interface Http2Owner extends OutgoingOwner {
  readonly machine: Http2Machine
  readonly heads: ReplyHeads
  readonly log: ConnectionLog
  readonly peer: Peer
  readonly draining: boolean
  /** Whether content may be sent at once, because nothing has to go first. */
  readonly isFree: boolean
  /** Has the output sent at the end of this turn of the event loop. */
  scheduleFlush(): void
  /** The handler has returned. */
  handled(): void
  /** The reply is in the output. */
  finished(exchange: Http2Exchange): void
  /** Nobody reads the content that is still arriving. */
  refuseContent(stream: Http2Stream): void
  ended(): void
}

/** For a request without content: there is nothing to demand. */
const nobody: BodyPort = { demand() {} }

/** One stream of an HTTP/2 connection: a request and its reply (RFC 9113 §8.1). */
export class Http2Exchange implements ContextPort, ReplyTarget, StreamEnd, StreamSender, Finished {
  readonly context: RequestContext
  readonly #core: ServerCore
  readonly #owner: Http2Owner
  readonly #stream: Http2Stream
  readonly #incoming: Incoming | undefined
  #outgoing: Outgoing | undefined = undefined
  #trailers: (() => FieldsInit) | undefined = undefined
  /** For CONNECT: what the stream becomes when somebody takes it over. Until then, incoming data waits there. */
  readonly #tunnel: StreamTunnel | undefined
  #isHandled = false
  #replied = false
  /** Whether all of the reply is in the output. */
  #isComplete = false
  #over = false
  /** Bytes of content that were sent at once. */
  #sent = 0
  /** For the exchange as a whole. In ticks of the server's clock, 0 for none. */
  readonly #deadline: number

  constructor(core: ServerCore, owner: Http2Owner, stream: Http2Stream, head: Http2Request, exchange: number) {
    this.#core = core
    this.#owner = owner
    this.#stream = stream
    const isTunnel = head.method === 'CONNECT'
    this.#tunnel = isTunnel ? new StreamTunnel(core, owner, stream, (error) => this.#tunnelFailed(error)) : undefined
    const hasContent = stream.openIn && !isTunnel
    this.#incoming = hasContent ? new Incoming(core, owner.machine, stream, this, head.expectation === 1) : undefined
    this.context = new Http2Context(this, head, exchange)
    this.#deadline = core.requestDeadline()
  }

  /** Runs the handler. */
  begin({ expectation, bytes }: Http2Request): void {
    this.#core.begin(this.context, expectation, this, this.#owner.log, bytes)
  }

  get peer(): Peer {
    return this.#owner.peer
  }

  get draining(): boolean {
    return this.#owner.draining
  }

  held(holding: Holding): number {
    const head = (this.#stream.head as Http2Request).bytes
    return head + this.context.bufferedBody + (this.#outgoing?.held(holding) ?? 0) + (this.#tunnel?.held ?? 0)
  }

  /** Whether something is waiting for the client to open windows, or to read. */
  get isWaiting(): boolean {
    return this.#outgoing !== undefined && this.#outgoing.length > 0 && this.#stream.openOut
  }

  openBody(context: RequestContext): RequestBody {
    if (this.#incoming) return this.#incoming.open(context)
    return new RequestBody(nobody, 0, this.#core.limits.bodyBytes)
  }

  sendContinue(): void {
    if (!this.#replied && this.#stream.openOut) this.interim(this.context, 100, new ReplyHeaders())
  }

  scheduleFlush(): void {
    this.#owner.scheduleFlush()
  }

  interim(_context: RequestContext, status: number, headers: ReplyHeaders): void {
    if (this.#replied || !this.#stream.openOut) return
    this.#owner.machine.send(this.#stream, [[':status', String(status)], ...fieldsOf(headers)], false)
    this.#owner.scheduleFlush()
  }

  // ── incoming ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param chunk lent. */
  onData(chunk: Uint8Array): void {
    if (this.#tunnel) this.#tunnel.transport.receive(Buffer.from(chunk))
    else this.#incoming!.onData(this.context.body, chunk)
  }

  onEnd(trailers: RequestBody['trailers']): void {
    if (this.#tunnel) this.#tunnel.transport.receive(null)
    else this.#incoming!.onEnd(this.context.body, trailers)
  }

  // ── the reply ──────────────────────────────────────────────────────────────────────────────────────────────────

  reply(context: RequestContext, reply: Reply): void {
    this.#handled()
    this.#answer(context, reply)
  }

  fail(context: RequestContext, error: unknown): void {
    this.#handled()
    if (this.#over || this.#replied) return
    // The handler stopped because the client has gone: that is not an answer, and nobody is waiting for one.
    if (!this.#stream.openIn && context.stoppedBy(error)) this.cut('peer', ErrorCode.Cancel)
    else deliver(context, this.#core.errorReply(error, context, this), this)
  }

  resume(): void {
    this.#owner.scheduleFlush()
  }

  #handled(): void {
    if (this.#isHandled) return
    this.#isHandled = true
    this.#owner.handled()
  }

  #answer(context: RequestContext, reply: Reply): void {
    const { body } = reply
    const report = (error: unknown): void => this.report(error, context)
    if (this.#over || this.#replied) return dropSource(body, new AbortedError('peer', abortMessage.peer), report)
    try {
      this.#send(reply)
    } catch (error) {
      dropSource(body, error, report)
      this.#send(this.#core.unsendable(error, context))
    }
  }

  /** @throws when the reply cannot be sent; then nothing was sent. */
  #send(reply: Reply): void {
    if (typeof reply.body === 'string' && this.#sendKnown(reply, reply.body)) return
    const { context } = this
    if (reply.takeOver && reply.status === 0) return this.#takeOver(reply.takeOver)
    // In HTTP/1.1 such a reply means that there was no upgrade; here any 2xx would mean that there was one (RFC 8441 §5).
    if (context.protocol !== '' && reply.status < 300 && !reply.takeOver) throw connectRefused('GET, HEAD')
    const plan = planHttp2(reply, context.method)
    const { content, streamed, length } = plan
    const outgoing = plan.source === null ? undefined : this.#queueOf(plan)
    const hasMore = streamed || content !== null || reply.trailers !== undefined
    const ends = context.method === 'HEAD' || !(hasMore || reply.takeOver)
    this.#owner.heads.write(this.#stream, reply, length, ends)
    this.#begun(reply.status)
    if (reply.takeOver) return this.#takeOver(reply.takeOver)
    if (streamed) return this.#startStream(outgoing!, reply.trailers)
    outgoing?.source?.stop(undefined)
    if (!ends && !this.#sendWhole(content, reply.trailers)) return
    this.#complete()
  }

  /** A small reply that was sent before. */
  #sendKnown({ status, flat, trailers, takeOver }: Reply, text: string): boolean {
    const isContent = trailers === undefined && takeOver === undefined && this.#tunnel === undefined
    if (!isContent || this.context.method === 'HEAD') return false
    const owner = this.#owner
    const known = owner.heads.recall(status, text, flat)
    if (known === undefined) return false
    const { content } = known
    const { machine } = owner
    if (!owner.isFree || machine.room(this.#stream) < content.length) return false
    machine.knownHead(this.#stream, known.block, false)
    this.#begun(status)
    machine.data(this.#stream, content, 0, content.length, true)
    this.#sent = content.length
    this.#complete()
    return true
  }

  #begun(status: number): void {
    this.#replied = true
    this.context.status = status
    this.#owner.log.reply(this.context, true)
  }

  /** Sends content that is in memory, if nothing prevents that; otherwise it waits. Returns whether it was sent. */
  #sendWhole(content: Uint8Array | null, trailers: (() => FieldsInit) | undefined): boolean {
    const { machine, isFree } = this.#owner
    if (content && !trailers && isFree && content.length <= machine.room(this.#stream)) {
      machine.data(this.#stream, content, 0, content.length, true)
      this.#sent = content.length
      return true
    }
    const outgoing = (this.#outgoing = new Outgoing(machine, this.#stream, this.#owner))
    if (content) outgoing.appendBytes(content)
    this.#finishWith(outgoing, trailers)
    return false
  }

  /** @throws when the source cannot be read. */
  #queueOf({ source, length }: Http2Plan): Outgoing {
    const outgoing = new Outgoing(this.#owner.machine, this.#stream, this.#owner)
    // HTTP/2 itself marks the end of content.
    const framing = length < 0 ? ContentFraming.UntilClose : ContentFraming.Length
    outgoing.source = new ReplyStream(outgoing, source, framing, length, undefined, (error) =>
      this.report(error, this.context),
    )
    return outgoing
  }

  #startStream(outgoing: Outgoing, trailers: (() => FieldsInit) | undefined): void {
    this.#outgoing = outgoing
    this.#trailers = trailers
    void outgoing.source!.run(this)
  }

  streamEnded(): void {
    this.#finishWith(this.#outgoing!, this.#trailers)
    this.#owner.scheduleFlush()
  }

  /** All content is there; what remains is its end. */
  #finishWith(outgoing: Outgoing, trailers: (() => FieldsInit) | undefined): void {
    try {
      const fields = new ReplyHeaders()
      if (trailers) addHeaders(fields, trailerFields(trailers()))
      outgoing.source = undefined
      outgoing.finish(fields.size === 0 ? undefined : [...fieldsOf(fields)])
    } catch (error) {
      this.streamFailed(error)
    }
  }

  streamFailed(error: unknown, scope?: Scope): void {
    this.context.scope = scope ?? this.context.scope
    if (this.context.stoppedBy(error)) return this.cut('peer', ErrorCode.Cancel)
    this.#core.report(error, this.context)
    this.cut('handler', ErrorCode.InternalError, error)
  }

  /** Puts one frame of the reply's content into the output; false when no more can be sent now. */
  move(): boolean {
    const outgoing = this.#outgoing!
    const more = outgoing.move()
    if (outgoing.isOver) {
      if (this.#isTaken) this.#tunnel!.transport.sideEnded()
      else this.#complete()
    }
    return more
  }

  #complete(): void {
    this.#isComplete = true
    this.context.dropBody()
    this.#incoming?.close()
    this.#tunnel?.transport.close()
    if (this.#stream.openIn) this.#owner.refuseContent(this.#stream)
    this.#owner.finished(this)
  }

  /** From here on the stream belongs to its new owner. */
  #takeOver(takeOver: TakeOver): void {
    const tunnel = this.#tunnel!
    this.#outgoing = tunnel.transport.outgoing
    this.#isComplete = true
    this.#owner.finished(this)
    if (this.draining) tunnel.view.onShutdown()
    tunnel.begin(takeOver)
  }

  #tunnelFailed(error: unknown): void {
    this.#core.report(error, this.context)
    this.#tunnel!.transport.destroy()
  }

  // ── ending ─────────────────────────────────────────────────────────────────────────────────────────────────────

  get observed(): boolean {
    return this.context.observed || endIsWatched()
  }

  /** The reply is in the output. @param ok whether it has been sent. */
  sent(ok: boolean): void {
    if (ok) this.#end({ kind: 'sent', status: this.context.status, bytes: this.#bytes })
    else this.#fall('peer')
  }

  get #isTaken(): boolean {
    return this.#tunnel !== undefined && this.#tunnel.isTaken
  }

  get #bytes(): number {
    return this.#sent + (this.#isTaken ? 0 : (this.#outgoing?.sent ?? 0))
  }

  /** The exchange will never be complete, because the stream or the connection has ended. */
  abort(by: AbortedBy, error?: unknown): void {
    this.#tunnel?.transport.close(error instanceof Error ? error : new AbortedError(by, abortMessage[by]))
    if (!this.#isComplete) this.#fall(by, error)
  }

  #fall(by: AbortedBy, error?: unknown): void {
    if (this.#over) return
    const bytes = this.#bytes
    const reason = new AbortedError(by, abortMessage[by])
    this.#outgoing?.stop(error ?? reason)
    this.context.abort(reason)
    const { status } = this.context
    this.#end({ kind: 'aborted', by, status, bytes, ...(error !== undefined && { error }) })
  }

  /** Ends the exchange and its stream. */
  cut(by: AbortedBy, code: ErrorCode, error?: unknown): void {
    this.abort(by, error)
    this.#owner.machine.reset(this.#stream, code)
    this.#owner.scheduleFlush()
  }

  report(error: unknown, context: RequestContext | undefined = this.context): void {
    this.#core.report(error, context)
  }

  #end(outcome: Outcome): void {
    if (this.#over) return
    this.#over = true
    this.#incoming?.close()
    this.context.finish(outcome)
    this.#owner.log.end(this.context, outcome)
    this.#owner.ended()
  }

  /** The client will send nothing more: the handler is told, and its reply is still sent. Returns whether that was in mid-message. */
  onPeerEnd(): boolean {
    // A protocol that took the stream over has to end on its stream: otherwise it is lost.
    if (this.#isComplete && !this.#isTaken) return false
    const isHalf = this.#stream.openIn || this.#isTaken
    if (isHalf) this.cut('peer', ErrorCode.Cancel)
    else this.context.abort(new AbortedError('peer', 'The client ended the connection'))
    return isHalf
  }

  /** Shutdown begins. */
  shutdown(): void {
    this.context.shutdown()
    if (this.#isTaken) this.#tunnel!.view.onShutdown()
  }

  onTick(now: number): void {
    if (this.#isTaken) {
      if (this.#tunnel!.isSilent(now)) this.cut('timeout', ErrorCode.Cancel)
    } else if (this.#deadline !== 0 && now >= this.#deadline && !this.#isComplete) this.#expire()
    else this.#incoming?.onTick(now)
  }

  #expire(): void {
    const { context } = this
    if (this.#replied) return this.cut('timeout', ErrorCode.Cancel)
    context.abort(new AbortedError('timeout', 'The request took too long'))
    this.#answer(context, this.#core.requestTimeoutReply(context, this.#stream.openIn))
    this.#owner.scheduleFlush()
  }
}
