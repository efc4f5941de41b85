import { BodyEvent, BodyKind, type ParseErrorCode, type RequestHead, parseErrors } from '@spillway/parser'
import { ConnectionLog } from '../server/connection-log.ts'
import {
  type ConnectionState,
  ReadState,
  WriteState,
  onBroken,
  onClosing,
  onContentEnd,
  onDiscard,
  onHead,
  onLastReply,
  onNext,
  onPeerEnd,
  onReplyEnd,
  onReplyStart,
  onShutdown,
  onUpgrade,
  settle,
} from './connection-state.ts'
import { type ContextPort, RequestContext } from '../exchange/request-context.ts'
import { type ReplyTarget, type Waiter, deliver } from '../exchange/dispatch.ts'
import { refusalText } from '../exchange/refusal-text.ts'
import { type AbortedBy, AbortedError, HttpError, type Outcome, unreadContent } from '../exchange/errors.ts'
import { type CloseReason, channels } from '../server/events.ts'
import type { Reply, TakeOver } from '../exchange/reply.ts'
import type { ReplyHeaders } from '../exchange/reply-headers.ts'
import { ReplySender, type SenderOwner } from './reply-sender.ts'
import { dropSource } from '../exchange/source.ts'
import { ContentFraming } from '../exchange/content.ts'
import { guarded } from '../exchange/guarded.ts'
import { type BodyPort, RequestBody } from '../exchange/request-body.ts'
import type { Scope } from '../exchange/scope.ts'
import { RequestReader } from './request-reader.ts'
import type { Member, ServerCore } from '../server/server-core.ts'
import { StallWatch } from '../server/stall-watch.ts'
import { lingerBytes, shutdownGrace } from '../server/shutdown.ts'
import type { Holding } from '../transport/holding.ts'
import type { Peer, Transport, TransportSink } from '../transport/transport.ts'
import { Tunnel } from '../exchange/tunnel.ts'

/** Heads parsed for one connection before other connections get a turn. */
const headsPerTurn = 64

/**
 * Drives one connection: receives transport events, asks the state functions, calls the handler, sends replies. The rules are
 * elsewhere: `connection-state` decides what follows, `reply-plan` what a reply looks like, the parser what bytes mean.
 */
export class Connection
  implements ConnectionState, TransportSink, ContextPort, BodyPort, ReplyTarget, SenderOwner, Member
{
  read: ReadState = ReadState.Head
  write: WriteState = WriteState.Idle
  persist: boolean = true
  draining: boolean = false
  peerEnded: boolean = false

  turnedAway: boolean = false
  scope: Scope = undefined
  waiter: Waiter | undefined = undefined
  readonly #core: ServerCore
  readonly #transport: Transport
  readonly #reader: RequestReader
  readonly #sender: ReplySender
  readonly #log: ConnectionLog
  /** Set while an exchange is under way. */
  #context: RequestContext | undefined
  #tunnel: Tunnel | undefined
  #peer: Peer | undefined
  #pumping = false
  /** Whether the connection is idle and that has not been published yet. */
  #idleDue = false
  #cutBy: AbortedBy = 'peer'
  /** In ticks of the server's clock, 0 for none. The read state says what this deadline is for. */
  #readDeadline = 0
  /** For the exchange as a whole. */
  #requestDeadline = 0
  /** For the reply, once the client has ended its side; on an upgraded connection, for any progress. */
  #goneDeadline = 0
  /** How much had moved when it was set. */
  #movedBefore = 0
  /** Set while something is waiting for the client to take it. */
  #stall: StallWatch | undefined
  #bytesIn = 0
  /** The size of the current request's head. */
  #headBytes = 0
  #lingered = 0

  constructor(core: ServerCore, transport: Transport, id: number) {
    this.#core = core
    this.#transport = transport
    this.#reader = new RequestReader(core, transport)
    this.#sender = new ReplySender(transport, this)
    this.#log = new ConnectionLog(core.server, id)
    this.#readDeadline = core.clock.after(core.timeouts.head)
    transport.attach(this)
  }

  /** Whether a request is being read or answered. */
  get active(): boolean {
    return this.#context !== undefined || this.#reader.head !== undefined
  }

  /** Whether a message has begun to arrive whose end has not. */
  get receiving(): boolean {
    return this.#reader.head !== undefined || this.read === ReadState.Body || this.read === ReadState.Discard
  }

  get moved(): number {
    const out = this.#sender.output.total + (this.#tunnel?.written ?? 0)
    return this.#bytesIn + out - this.#transport.bufferedBytes
  }

  held(holding: Holding): number {
    if (this.#tunnel) return this.#tunnel.held
    return this.#reader.held(this.#context) + (this.#context ? this.#headBytes : 0) + this.#sender.held(holding)
  }

  get id(): number {
    return this.#log.id
  }

  get peer(): Peer {
    return (this.#peer ??= this.#transport.peer)
  }

  // ── events of the transport ────────────────────────────────────────────────────────────────────────────────────

  onData(chunk: Uint8Array, keepable: boolean): void {
    this.#bytesIn += chunk.length
    if (this.read === ReadState.Upgraded) return this.#tunnel!.onData(chunk, keepable)
    if (this.read === ReadState.Closed) return this.#drop(chunk.length)
    this.#reader.input.append(chunk, keepable)
    this.#pump()
    this.#sender.flush()
  }

  onDrain(): void {
    if (this.read === ReadState.Upgraded) return this.#tunnel!.onDrain()
    this.#stall = undefined
    this.#sender.resume()
    this.#pump()
    this.#sender.flush()
  }

  onEnd(): void {
    if (this.read === ReadState.Upgraded) return this.#tunnel!.onEnd()
    // Ending in the middle of a message is not a normal end (RFC 9112 §8).
    if (this.read === ReadState.Body || this.read === ReadState.Discard) this.#log.because('client-gone')
    onPeerEnd(this)
    this.#awaitReply()
    // decision 004
    // The client may only have finished sending: the handler is told, and its reply is still sent.
    if (this.write !== WriteState.Done)
      this.#context?.abort(new AbortedError('peer', 'The client ended the connection'))
    this.#pump()
    this.#sender.flush()
  }

  onClose(error?: Error): void {
    this.#tunnel?.onClose(error)
    const context = this.#context
    // How another protocol ends is its own business.
    if (error && !this.#tunnel) this.#log.failed(error, this.peerEnded)
    else if (context || this.#reader.head) this.#log.because('client-gone')
    onClosing(this)
    this.#reader.release()
    this.#sender.stop(error)
    this.#context = undefined
    this.#reader.input.clear()
    if (context) this.#sender.abort(context, this.#cutBy, error)
    this.#core.remove(this)
    this.#log.close(this, this.#bytesIn, this.#sender.output.total + (this.#tunnel?.written ?? 0))
  }

  // ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Does everything that can be done now. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    let heads = headsPerTurn
    for (let going = true; going;) {
      switch (settle(this)) {
        case 'wait':
          going = this.#receive()
          break
        case 'next':
          if (this.#sender.full) this.#sender.flush()
          // Replies must be sent before the next request is read, or a client that does not read would fill our memory.
          if (this.#sender.output.congested) going = false
          else if (--heads === 0) going = this.#yield()
          else this.#next()
          break
        case 'discard':
          this.#discard()
          break
        default:
          this.#leave()
          going = false
      }
    }
    this.#pumping = false
    if (this.peerEnded && this.read === ReadState.Head) {
      // Every request that came before the end is answered.
      if (this.#reader.head) this.#log.because('client-gone')
      else this.#log.planned('client-closed')
      this.#leave()
    }
    if (this.#reader.continueAwaited && this.#reader.wanted) this.#continue()
    this.#reader.input.keepRest()
    this.#throttle()
  }

  /** Gives other connections a turn, and continues afterwards. */
  #yield(): false {
    setImmediate(() => this.resume())
    return false
  }

  /** Continues after something that happened outside a turn of the transport. */
  resume(): void {
    this.#pump()
    this.#sender.scheduleFlush()
  }

  #next(): void {
    onNext(this)
    this.#context = undefined
    this.#readDeadline = this.draining ? this.#core.clock.after(shutdownGrace) : this.#core.idleDeadline()
    if (!channels.idle.hasSubscribers) return
    this.#idleDue = this.#reader.input.length === 0
    this.#announceIdle()
  }

  /** Publishes that the connection is waiting for another request, after the end of the last one has been published. */
  #announceIdle(): void {
    if (!this.#idleDue || this.#sender.finishing) return
    this.#idleDue = false
    this.#log.idle()
  }

  /** Parses what there is; false when more bytes are needed to go on. */
  #receive(): boolean {
    if (this.#reader.input.length === 0) return false
    if (this.read === ReadState.Head) return this.#receiveHead()
    if (this.read === ReadState.Body || this.read === ReadState.Discard) return this.#receiveContent()
    return false
  }

  #receiveHead(): boolean {
    const reader = this.#reader
    const isNew = !reader.head
    if (isNew) this.#log.head()
    const head = reader.parseHead()
    if (!head) return this.#awaitHead(isNew)
    if (head.error !== undefined) return this.#refuse(head)
    this.#exchange(head)
    return true
  }

  // decision 036
  /** A request has come: an exchange begins. */
  #exchange(head: RequestHead): void {
    const { input } = this.#reader
    const { bodyKind, expectation, headEnd: used } = head
    const snapshot = head.snapshot(input.buf, input.pos, input.decoder(input.pos + used, bodyKind !== BodyKind.None))
    const context = new RequestContext(this, snapshot, head.upgrade, ++this.#log.requests)
    input.pos += used
    this.#begin(context, head)
    this.#headBytes = used
    this.#core.answering = this
    this.#core.begin(context, expectation, this, this.#log, used)
    this.#core.answering = undefined
  }

  /** A part of a head has arrived. */
  #awaitHead(isNew: boolean): false {
    // One deadline for the whole head: bytes that trickle in do not reset it. For the first head it starts at accept.
    if (isNew && this.#log.requests > 0) this.#readDeadline = this.#core.clock.after(this.#core.timeouts.head)
    return false
  }

  /** A request begins: the connection's state follows from its facts. */
  #begin(context: RequestContext, head: RequestHead): void {
    const { keepAlive } = head
    const hasContent = head.bodyKind !== BodyKind.None
    const persist = keepAlive && this.#log.requests !== this.#core.limits.requestsPerConnection
    if (!persist) this.#log.planned(keepAlive ? 'max-requests' : head.minorVersion === 0 ? 'http-1.0' : 'client-asked')
    if (hasContent) context.contentLength = this.#reader.begin(head)
    onHead(this, hasContent, persist)
    this.#context = context
    this.#readDeadline = 0
    this.#requestDeadline = this.#core.requestDeadline()
    if (this.peerEnded) this.#awaitReply()
  }

  /** Nothing more can come from the client: it is waiting for the reply, or has left. */
  #awaitReply(): void {
    this.#goneDeadline = this.#core.clock.after(this.#core.timeouts.halfClosed)
    this.#movedBefore = this.moved
  }

  #receiveContent(): boolean {
    const { content } = this.#reader
    const body = this.read === ReadState.Body ? this.#context!.body : undefined
    switch (this.#reader.receive(body)) {
      case BodyEvent.End:
        this.#readDeadline = 0
        onContentEnd(this)
        return true
      case BodyEvent.Error:
        this.#parseFailed(content.error!, content.errorOffset)
        this.#core.contentInvalid(content.error!, this, this.#reader.input.length)
        onBroken(this)
        // The handler's read fails with the status of the error; a handler that does not read may reply as it likes.
        body?.fail(parseFailure(content.error!))
        return true
      default:
        if (body || content.discarded <= this.#core.limits.discardBytes) return false
        this.#log.because('unread-content')
        onBroken(this)
        return true
    }
  }

  #discard(): void {
    onDiscard(this)
    this.#reader.content.discard()
    this.#context?.dropBody()
    this.#readDeadline = this.#core.clock.after(this.#core.timeouts.bodyIdle)
  }

  #throttle(): void {
    const { clock, timeouts } = this.#core
    const body = this.read === ReadState.Body ? this.#context!.body : undefined
    const paused = this.#reader.throttle(this.read, body)
    if (body) this.#readDeadline = this.#reader.wanted && !paused ? clock.after(timeouts.bodyIdle) : 0
  }

  openBody(context: RequestContext): RequestBody {
    const body = new RequestBody(this, context.contentLength, this.#core.limits.bodyBytes)
    // Too late: its content has been dropped, or was cut off.
    const late = this.#context !== context || this.read !== ReadState.Body
    if (late && context.contentLength !== 0) body.fail(context.aborted ?? unreadContent())
    return body
  }

  demand(body: RequestBody): void {
    if (this.read !== ReadState.Body || !this.#context?.owns(body)) return
    this.#reader.wanted = true
    // Within a turn, content may already be there, and then nothing has to be requested.
    if (this.#pumping) return
    if (this.#reader.continueAwaited) this.#continue()
    this.#throttle()
  }

  #continue(): void {
    this.#reader.continueAwaited = false
    if (this.write === WriteState.Idle && this.read === ReadState.Body) this.#sender.sendInterim(100)
  }

  /** A head that cannot be parsed: the error is the last thing sent on this connection. */
  #refuse(head: RequestHead): true {
    const code = head.error!
    const { method, errorOffset } = head
    const { input } = this.#reader
    const rest = input.length - errorOffset
    this.#parseFailed(code, errorOffset)
    input.clear()
    onBroken(this)
    this.#write(undefined, this.#core.parseErrorReply(code, this, rest), method)
    return true
  }

  #parseFailed(code: ParseErrorCode, offset: number): void {
    const { status } = parseErrors[code]
    this.#log.because(status === 431 || status === 414 ? 'head-too-large' : 'parse-error')
    this.#log.refused(this, code, status, offset)
  }

  // ── answering ──────────────────────────────────────────────────────────────────────────────────────────────────

  reply(context: RequestContext, reply: Reply): void {
    if (this.#context !== context || this.write !== WriteState.Idle) {
      // The client has gone in the meantime.
      const reason = new AbortedError('peer', 'The connection is closed')
      return dropSource(reply.body, reason, (error) => this.report(error, context))
    }
    try {
      this.#write(context, reply, context.method)
    } catch (error) {
      dropSource(reply.body, error, (second) => this.report(second, context))
      this.#write(context, this.#core.unsendable(error, context), context.method)
    }
  }

  fail(context: RequestContext, error: unknown): void {
    if (this.#context !== context || this.write !== WriteState.Idle) return
    // The handler stopped because the client of a complete request has gone: that is not an answer, and nobody is waiting for one.
    if (this.read === ReadState.Hold && context.stoppedBy(error)) this.#cut('peer', 'client-gone')
    else deliver(context, this.#core.errorReply(error, context, this), this)
  }

  interim(context: RequestContext, status: number, headers: ReplyHeaders): void {
    if (this.#context !== context || this.write !== WriteState.Idle || context.head.minorVersion === 0) return
    this.#sender.sendInterim(status, headers)
  }

  report(error: unknown, context: RequestContext | undefined): void {
    this.#core.report(error, context ?? null)
  }

  #write(context: RequestContext | undefined, reply: Reply, method: string): void {
    if (reply.takeOver && reply.status === 0) return this.#upgrade(context, reply.takeOver)
    if (reply.takeOver && this.read !== ReadState.Hold) throw upgradeTooEarly()
    const { facts } = this.#core
    facts.method = method
    facts.minorVersion = context ? context.head.minorVersion : 1
    const ended = this.peerEnded && this.#reader.input.length === 0
    facts.persist =
      !ended && this.persist && !this.draining && !(this.read === ReadState.Body && this.#reader.tooMuchLeft)
    const plan = this.#sender.send(context, reply, facts)
    const { persist, framing } = plan
    if (!persist) this.#last(facts.persist)
    if (context) this.#log.reply(context, persist)
    if (reply.takeOver) this.#upgrade(context, reply.takeOver)
    else if (framing === ContentFraming.Whole) {
      onReplyEnd(this)
      if (context) this.#sender.complete(context)
    } else {
      onReplyStart(this)
      this.#sender.startStream()
    }
  }

  /** The connection ends with this reply. @param allowed whether it could have been kept except for the reply itself. */
  #last(allowed: boolean): void {
    if (this.draining) this.#log.planned('shutdown')
    else if (this.peerEnded) this.#log.planned('client-closed')
    else this.#log.planned(allowed ? 'reply-asked' : 'unread-content')
    onLastReply(this)
  }

  /** @param context undefined when the connection is handed over without a request, because what arrived is not one. */
  #upgrade(context: RequestContext | undefined, takeOver: TakeOver): void {
    onUpgrade(this)
    if (context) {
      this.#log.upgraded()
      context.dropBody()
      this.#sender.complete(context)
    }
    this.#sender.flush()
    this.#context = undefined
    // The deadlines of HTTP no longer apply.
    this.#readDeadline = 0
    this.#requestDeadline = 0
    this.#stall = undefined
    this.#goneDeadline = this.#core.clock.after(this.#core.timeouts.tunnel)
    const failed = (error: unknown): void => {
      this.#core.report(error, context ?? null)
      this.#cut('handler', 'handler-error', error)
    }
    this.#tunnel = new Tunnel(this.#transport, failed)
    if (this.draining) this.#tunnel.onShutdown()
    guarded(takeOver, failed, this.#tunnel, this.#reader.input.take())
  }

  streamEnded(): void {
    onReplyEnd(this)
    this.#sender.complete(this.#context!)
    this.resume()
  }

  streamFailed(error: unknown, scope: Scope): void {
    const context = this.#context
    if (context) context.scope = scope ?? context.scope
    // The content stopped because the client has gone, which is not a failure.
    if (this.#context?.stoppedBy(error)) return this.#cut('peer', 'client-gone')
    this.#core.report(error, this.#context ?? null)
    this.#cut('handler', 'handler-error', error)
  }

  congested(): void {
    if (this.#stall) return
    const { clock, timeouts } = this.#core
    this.#stall = new StallWatch(clock, timeouts.writeStall, this.#transport)
    this.#stall.begin(this.#taken)
  }

  #isStuck(now: number): boolean {
    // After the end of our side, nothing reports that everything has been sent.
    if (this.#transport.bufferedBytes === 0) this.#stall = undefined
    return this.#stall !== undefined && this.#stall.isStuck(now, this.#taken)
  }

  /** Bytes that the operating system has taken. */
  get #taken(): number {
    return this.#sender.output.total - this.#transport.bufferedBytes
  }

  ended(context: RequestContext, outcome: Outcome): void {
    context.finish(outcome)
    this.#log.end(context, outcome)
    this.#announceIdle()
  }

  // ── ending ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends the connection normally: our FIN after the last reply, then some time of reading, so that no reset destroys it. */
  #leave(): void {
    onClosing(this)
    this.#context?.dropBody()
    this.#context = undefined
    this.#reader.release()
    this.#reader.input.clear()
    this.#sender.flush()
    this.#transport.flushed((ok) => {
      if (ok) this.#log.over()
    })
    this.#transport.end()
    this.#readDeadline = this.#core.clock.after(this.#core.timeouts.linger)
  }

  #drop(bytes: number): void {
    this.#lingered += bytes
    if (this.write === WriteState.Closed && this.#lingered > lingerBytes) this.#transport.destroy()
  }

  /** Ends the connection at once, so that an incomplete reply cannot look complete. */
  #cut(by: AbortedBy, reason: CloseReason, error?: unknown): void {
    this.#log.because(reason)
    this.#cutBy = by
    const context = this.#context
    const { untilClose } = this.#sender
    this.#sender.stop(error)
    onClosing(this)
    this.#context = undefined
    // What was produced before the failure is still sent; the end of the message is not.
    this.#sender.flush()
    if (context) this.#sender.abort(context, by, error)
    if (untilClose) this.#transport.reset()
    else this.#transport.destroy()
  }

  /** Shutdown begins: the current exchange is the last, an idle connection gets a short grace. */
  shutdown(): void {
    const context = this.#context
    onShutdown(this)
    if (this.read === ReadState.Upgraded) return this.#tunnel?.onShutdown()
    context?.shutdown()
    if (this.read === ReadState.Head && !this.#reader.head) this.#readDeadline = this.#core.clock.after(shutdownGrace)
  }

  /** Shutdown's deadline has passed. */
  kill(): void {
    this.#cut('shutdown', 'shutdown')
  }

  relieve(): void {
    this.#cut('memory', 'memory')
  }

  /** The server is full: says so and ends. */
  turnAway(): void {
    this.refuse('overload', this.#core.overloadReply(), 'GET')
  }

  /** Says why there is nothing for this client, whatever it asks for, and ends. @param method that it probably uses. */
  refuse(reason: CloseReason, reply: Reply, method: string): void {
    this.#log.because(reason)
    onBroken(this)
    this.#write(undefined, reply, method)
    this.#leave()
  }

  // ── deadlines ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** One tick of the server's clock. */
  onTick(now: number): void {
    if (this.#stall && this.#isStuck(now)) return this.#cut('timeout', 'write-timeout')
    if (this.#readDeadline !== 0 && now >= this.#readDeadline) return this.#expire()
    if (this.#reader.tooSlow(this.read)) this.#expire()
    if (this.#requestDeadline !== 0 && now >= this.#requestDeadline) this.#expireRequest()
    if (this.#goneDeadline !== 0 && now >= this.#goneDeadline) this.#expireSilence()
  }

  /** Nothing has moved for a long time; progress restarts the clock. */
  #expireSilence(): void {
    const { clock, timeouts } = this.#core
    const { moved } = this
    const isTunnel = this.read === ReadState.Upgraded
    // What waits to be sent has its own deadline.
    const isQuiet = moved === this.#movedBefore && (isTunnel || this.#transport.bufferedBytes === 0)
    this.#movedBefore = moved
    this.#goneDeadline = clock.after(isTunnel ? timeouts.tunnel : timeouts.halfClosed)
    if (!isQuiet) return
    if (isTunnel) this.#cut('timeout', 'tunnel-timeout')
    else if (this.#context && this.write !== WriteState.Done) this.#cut('peer', 'client-gone')
  }

  #expire(): void {
    this.#readDeadline = 0
    switch (this.read) {
      case ReadState.Head:
        return this.#expireHead()
      case ReadState.Body:
        this.#log.because('body-timeout')
        onBroken(this)
        this.#context!.body.fail(new AbortedError('timeout', 'The request content came too slowly'))
        return
      case ReadState.Discard:
        this.#log.because('body-timeout')
        return this.#leave()
      default:
        // Lingering: the peer's time starts once our last bytes are on their way.
        if (this.#transport.bufferedBytes === 0) this.#transport.destroy()
        else this.#readDeadline = this.#core.clock.after(this.#core.timeouts.linger)
    }
  }

  #expireRequest(): void {
    this.#requestDeadline = 0
    const context = this.#context
    if (this.write === WriteState.Streaming) return this.#cut('timeout', 'request-timeout')
    if (!context || this.write !== WriteState.Idle) return
    this.#log.because('request-timeout')
    const sending = this.read === ReadState.Body
    onBroken(this)
    context.abort(new AbortedError('timeout', 'The request took too long'))
    this.#write(context, this.#core.requestTimeoutReply(context, sending), context.method)
    this.resume()
  }

  #expireHead(): void {
    const { head } = this.#reader
    if (head?.partial) {
      this.#log.because('head-timeout')
      onBroken(this)
      this.#write(undefined, this.#core.timeoutReply(head.method, this), head.method)
      if (this.read === ReadState.Closed) this.#leave()
      return
    }
    // A request may already be waiting in the kernel: look at the socket once more before the connection is given up.
    const before = this.#bytesIn
    setImmediate(() => {
      if (this.read !== ReadState.Head) return
      if (this.#bytesIn !== before) {
        if (this.#readDeadline === 0) this.#readDeadline = this.#core.clock.after(this.#core.timeouts.head)
        return
      }
      if (this.draining) this.#log.because('shutdown')
      else this.#log.because(this.#log.requests === 0 ? 'head-timeout' : 'keep-alive-timeout')
      this.#leave()
    })
  }
}

/** The other protocol begins only after a complete request (RFC 9110 §7.8). */
function upgradeTooEarly(): HttpError {
  return new HttpError(400, 'A request to upgrade was answered before its content was read')
}

function parseFailure(code: ParseErrorCode): HttpError {
  return new HttpError(parseErrors[code].status, refusalText(code), { code })
}
