import { BodyDecoder, BodyEvent, BodyKind, Expectation, type ParseErrorCode, type RequestHead, parseErrors } from '@spillway/parser'
import {
  type ConnectionState,
  ReadState,
  WriteState,
  onBroken,
  onClosing,
  onContentEnd,
  onDiscard,
  onHead,
  onNext,
  onPeerEnd,
  onReplyEnd,
  onReplyStart,
  onShutdown,
  onUpgrade,
  settle,
} from './connection-state.ts'
import { type ContextPort, RequestContext, type Result } from './context.ts'
import { type AbortedBy, AbortedError, HttpError, type Outcome } from './errors.ts'
import { type CloseReason, channels } from './events.ts'
import { Input } from './input.ts'
import { minimumBodyRate } from './options.ts'
import { Output } from './output.ts'
import { Reply } from './reply.ts'
import { ReplyStream, type StreamSink, dropSource } from './reply-stream.ts'
import { ContentFraming, planReply } from './reply-writer.ts'
import { type BodyPort, RequestBody } from './request-body.ts'
import type { ServerCore } from './server-core.ts'
import type { Peer, Transport, TransportSink } from './transport.ts'
import { Tunnel } from './tunnel.ts'

/** Heads parsed for one connection before the others have their turn. */
const headsPerTurn = 64
/** Replies gathered before they are written in mid-turn. */
const outputBytes = 64 * 1024
/** Bytes read and dropped while a closing connection lingers. */
const lingerBytes = 16 * 1024 * 1024
/** Milliseconds an idle connection is left open when the server shuts down, for a request that is on its way. */
const shutdownGrace = 500

/**
 * Pumps one connection: transport events in, state functions asked, handler called, replies out. The rules are
 * elsewhere: `connection-state` decides what follows, `reply-writer` what a reply looks like, the parser what bytes mean.
 */
export class Connection implements ConnectionState, TransportSink, ContextPort, BodyPort, StreamSink {
  read: ReadState = ReadState.Head
  write: WriteState = WriteState.Idle
  persist: boolean = true
  draining: boolean = false
  peerEnded: boolean = false

  readonly id: number
  /** Turned away because the server was full. */
  shedded: boolean = false
  readonly #core: ServerCore
  readonly #transport: Transport
  readonly #input: Input = new Input()
  readonly #output: Output
  #head: RequestHead | undefined
  #context: RequestContext | undefined
  #decoder: BodyDecoder | undefined
  #stream: ReplyStream | undefined
  #tunnel: Tunnel | undefined
  /** Exchanges that are written, while someone waits to hear that their bytes have left. */
  #finishing: RequestContext[] | undefined
  #pumping = false
  #paused = false
  #flushScheduled = false
  /** The handler wants content. */
  #wanted = false
  /** The client waits for 100 (Continue) before it sends content. */
  #continueAwaited = false
  #reason: CloseReason | undefined
  #cutBy: AbortedBy = 'peer'
  #peer: Peer | undefined
  #readDeadline = 0
  #writeDeadline = 0
  #requests = 0
  #bytesIn = 0
  #lingered = 0
  /** Content-Length of this request, null when chunked. */
  #contentLength: number | null = 0
  /** Ticks during which content was wanted. */
  #contentTicks = 0

  constructor(core: ServerCore, transport: Transport, id: number) {
    this.#core = core
    this.#transport = transport
    this.#output = new Output(transport)
    this.id = id
    this.#readDeadline = core.clock.after(core.timeouts.head)
    transport.attach(this)
    if (channels.open.hasSubscribers) channels.open.publish({ ...this.#event(), peer: this.peer })
  }

  /** Whether a request is being read or answered. */
  get active(): boolean {
    return this.#context !== undefined || this.#head !== undefined
  }

  get peer(): Peer {
    return (this.#peer ??= this.#transport.peer)
  }

  // ── what happens on the transport ──────────────────────────────────────────────────────────────────────────────

  onData(chunk: Uint8Array): void {
    this.#bytesIn += chunk.length
    if (this.read === ReadState.Upgraded) return this.#tunnel!.sink?.onData(chunk)
    if (this.read === ReadState.Closed) return this.#drop(chunk.length)
    this.#input.append(chunk)
    this.#pump()
    this.#flush()
  }

  onDrain(): void {
    if (this.read === ReadState.Upgraded) return this.#tunnel!.sink?.onDrain()
    this.#output.congested = false
    this.#writeDeadline = 0
    this.#stream?.resume()
    this.#pump()
    this.#flush()
  }

  onEnd(): void {
    if (this.read === ReadState.Upgraded) return this.#tunnel!.sink?.onEnd()
    const context = this.#context
    onPeerEnd(this)
    if (!context) {
      this.#reason ??= this.#head ? 'client-gone' : 'client-closed'
      this.#leave()
    } else {
      // The client may only have finished sending: the handler is told, and what it still answers is sent.
      context.abort(new AbortedError('peer', 'The client ended the connection'))
      this.#pump()
    }
    this.#flush()
  }

  onClose(error?: Error): void {
    this.#tunnel?.sink?.onClose(error)
    const context = this.#context
    this.#reason ??= error || context || this.#head ? 'client-gone' : 'client-closed'
    onClosing(this)
    this.#releaseHead()
    this.#stream?.stop(error)
    this.#context = undefined
    this.#input.clear()
    if (context) this.#abort(context, error)
    this.#core.remove(this)
    if (channels.close.hasSubscribers)
      channels.close.publish({
        ...this.#event(),
        reason: this.#reason,
        requests: this.#requests,
        bytesIn: this.#bytesIn,
        bytesOut: this.#output.total,
      })
  }

  // ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Does all that can be done now. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    let heads = headsPerTurn
    for (let going = true; going; ) {
      switch (settle(this)) {
        case 'wait':
          going = this.#receive()
          break
        case 'next':
          if (this.#output.length > outputBytes) this.#flush()
          // Replies must leave before the next request is read, or a client that does not read fills our memory.
          if (this.#output.congested) going = false
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
    if (this.#continueAwaited && this.#wanted) this.#continue()
    this.#input.settle()
    this.#throttle()
  }

  /** Lets other connections have a turn, and comes back. */
  #yield(): false {
    setImmediate(() => {
      this.#pump()
      this.#flush()
    })
    return false
  }

  #next(): void {
    onNext(this)
    this.#context = undefined
    const { clock, timeouts } = this.#core
    this.#readDeadline = clock.after(this.draining ? shutdownGrace : timeouts.keepAlive)
    if (channels.idle.hasSubscribers && this.#input.length === 0)
      channels.idle.publish({ ...this.#event(), exchange: this.#requests })
  }

  /** Parses what is there; false when it takes more bytes to go on. */
  #receive(): boolean {
    if (this.#input.length === 0) return false
    if (this.read === ReadState.Head) return this.#receiveHead()
    if (this.read === ReadState.Body || this.read === ReadState.Discard) return this.#receiveContent()
    return false
  }

  #receiveHead(): boolean {
    const input = this.#input
    const core = this.#core
    let head = this.#head
    if (!head) {
      head = core.takeHead()
      // One clock for the whole head: bytes that drip in do not reset it. The first head's runs since accept.
      if (this.#requests > 0) this.#readDeadline = core.clock.after(core.timeouts.head)
    }
    const used = head.parse(input.buf, input.pos, input.end)
    if (used === 0) {
      this.#head = head
      return false
    }
    if (used < 0) {
      this.#head = head
      this.#refuse(head.error!, head.errorOffset, head.method)
      this.#releaseHead()
      return true
    }
    const context = new RequestContext(this, head.snapshot(input.buf, input.pos, decodeLatin1), head.upgrade)
    const { bodyKind, contentLength, keepAlive, expectation } = head
    this.#head = undefined
    core.giveHead(head)
    input.pos += used
    this.#requests++
    this.#begin(context, bodyKind, contentLength, keepAlive, expectation)
    if (channels.request.hasSubscribers) {
      const { method, target, httpVersion } = context
      channels.request.publish({ ...this.#event(), exchange: this.#requests, method, target, httpVersion, headBytes: used })
    }
    if (expectation === Expectation.Unknown) this.#reply(context, core.expectationFailed())
    else this.#handle(context)
    return true
  }

  #begin(
    context: RequestContext,
    kind: BodyKind,
    contentLength: number,
    keepAlive: boolean,
    expectation: Expectation,
  ): void {
    const most = this.#core.limits.requestsPerConnection
    if (!keepAlive) this.#reason ??= 'client-asked'
    else if (this.#requests === most) this.#reason ??= 'max-requests'
    onHead(this, kind !== BodyKind.None, keepAlive && this.#requests !== most)
    this.#context = context
    this.#readDeadline = 0
    this.#wanted = false
    this.#continueAwaited = false
    if (kind === BodyKind.None) return
    this.#decoder ??= new BodyDecoder()
    this.#decoder.reset(kind, contentLength, this.#core.limits)
    this.#continueAwaited = expectation === Expectation.Continue
    this.#contentLength = kind === BodyKind.Length ? contentLength : null
    this.#contentTicks = 0
  }

  #receiveContent(): boolean {
    const input = this.#input
    const decoder = this.#decoder!
    const dropped = this.read === ReadState.Discard
    this.#continueAwaited = false
    let start = 0
    let end = 0
    let event: BodyEvent
    while ((event = decoder.next(input.buf, input.pos, input.end)) === BodyEvent.Data) {
      input.pos = decoder.pos
      if (dropped) continue
      if (start === end) start = end = decoder.dataStart
      // Chunks are moved together over the framing between them: one piece of content for one piece of input.
      else input.buf.copyWithin(end, decoder.dataStart, decoder.dataEnd)
      end += decoder.dataEnd - decoder.dataStart
    }
    input.pos = decoder.pos
    const body = dropped ? undefined : this.#context!.body
    if (end > start) body?.push(input.buf.subarray(start, end))
    if (event === BodyEvent.NeedMore) return dropped && this.#stopDiscarding()
    if (event === BodyEvent.End) {
      this.#readDeadline = 0
      onContentEnd(this)
      body?.end(decoder.trailers)
      return true
    }
    const { error, errorOffset } = decoder
    this.#report(error!, errorOffset)
    onBroken(this)
    // The handler's read fails with the status of the error; a handler that does not read answers as it likes.
    body?.fail(parseFailure(error!))
    return true
  }

  /** Gives up on unread content that is longer than a new connection is worth. */
  #stopDiscarding(): boolean {
    if (this.#decoder!.dataBytes <= this.#core.limits.discardBytes) return false
    this.#reason ??= 'unread-content'
    this.persist = false
    return true
  }

  #discard(): void {
    onDiscard(this)
    this.#context?.dropBody()
    const { clock, timeouts } = this.#core
    this.#readDeadline = clock.after(timeouts.bodyIdle)
    if (this.#input.length === 0) this.#throttle()
  }

  /** Stops reading while nobody wants more bytes, and starts again. */
  #throttle(): void {
    const { clock, limits, timeouts } = this.#core
    let pause = false
    if (this.read === ReadState.Body) {
      pause = this.#context!.body.full
      if (this.#wanted) this.#readDeadline = pause ? 0 : clock.after(timeouts.bodyIdle)
    } else if (this.read === ReadState.Hold) pause = this.#input.length > limits.pipelinedBytes
    if (pause === this.#paused) return
    this.#paused = pause
    if (pause) this.#transport.pause()
    else this.#transport.resume()
  }

  openBody(): RequestBody {
    return new RequestBody(this, this.read === ReadState.Body ? this.#contentLength : 0, this.#core.limits.bodyBytes)
  }

  demand(): void {
    if (this.read !== ReadState.Body) return
    this.#wanted = true
    if (this.#pumping) return
    if (this.#continueAwaited) {
      this.#continue()
      this.#scheduleFlush()
    }
    this.#throttle()
  }

  #continue(): void {
    this.#continueAwaited = false
    if (this.write === WriteState.Idle && this.read === ReadState.Body)
      this.#output.append('HTTP/1.1 100 Continue\r\n\r\n')
  }

  /** A head that cannot be parsed: the error is the last thing said on this connection. */
  #refuse(code: ParseErrorCode, offset: number, method: string): void {
    this.#report(code, offset)
    this.#input.clear()
    onBroken(this)
    this.#writeReply(undefined, this.#core.parseErrorReply(code), method)
  }

  #report(code: ParseErrorCode, offset: number): void {
    this.#reason ??= 'parse-error'
    if (channels.error.hasSubscribers)
      channels.error.publish({ ...this.#event(), code, status: parseErrors[code].status, offset })
  }

  // ── answering ──────────────────────────────────────────────────────────────────────────────────────────────────

  #handle(context: RequestContext): void {
    let result
    try {
      result = this.#core.handler(context)
    } catch (error) {
      return this.#fail(context, error)
    }
    if (result instanceof Reply) this.#reply(context, result)
    else this.#settleResult(context, result)
  }

  /** Answers with what a handler gave that is not simply a reply. */
  #settleResult(context: RequestContext, result: Result | Promise<Result>): void {
    if (result instanceof Reply) this.#reply(context, result)
    else if (typeof (result as Promise<Result> | undefined)?.then === 'function')
      (result as Promise<Result>).then(
        (reply) => {
          this.#settleResult(context, reply)
          this.#resume()
        },
        (error: unknown) => {
          this.#fail(context, error)
          this.#resume()
        },
      )
    else if (result instanceof Response) this.#reply(context, Reply.from(result))
    else this.#fail(context, new TypeError('The handler returned neither a Reply nor a Response'))
  }

  /** Goes on after something that happened outside a turn of the transport. */
  #resume(): void {
    this.#pump()
    this.#scheduleFlush()
  }

  #fail(context: RequestContext, error: unknown): void {
    if (this.#context !== context) return
    if (this.write === WriteState.Idle) this.#settleResult(context, this.#core.errorReply(error, context))
    else if (this.write === WriteState.Streaming) this.#cut('handler', 'handler-error', error)
  }

  #reply(context: RequestContext, reply: Reply): void {
    if (this.#context !== context || this.write !== WriteState.Idle) {
      // The client has gone meanwhile.
      return dropSource(reply.body, new AbortedError('peer', 'The connection is closed'))
    }
    try {
      this.#writeReply(context, reply, context.method)
    } catch (error) {
      dropSource(reply.body, error)
      this.#writeReply(context, this.#core.unsendable(error, context), context.method)
    }
  }

  #writeReply(context: RequestContext | undefined, reply: Reply, method: string): void {
    const core = this.#core
    const facts = core.facts
    facts.method = method
    facts.minorVersion = context ? context.head.minorVersion : 1
    facts.persist = this.persist && !this.draining && !this.#unreadForever()
    const plan = planReply(reply, facts)
    if (!plan.persist) this.#end(facts.persist)
    const before = this.#output.total + this.#output.length
    this.#output.append(plan.head)
    if (plan.content) this.#output.appendBytes(plan.content)
    if (context) {
      context.status = reply.status
      context.bytesOut = before
      if (channels.reply.hasSubscribers)
        channels.reply.publish({ ...this.#event(), exchange: this.#requests, status: reply.status, persist: plan.persist })
    }
    if (reply.takeOver) return this.#upgrade(context!, reply)
    if (plan.framing === ContentFraming.Whole) {
      if (plan.source !== null) dropSource(plan.source, undefined)
      onReplyEnd(this)
      if (context) this.#complete(context)
      return
    }
    onReplyStart(this)
    this.#stream = new ReplyStream(this, plan.source, plan.framing, plan.length, reply.trailers)
    this.#scheduleFlush()
    void this.#stream.run()
  }

  /** The connection ends with this reply. @param allowed whether it could have been kept but for the reply itself. */
  #end(allowed: boolean): void {
    if (this.draining) this.#reason ??= 'shutdown'
    else if (allowed) this.#reason ??= 'reply-asked'
    else this.#reason ??= 'unread-content'
    this.persist = false
  }

  /** Whether content is on its way that is not worth reading: longer than we drop, or held back for a 100 that never came. */
  #unreadForever(): boolean {
    if (this.read !== ReadState.Body) return false
    const left = (this.#contentLength ?? 0) - this.#decoder!.dataBytes
    return this.#continueAwaited || left > this.#core.limits.discardBytes
  }

  #upgrade(context: RequestContext, reply: Reply): void {
    onUpgrade(this)
    this.#reason = 'upgraded'
    this.#readDeadline = 0
    this.#flush()
    this.#complete(context)
    this.#context = undefined
    this.#tunnel = new Tunnel(this.#transport)
    if (this.#paused) this.#transport.resume()
    reply.takeOver!(this.#tunnel, this.#input.take())
  }

  // ── the stream of a reply's content ────────────────────────────────────────────────────────────────────────────

  append(text: string): void {
    this.#output.append(text)
  }

  appendBytes(bytes: Uint8Array): void {
    this.#output.appendBytes(bytes)
  }

  commit(): boolean {
    if (this.#output.length >= outputBytes) this.#flush()
    else this.#scheduleFlush()
    return !this.#output.congested
  }

  streamEnded(): void {
    this.#stream = undefined
    onReplyEnd(this)
    this.#complete(this.#context!)
    this.#resume()
  }

  streamFailed(error: unknown): void {
    this.#core.logError(error, this.#context)
    this.#cut('handler', 'handler-error', error)
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Replies that become ready in one turn of the event loop leave in one write. */
  #scheduleFlush(): void {
    if (this.#flushScheduled || this.#output.length === 0) return
    this.#flushScheduled = true
    process.nextTick(flushScheduled, this)
  }

  /** @internal */
  flushNow(): void {
    this.#flushScheduled = false
    this.#flush()
  }

  #flush(): void {
    if (this.#output.length > 0 && !this.#output.flush())
      this.#writeDeadline = this.#core.clock.after(this.#core.timeouts.writeStall)
    if (!this.#finishing) return
    const finishing = this.#finishing
    this.#finishing = undefined
    this.#transport.flushed((ok) => {
      for (const context of finishing)
        if (ok) this.#finish(context, { kind: 'sent', bytes: context.bytesOut })
        else this.#abort(context)
    })
  }

  /** The last byte of a reply is in the output. */
  #complete(context: RequestContext): void {
    context.bytesOut = this.#output.total + this.#output.length - context.bytesOut
    if (context.observed || channels.end.hasSubscribers) (this.#finishing ??= []).push(context)
    else context.finish({ kind: 'sent', bytes: context.bytesOut })
  }

  #abort(context: RequestContext, error?: unknown): void {
    const by = this.#cutBy
    const started = context.status !== 0
    const bytes = started ? Math.max(0, this.#output.total - context.bytesOut) : 0
    context.abort(new AbortedError(by, abortMessage[by]))
    this.#finish(context, { kind: 'aborted', by, bytes, ...(error !== undefined && { error }) })
  }

  #finish(context: RequestContext, outcome: Outcome): void {
    try {
      context.finish(outcome)
    } catch (error) {
      this.#core.logError(error, context)
    }
    if (channels.end.hasSubscribers)
      channels.end.publish({ ...this.#event(), exchange: this.#requests, status: context.status, outcome })
  }

  // ── ending ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends the connection in order: our FIN behind the last reply, then a while of reading so that it is not reset away. */
  #leave(): void {
    onClosing(this)
    this.#context?.dropBody()
    this.#context = undefined
    this.#releaseHead()
    this.#input.clear()
    this.#flush()
    this.#transport.end()
    this.#readDeadline = this.#core.clock.after(this.#core.timeouts.linger)
    if (this.#paused) {
      this.#paused = false
      this.#transport.resume()
    }
  }

  #drop(bytes: number): void {
    this.#lingered += bytes
    if (this.write === WriteState.Closed && this.#lingered > lingerBytes) this.#transport.destroy()
  }

  /** Ends the connection at once, so that an unfinished reply cannot look complete. */
  #cut(by: AbortedBy, reason: CloseReason, error?: unknown): void {
    this.#reason ??= reason
    this.#cutBy = by
    const context = this.#context
    const untilClose = this.#stream?.framing === ContentFraming.UntilClose
    this.#stream?.stop(error)
    onClosing(this)
    this.#context = undefined
    // What was produced before the failure still goes out; the end of the message does not.
    this.#flush()
    if (context) this.#abort(context, error)
    if (untilClose) this.#transport.reset()
    else this.#transport.destroy()
  }

  #releaseHead(): void {
    if (!this.#head) return
    this.#head.reset()
    this.#core.giveHead(this.#head)
    this.#head = undefined
  }

  /** Shutdown begins: the current exchange is the last, an idle connection gets a short grace. */
  shutdown(): void {
    if (this.read === ReadState.Upgraded) return
    onShutdown(this)
    if (this.read === ReadState.Head && !this.#head) {
      this.#readDeadline = this.#core.clock.after(shutdownGrace)
    }
  }

  /** Shutdown's deadline has passed. */
  kill(): void {
    this.#cut('shutdown', 'shutdown')
  }

  /** The server is full: says so and ends. */
  shed(): void {
    this.shedded = true
    this.#reason = 'overload'
    onBroken(this)
    this.#writeReply(undefined, this.#core.overloadReply(), 'GET')
    this.#leave()
  }

  // ── deadlines ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** One tick of the server's clock. */
  onTick(now: number): void {
    if (this.#writeDeadline !== 0 && now >= this.#writeDeadline) return this.#cut('timeout', 'write-timeout')
    if (this.#readDeadline !== 0 && now >= this.#readDeadline) return this.#expire()
    const reading = this.read === ReadState.Discard || (this.read === ReadState.Body && this.#wanted && !this.#paused)
    if (reading && this.#tooSlow(++this.#contentTicks)) this.#expire()
  }

  #tooSlow(ticks: number): boolean {
    const counted = ticks * this.#core.clock.interval - minimumBodyRate.grace
    return counted > 0 && this.#decoder!.dataBytes < (counted / 1000) * minimumBodyRate.bytesPerSecond
  }

  #expire(): void {
    this.#readDeadline = 0
    switch (this.read) {
      case ReadState.Head:
        if (this.#head?.partial) {
          this.#reason ??= 'head-timeout'
          onBroken(this)
          this.#writeReply(undefined, this.#core.timeoutReply(), this.#head.method)
        } else if (this.draining) this.#reason ??= 'shutdown'
        else this.#reason ??= this.#requests === 0 ? 'head-timeout' : 'keep-alive-timeout'
        return this.#leave()
      case ReadState.Body:
        this.#reason ??= 'body-timeout'
        onBroken(this)
        this.#cutBy = 'timeout'
        this.#context!.body.fail(new AbortedError('timeout', 'The request content came too slowly'))
        return
      case ReadState.Discard:
        this.#reason ??= 'body-timeout'
        return this.#leave()
      default:
        // Lingering: the peer gets its time once our last bytes are on their way.
        if (this.#transport.bufferedBytes === 0) this.#transport.destroy()
        else this.#readDeadline = this.#core.clock.after(this.#core.timeouts.linger)
    }
  }

  #event(): { readonly server: ServerCore['server']; readonly connection: number } {
    return { server: this.#core.server, connection: this.id }
  }
}

const abortMessage: Readonly<Record<AbortedBy, string>> = {
  peer: 'The client is gone',
  timeout: 'The client was too slow',
  handler: 'The handler failed',
  shutdown: 'The server is shutting down',
}

function parseFailure(code: ParseErrorCode): HttpError {
  const { status, message } = parseErrors[code]
  return new HttpError(status, message, { code })
}

function flushScheduled(connection: Connection): void {
  connection.flushNow()
}

/** Node's own latin1 decoder; the parser's portable loop is for other places. */
function decodeLatin1(buf: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(buf, start, end)
}
