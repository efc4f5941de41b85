import { type HeadSnapshot, TargetForm, type TargetParts, splitTarget } from '@spillway/parser'
import { type AbortedError, HttpError, type Outcome, unreadContent } from './errors.ts'
import { Reply, type BodySource, type ReplyInit, type TakeOver } from './reply.ts'
import { type HeadersInit, ReplyHeaders, addHeaders, fieldLine } from './reply-headers.ts'
import type { RequestBody } from './request-body.ts'
import type { Peer } from './transport.ts'

export type MaybePromise<T> = T | Promise<T>

/** What a handler may return: our own reply, or a fetch `Response`. */
export type Result = Reply | Response

/** Answers one request. A synchronous handler is answered in the same turn. */
export type Handler<C = Context> = (c: C) => MaybePromise<Result>

/** The request's fields: names compare without case, iteration is in wire order with lower-case names. */
export type RequestHeaders = Pick<HeadSnapshot, 'get' | 'getAll' | 'has'> & Iterable<[name: string, value: string]>

/**
 * One request and the means to answer it. Everything is a view over the request's head, made when it is asked for.
 * @typeParam Params path parameters, typed from the route's pattern.
 * @typeParam State what middleware in front has put into `state`.
 */
export interface Context<Params = {}, State = {}> {
  /** The method as sent; methods are case-sensitive (RFC 9110 §9.1). */
  readonly method: string
  /** The request target as sent (RFC 9112 §3.2). */
  readonly target: string
  /**
   * The path as sent, still percent-encoded; `/` for an absolute form without one, `*` for the asterisk form. Who hands
   * the request on may set it: a router that mounts another one takes the prefix off and puts it into `base`. `target`,
   * `url` and `request` stay what was sent.
   */
  path: string
  /** What a router that mounts another one took off the front of `path`; empty when there is none. */
  base: string
  /**
   * The pattern of the route that answers, as it was registered, for logs and numbers; empty when no router has found one.
   * Set by routers, below a mount with the prefix in front.
   */
  route: string
  /** The query with its `?`, still percent-encoded; empty when there is none. */
  readonly search: string
  /** The full URL (RFC 9110 §7.1): scheme from the connection, authority from the target or Host. */
  readonly url: string
  readonly httpVersion: '1.0' | '1.1' | '2.0'
  readonly headers: RequestHeaders
  readonly body: RequestBody
  readonly peer: Peer
  /** Parameters of the path; set by a router. */
  params: Readonly<Params>
  /** Slots for middleware. */
  readonly state: State
  /**
   * Aborts with the reason when the client is gone, a deadline passed, shutdown cut the exchange, or `abort` gave it up;
   * never after success. That the client is gone shows when it is read from or written to: while 64 KiB of content, or of further
   * requests, wait for a handler that neither reads nor writes, nothing is read, and only `timeouts.request` ends that.
   */
  readonly signal: AbortSignal
  /** A genuine fetch `Request`, built when first touched; its body is this context's body. */
  readonly request: Request
  /** Plain text in UTF-8. */
  text(content: string, init?: ReplyInit): Reply
  html(content: string, init?: ReplyInit): Reply
  /** @throws TypeError when the value cannot be written as JSON. */
  json(value: unknown, init?: ReplyInit): Reply
  /** @param status Default: 302 Found. @throws TypeError when the location has characters a field cannot carry. */
  redirect(location: string, status?: 301 | 302 | 303 | 307 | 308): Reply
  /** No content. @param status Default: 204. */
  empty(init?: ReplyInit): Reply
  /** Content read from a source as fast as the client takes it. */
  stream(source: BodySource, init?: ReplyInit): Reply
  /**
   * Leaves HTTP: the reply is 101 (200 to CONNECT), and then `take` gets the connection and the bytes behind the request.
   * @param headers have to say which protocol follows, with Upgrade; not to CONNECT (RFC 9110 §7.8).
   * @throws TypeError when they do not; HttpError 426 when the request did not ask for an upgrade (RFC 9110 §7.8).
   */
  upgrade(take: TakeOver, headers?: HeadersInit): Reply
  /**
   * Sends an interim 103 (Early Hints) reply: fields, most often `Link`, that the client can use while the reply is made.
   * Does nothing for HTTP/1.0 clients, which know no interim replies, and once the reply has begun (RFC 8297).
   * @param status another interim status, for who passes one on: a proxy has to (RFC 9110 §15.2). Default: 103.
   * @throws TypeError when a field cannot be sent; RangeError for a status that is not interim, or is core's to send (100, 101).
   */
  hints(headers: HeadersInit, status?: number): void
  /** Calls back once: after the last byte of the reply, or when it will never come. What throws or rejects there is reported. */
  done(callback: (outcome: Outcome) => unknown): void
  /**
   * Gives the work up that still goes on for this exchange: `signal` aborts, and content that is still read fails, with the
   * reason. A reply may be given all the same. For middleware with a limit of its own. Does nothing once the exchange is
   * over, or aborted already.
   */
  abort(reason: AbortedError): void
  /**
   * Calls back when the server begins to shut down and this exchange is not over, at once when it has begun before: time
   * for a reply without an end to find one, rather than being cut at the deadline.
   */
  onShutdown(callback: () => unknown): void
  /**
   * Fields that the reply gets when the handler fails, whoever makes it, unless it has them already; `Vary` and
   * `Set-Cookie` are added. For middleware whose fields every reply must carry: an error passes it by.
   */
  readonly errorHeaders: ReplyHeaders
}

/** What a context needs of the head of its request. @internal */
export type ContextHead = Pick<HeadSnapshot, 'method' | 'target' | 'targetForm' | 'minorVersion'> & RequestHeaders

/** What a context needs of its connection. @internal */
export interface ContextPort {
  readonly peer: Peer
  /** Whether the server shuts down. */
  readonly draining: boolean
  openBody(context: RequestContext): RequestBody
  /** Sends an interim reply, if the exchange still allows one. */
  interim(context: RequestContext, status: number, headers: ReplyHeaders): void
}

/** Where errors go that no reply can tell of. @internal */
export interface ErrorReporter {
  report(error: unknown, context: Context | null): void
}

const textHtml = fieldLine('Content-Type', 'text/html; charset=utf-8')
const textPlain = fieldLine('Content-Type', 'text/plain; charset=utf-8')
const applicationJson = fieldLine('Content-Type', 'application/json')

/** @internal The one implementation of {@link Context}: every field is there from the start, so its shape never changes. */
export class RequestContext implements Context {
  readonly head: ContextHead
  params: Record<string, string>
  state: Record<string, unknown>
  base: string = ''
  route: string = ''
  /** Content-Length, null when chunked, 0 when there is no content. */
  contentLength: number | null = 0
  /** Where the reply begins among the bytes of its connection, and where it ends once it is complete. */
  replyStart: number = 0
  replyEnd: number = 0
  /** Status of the reply once its head is written, 0 before. */
  status: number = 0
  /** 1 for the first request of its connection. */
  readonly exchange: number
  readonly #port: ContextPort
  readonly #upgrade: boolean
  #parts: TargetParts | undefined
  #path: string | undefined
  #body: RequestBody | undefined
  #request: Request | undefined
  #controller: AbortController | undefined
  #aborted: AbortedError | undefined
  #callbacks: ((outcome: Outcome) => unknown)[] | undefined
  #onShutdown: (() => unknown)[] | undefined
  #errorHeaders: ReplyHeaders | undefined
  #outcome: Outcome | undefined

  /** @param upgrade whether the request asks for another protocol. */
  constructor(port: ContextPort, head: ContextHead, upgrade: boolean, exchange: number) {
    this.head = head
    this.params = none
    this.state = {}
    this.#port = port
    this.#upgrade = upgrade
    this.exchange = exchange
  }

  get method(): string {
    return this.head.method
  }

  get target(): string {
    return this.head.target
  }

  get path(): string {
    return (this.#path ??= this.#findPath())
  }

  set path(path: string) {
    this.#path = path
  }

  get search(): string {
    return (this.#parts ??= splitTarget(this.head.target, this.head.targetForm)).query
  }

  get url(): string {
    const { path, query, authority } = (this.#parts ??= splitTarget(this.head.target, this.head.targetForm))
    const scheme = this.#port.peer.secure ? 'https' : 'http'
    // HTTP/1.0 needs no Host, and an empty one is allowed (RFC 9112 §3.2).
    const host = authority || this.head.get('host') || 'localhost'
    return `${scheme}://${host}${path === '*' ? '' : path}${query}`
  }

  get httpVersion(): Context['httpVersion'] {
    return this.head.minorVersion === 0 ? '1.0' : '1.1'
  }

  get headers(): RequestHeaders {
    return this.head
  }

  get body(): RequestBody {
    if (this.#body) return this.#body
    const body = (this.#body = this.#port.openBody(this))
    if (this.#aborted) body.fail(this.#aborted)
    return body
  }

  get peer(): Peer {
    return this.#port.peer
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort(this.#aborted)
    }
    return this.#controller.signal
  }

  get request(): Request {
    if (this.#request) return this.#request
    const { method } = this
    const headers = new Headers()
    for (const [name, value] of this.head) headers.append(name, value)
    const init: RequestInit & { duplex?: 'half' } = { method, headers, signal: this.signal }
    if (method !== 'GET' && method !== 'HEAD' && this.body.length !== 0) {
      init.body = this.body.stream()
      init.duplex = 'half'
    }
    try {
      return (this.#request = new Request(this.url, init))
    } catch (cause) {
      // Fetch knows fewer hosts than HTTP, and neither CONNECT nor TRACE.
      const forbidden = method === 'CONNECT' || method === 'TRACE'
      throw new HttpError(forbidden ? 501 : 400, `The request has no form in fetch: ${(cause as Error).message}`, {
        cause,
      })
    }
  }

  text(content: string, init?: ReplyInit): Reply {
    return new Reply(content, init, new ReplyHeaders(textPlain))
  }

  html(content: string, init?: ReplyInit): Reply {
    return new Reply(content, init, new ReplyHeaders(textHtml))
  }

  json(value: unknown, init?: ReplyInit): Reply {
    const content = JSON.stringify(value) as string | undefined
    if (content === undefined) throw new TypeError(`A ${typeof value} has no JSON form`)
    return new Reply(content, init, new ReplyHeaders(applicationJson))
  }

  redirect(location: string, status: 301 | 302 | 303 | 307 | 308 = 302): Reply {
    const reply = new Reply(null, status)
    reply.headers.set('Location', location)
    return reply
  }

  empty(init: ReplyInit = 204): Reply {
    const reply = new Reply(null, init)
    if (typeof init !== 'number' && init.status === undefined) reply.status = 204
    return reply
  }

  stream(source: BodySource, init?: ReplyInit): Reply {
    return new Reply(source, init)
  }

  upgrade(take: TakeOver, headers?: HeadersInit): Reply {
    const connect = this.method === 'CONNECT'
    const reply = new Reply(null, { status: connect ? 200 : 101, ...(headers && { headers }) })
    reply.takeOver = take
    const protocol = reply.headers.get('upgrade')
    if (!connect && !protocol) throw new TypeError('An upgrade needs an Upgrade field that says which protocol follows')
    if (connect || this.#upgrade) return reply
    const refusal = new HttpError(426, 'This resource needs an upgraded connection')
    // A 426 has to say which protocol (RFC 9110 §15.5.22).
    refusal.headers.set('Upgrade', protocol!)
    throw refusal
  }

  hints(headers: HeadersInit, status: number = 103): void {
    if (!(Number.isInteger(status) && status > 101 && status < 200))
      throw new RangeError(`Not an interim status: ${status}`)
    const fields = new ReplyHeaders()
    addHeaders(fields, headers)
    this.#port.interim(this, status, fields)
  }

  done(callback: (outcome: Outcome) => unknown): void {
    if (this.#outcome) callback(this.#outcome)
    else (this.#callbacks ??= []).push(callback)
  }

  onShutdown(callback: () => unknown): void {
    if (this.#port.draining) callback()
    else (this.#onShutdown ??= []).push(callback)
  }

  get errorHeaders(): ReplyHeaders {
    return (this.#errorHeaders ??= new ReplyHeaders())
  }

  #findPath(): string {
    const { target, targetForm } = this.head
    if (targetForm !== TargetForm.Origin) return (this.#parts ??= splitTarget(target, targetForm)).path
    const mark = target.indexOf('?')
    return mark < 0 ? target : target.slice(0, mark)
  }

  /** Adds the fields that the reply to an error must carry. */
  complete(reply: Reply): Reply {
    if (!this.#errorHeaders) return reply
    for (const [name, value] of this.#errorHeaders)
      if (/^(?:vary|set-cookie)$/i.test(name)) reply.headers.append(name, value)
      else if (!reply.headers.has(name)) reply.headers.set(name, value)
    return reply
  }

  /** Shutdown begins. A callback that fails is reported, and the others are called all the same. */
  shutdown(reporter: ErrorReporter): void {
    const callbacks = this.#onShutdown
    this.#onShutdown = undefined
    if (callbacks && !this.#outcome) this.#callAll(callbacks, undefined, reporter)
  }

  /** Whether someone waits for the outcome. */
  get observed(): boolean {
    return this.#callbacks !== undefined
  }

  /** @internal Why it was aborted, if it was. */
  get aborted(): AbortedError | undefined {
    return this.#aborted
  }

  /** @internal Whether an error is what `signal` said, let through by the handler. */
  stoppedBy(error: unknown): boolean {
    return this.#aborted !== undefined && error === this.#aborted
  }

  abort(reason: AbortedError): void {
    if (this.#outcome || this.#aborted) return
    this.#aborted = reason
    this.#body?.fail(reason)
    this.#controller?.abort(reason)
  }

  /** Whether this body belongs to the request. */
  owns(body: RequestBody): boolean {
    return this.#body === body
  }

  /** Bytes of content waiting to be read. */
  get bufferedBody(): number {
    return this.#body?.buffered ?? 0
  }

  /** The reply is done: content that was not read will not be. */
  dropBody(): void {
    this.#body?.fail(unreadContent())
  }

  /** Settles the outcome, once. A callback that fails is reported, and the others are called all the same. */
  finish(outcome: Outcome, reporter: ErrorReporter): void {
    if (this.#outcome) return
    this.#outcome = outcome
    const callbacks = this.#callbacks
    this.#callbacks = undefined
    if (callbacks) this.#callAll(callbacks, outcome, reporter)
  }

  #callAll<T>(callbacks: readonly ((value: T) => unknown)[], value: T, reporter: ErrorReporter): void {
    for (const callback of callbacks)
      try {
        const result = callback(value)
        if (result instanceof Promise) result.catch((error: unknown) => reporter.report(error, this))
      } catch (error) {
        reporter.report(error, this)
      }
  }
}

const none: Record<string, string> = Object.freeze({})
