import { AsyncResource } from 'node:async_hooks'
import {
  type BodySource,
  type Context,
  type Outcome,
  Reply,
  dropSource,
  ignore,
  isFinalStatus,
  pullerOf,
} from '@spillway/core'
import { reasonPhrase } from '@spillway/parser/serialize'
import { Content, type ContentOwner } from './content.ts'
import { type Failing, asError, coded, connectionReset, guardListeners, guardedCallback, ownerOf } from './failures.ts'
import { Head, pairsOf } from './fields.ts'
import { type Fields, type Outgoing, type Sent, needDrain } from './internals.ts'
import type { RequestSide } from './request.ts'
import { sleep } from './socket.ts'

/**
 * What is behind a response object of Node's class. Applications call the methods of that class, which check, store and emit as usual.
 * What the class puts out, fields and content, ends here instead of in a socket, and becomes a reply.
 */
export class ResponseSide implements Failing, ContentOwner {
  readonly message: Outgoing
  /** @internal Whatever is sent from now on is the last. */
  isEnding: boolean = false
  /** @internal Whether the application has passed callbacks with what it wrote. */
  hasCallbacks: boolean = false
  readonly #c: Context
  readonly #request: RequestSide
  readonly #unique: ReadonlySet<string> | undefined
  readonly #content: Content
  /** The head, once it has been written: later changes to it have no effect. */
  #head: Head | undefined
  #status = 0
  #reason = ''
  /** The promise of a reply, if it could not be given synchronously. */
  #promised: { resolve(reply: Reply): void; reject(error: Error): void } | undefined
  #isGiven = false
  #isDue = false
  /** The head is to be sent without waiting for content. */
  #isFlushed = false
  #failure: Error | undefined
  #finish: Sent | null = null
  #isOver = false
  #isSent = false
  #isEndSeen = false
  /** The application is told that everything has been sent in the async context in which it ended the response. */
  #tellsAtEnd = false
  /** What is being written is the content of one of our replies. */
  #isPumping = false
  #wake: (() => void) | undefined

  /** @param unique names in lower case of fields that are sent in one line. */
  constructor(c: Context, message: Outgoing, request: RequestSide, unique?: ReadonlySet<string>) {
    this.#unique = unique
    this.#c = c
    this.message = message
    this.#request = request
    this.#content = new Content(this)
    const { socket } = request.message
    message.socket = socket
    ;(socket as { _httpMessage?: unknown })._httpMessage = message
    message._storeHeader = storeHeader
    message._send = send
    message._writeRaw = writeRaw
    message._finish = finish
    // What is written in one turn is sent together anyway.
    message.cork = ignore
    message.uncork = ignore
    message.write = write as Outgoing['write']
    message.end = end as Outgoing['end']
    // Core knows whether an HTTP/1.0 client wants to keep the connection.
    message.shouldKeepAlive = true
    guardListeners(message, this)
    request.answeredBy(this)
    c.done((outcome) => this.#over(outcome))
  }

  /** Ends the exchange here: a reply that has not begun becomes an error, one that has begun is cut. */
  cut(): void {
    if (this.#isOver || (this.#isGiven && this.#content.isEnded)) return
    this.failed(new Error('The response was closed before it was complete'))
  }

  /** Whether there is something to send that Node would already have sent. */
  get isLeaving(): boolean {
    return !this.#isOver && (this.#content.isEnded || this.#isFlushed)
  }

  /** Whether the reply has begun, or is about to. */
  get isBegun(): boolean {
    return this.#isGiven || this.message.headersSent
  }

  /** Whether there is an error instead of a reply. */
  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** Gives a reply that does not come from the message: the connection is now somebody else's business. */
  pass(reply: Reply): void {
    this.#isGiven = true
    this.#promised!.resolve(reply)
  }

  /** Passes one of our replies on, through whatever has replaced the methods of the message. */
  adopt(reply: Reply): void {
    const { message } = this
    takeFields(message, reply)
    if (message.write === (write as unknown) && message.end === (end as unknown)) return this.#adoptWhole(reply)
    this.#isPumping = true
    void this.#pump(reply.body)
  }

  /** If nobody looks at the content, it does not pass through the message. */
  #adoptWhole({ body, trailers }: Reply): void {
    const { message } = this
    message.writeHead(message.statusCode)
    message.finished = true
    this.#isGiven = true
    this.#content.end()
    const adopted = new Reply(body, this.#status, this.#head!.headers)
    adopted.trailers = trailers
    if (this.#reason !== reasonPhrase(this.#status)) adopted.statusText = this.#reason
    this.#promised!.resolve(adopted)
  }

  /** Writes content at the reader's pace. */
  async #pump(body: BodySource): Promise<void> {
    const { message } = this
    if (body === null || typeof body === 'string' || body instanceof Uint8Array)
      return void message.end(body ?? undefined)
    const source = pullerOf(body)
    let wake: (() => void) | undefined
    // Through `on`, because middleware that holds bytes back replaces it to say when it wants more.
    message.on('drain', () => wake?.())
    message.on('close', () => {
      wake?.()
      if (!message.writableFinished) dropSource(body, undefined)
    })
    try {
      for (;;) {
        const { done, value } = await source.next()
        if (message.destroyed) return void source.cancel(undefined)
        if (done) return void message.end()
        // A replacement of `write` may return nothing.
        const takesMore: unknown = message.write(value)
        if (takesMore === false) await new Promise<void>((resolve) => (wake = resolve))
      }
    } catch (error) {
      this.failed(error)
    }
  }

  /** Runs the application. The reply is synchronous if it answers synchronously. @throws whatever it fails with. */
  answer(application: () => void): Reply | Promise<Reply> {
    try {
      application()
    } catch (error) {
      this.failed(error)
    }
    this.#request.begun()
    if (this.#failure) throw this.#failure
    if (this.#content.isEnded && this.#head && this.#mayEnd) return this.#give()
    return new Promise((resolve, reject) => {
      this.#promised = { resolve, reject }
      if (this.#isDue) this.#soon()
    })
  }

  /** Waits for the end of the turn: what was written in it may be everything. */
  #soon(): void {
    queueMicrotask(() => this.#settle())
  }

  #settle(): void {
    if (this.#isGiven || !this.#head) return
    if (this.#mayEnd) this.#promised!.resolve(this.#give())
    else void this.readyToEnd()?.then(() => this.#settle())
  }

  /** Whether a reply without content to hold back may end the exchange. */
  get #mayEnd(): boolean {
    return this.message._hasBody || !this.#content.isEnded || !this.#request.isReading
  }

  #give(): Reply {
    this.#isGiven = true
    const { message } = this
    const isWhole = this.#content.isEnded && !this.#request.isReading
    const reply = new Reply(isWhole ? this.#content.whole() : this.#content, this.#status, this.#head!.headers)
    if (this.#reason !== reasonPhrase(this.#status)) reply.statusText = this.#reason
    if (!isWhole && this.#content.isEnded && this.#head!.length === undefined && message._hasBody) {
      const whole = this.#content.whole()
      reply.headers.set('Content-Length', String(whole === null ? 0 : Buffer.byteLength(whole)))
    }
    reply.codings = this.#head!.codings
    if (!message._hasBody) reply.body = null
    if (!isWhole || message._trailer !== '') reply.trailers = () => pairsOf(message._trailer)
    return reply
  }

  /** An error in the application that nobody waits for: it becomes an error reply, or cuts the reply, or is reported. */
  failed(error: unknown): void {
    if (this.#isOver || this.#content.isEnded) return this.#tell(error)
    const failure = asError(error)
    if (this.#isGiven) return this.#content.fail(failure)
    this.#isGiven = true
    this.#failure = failure
    this.#promised?.reject(failure)
  }

  /** No reply can report the error: what `done` fails with goes to `onError` of the server. */
  #tell(error: unknown): void {
    this.#c.done(() => {
      throw error
    })
  }

  // ── called by Node's class ─────────────────────────────────────────────────────────────────────────────────────

  /** @internal */
  storeHeader(firstLine: string, given: Fields): void {
    const { message } = this
    const { statusCode: status } = message
    // Interim replies have their own methods, and no client understands a status above 599 (RFC 9110 §15).
    if (!isFinalStatus(status))
      throw coded(new RangeError(`Invalid status code: ${status}`), 'ERR_HTTP_INVALID_STATUS_CODE')
    const head = new Head(message, given, this.#unique)
    this.#status = status
    this.#reason = message.statusMessage
    const length = message._contentLength
    // The length that GET would have.
    if (this.#c.method === 'HEAD' && length && head.length === undefined) head.add('Content-Length', length)
    this.#head = head
    if (head.length !== undefined) message._contentLength = head.length
    // Core also writes the chunks.
    message.chunkedEncoding = false
    message._header = `${firstLine}${head.text}\r\n`
    if (this.#isPumping) this.#begin()
  }

  /** There is something to send. */
  #begin(): void {
    if (this.#isDue) return
    this.#isDue = true
    // The end is under way, and everything else with it.
    if (this.#promised && !this.isEnding) this.#soon()
  }

  /** @internal */
  send(data: string | Uint8Array, encoding: BufferEncoding | null | undefined, sent: Sent | null): boolean {
    const { message } = this
    const bytes = typeof data === 'string' && data !== '' && !isUtf8(encoding) ? Buffer.from(data, encoding!) : data
    message.outputSize += bytes.length
    this.#content.push(bytes, sent)
    if (data.length === 0 && !sent) this.#isFlushed = true
    this.#begin()
    return message.outputSize < message.writableHighWaterMark
  }

  /** @internal An interim reply. */
  interim(text: string, sent: Sent | null): void {
    const status = Number(text.slice(9, 12))
    // Core sends 100 when the content is read.
    if (status === 100) this.#request.pull()
    else this.#c.hints(pairsOf(text, text.indexOf('\r\n') + 2), status)
    if (sent) process.nextTick(guardedCallback(this, sent))
  }

  /** @internal Nothing more will be written. */
  lastWritten(): void {
    if (!this.#content.isEnded) this.#finish = this.#content.end()
  }

  /** @internal Somebody may wait to be told that everything has been sent. */
  awaited(): void {
    if (this.#tellsAtEnd || this.#isOver) return
    this.#tellsAtEnd = true
    this.#c.done(({ kind }) => {
      if (kind === 'sent' && this.message.finished) this.#complete()
    })
  }

  /** @internal Everything that the call itself reports about the end has been reported. */
  ended(): void {
    if (this.#isEndSeen) return
    this.#isEndSeen = true
    this.lastWritten()
    // Its callback is called by the content, which nobody waits for any more.
    if (this.#isSent) this.#leave()
    else if (this.#promised && !this.#isGiven) this.#settle()
  }

  // ── called by core ─────────────────────────────────────────────────────────────────────────────────────────────

  taken(length: number, isEmpty: boolean): void {
    const { message } = this
    message.outputSize -= length
    if (!isEmpty || !message[needDrain]) return
    message[needDrain] = false
    process.nextTick(() => {
      if (!message.destroyed && !message.finished) message.emit('drain')
    })
  }

  readyToEnd(): Promise<void> | undefined {
    if (!this.#request.isReading) return undefined
    return new Promise((resolve) => (this.#wake = resolve))
  }

  contentEnded(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  #over(outcome: Outcome): void {
    this.#isOver = true
    this.contentEnded()
    if (outcome.kind === 'sent') this.#sent(outcome.status)
    else this.#cut()
  }

  #sent(status: number): void {
    const { message } = this
    this.#isSent = true
    this.#content.close(null)
    if (this.#failure || this.#status !== status) {
      // Core has replied in its place.
      message.statusCode = status
      message._header ??= `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n\r\n`
      message.finished = true
    }
    // A reply without content is sent before the application has finished with it.
    if (message.finished && !this.#tellsAtEnd) this.#complete()
  }

  #complete(): void {
    const tell = this.#finish ?? (() => this.message.emit('finish'))
    // The callbacks of what was written come first.
    if (this.hasCallbacks) process.nextTick(tell)
    this.#leave()
    if (!this.hasCallbacks) tell()
  }

  /** Detaches the message from its exchange. */
  #leave(): void {
    this.#request.answered()
    this.#detach()
    process.nextTick(close, this.message)
  }

  #cut(): void {
    const { message } = this
    this.#content.close(connectionReset())
    this.#request.gone()
    this.#detach(false)
    close(message)
  }

  #detach(forgets = true): void {
    const { message } = this
    const { socket } = message
    if (socket?._httpMessage === message) socket._httpMessage = null
    if (socket && forgets) sleep(socket)
    if (forgets) message.socket = null
  }
}

/** Copies status and fields of a reply to a message, as if they had been set one by one. */
function takeFields(message: Outgoing, reply: Reply): void {
  const { status, body } = reply
  message.statusCode = status
  if (reply.statusText !== '') message.statusMessage = reply.statusText
  const seen = new Set<string>()
  for (const [name, value] of reply.headers) {
    const key = name.toLowerCase()
    if (seen.has(key) || key === 'vary' || key === 'set-cookie') message.appendHeader(name, value)
    else message.setHeader(name, value)
    seen.add(key)
  }
  if (message.hasHeader('content-length') || status === 204 || status === 304) return
  if (typeof body === 'string') message.setHeader('Content-Length', Buffer.byteLength(body))
  else if (body instanceof Uint8Array) message.setHeader('Content-Length', body.length)
}

/** Whether text in this encoding can be passed on unchanged. */
function isUtf8(encoding: string | null | undefined): boolean {
  return !encoding || encoding === 'utf8' || /^utf-?8$/i.test(encoding)
}

function close(message: Outgoing): void {
  if (message._closed) return
  message.destroyed = true
  message._closed = true
  message.emit('close')
}

function storeHeader(this: Outgoing, firstLine: string, fields: Fields): void {
  ownerOf<ResponseSide>(this).storeHeader(firstLine, fields)
}

function send(
  this: Outgoing,
  data: string | Uint8Array,
  encoding?: BufferEncoding | null | Sent,
  sent?: Sent | null,
): boolean {
  if (typeof encoding === 'function') return ownerOf<ResponseSide>(this).send(data, null, encoding)
  return ownerOf<ResponseSide>(this).send(data, encoding, sent ?? null)
}

function writeRaw(this: Outgoing, data: string, encoding?: string | Sent, sent?: Sent | null): boolean {
  ownerOf<ResponseSide>(this).interim(data, (typeof encoding === 'function' ? encoding : sent) ?? null)
  return true
}

function finish(this: Outgoing): void {
  const side = ownerOf<ResponseSide>(this)
  side.lastWritten()
  ;(Object.getPrototypeOf(this) as Outgoing)._finish.call(this)
  side.ended()
}

function write(this: Outgoing, ...args: unknown[]): boolean {
  return (Object.getPrototypeOf(this) as Outgoing).write.apply(this, guardedArguments(this, args))
}

function end(this: Outgoing, ...args: unknown[]): Outgoing {
  const side = ownerOf<ResponseSide>(this)
  side.isEnding = true
  try {
    ;(Object.getPrototypeOf(this) as Outgoing).end.apply(this, guardedArguments(this, args))
    if (this._eventsCount > 0) side.awaited()
  } finally {
    side.isEnding = false
  }
  // If several responses share a request, only one of them belongs to the socket.
  if (this.finished) side.ended()
  return this
}

function guardedArguments(message: Outgoing, args: unknown[]): any {
  const last = args.length - 1
  for (let i = 0; i <= last; i++) {
    const argument = args[i]
    if (typeof argument !== 'function') continue
    const side = ownerOf<ResponseSide>(message)
    side.hasCallbacks = true
    args[i] = AsyncResource.bind(guardedCallback(side, argument as () => unknown))
  }
  return args
}
