// The context of a request, independent of the protocol in which it came.
import { type HeadSnapshot, TargetForm } from '@spillway/parser'
import { splitTarget, type TargetParts } from '@spillway/parser/fields'
import type { Context, Html, Query, RequestHeaders } from './context.ts'
import { type AbortedError, HttpError, type Outcome, abortedIn, unreadContent } from './errors.ts'
import { Reply, type BodySource, type ReplyInit, type TakeOver } from './reply.ts'
import { type FieldsInit, ReplyHeaders, addErrorFields, addHeaders, fieldLine, textPlain } from './reply-headers.ts'
import { noContent } from './source.ts'
import { guarded, kindOf } from './guarded.ts'
import { handledRequest } from './handled.ts'
import { type JsonReplacer, jsonOf } from './json.ts'
import { Lifetime } from './lifetime.ts'
import { type Scope, bound, within } from './scope.ts'
import type { RequestBody } from './request-body.ts'
import type { Peer } from '../transport/transport.ts'

/** The parts of a request's head that a context needs. @internal */
export type ContextHead = Pick<HeadSnapshot, 'method' | 'target' | 'targetForm' | 'minorVersion'> & RequestHeaders

/** What a context needs of its connection. @internal */
export interface ContextPort {
  readonly peer: Peer
  /** Whether the server is shutting down. */
  readonly draining: boolean
  openBody(context: RequestContext): RequestBody
  /** Sends an interim reply, if the exchange still allows one. */
  interim(context: RequestContext, status: number, headers: ReplyHeaders): void
  /** Reports an error that no reply can report. */
  report(error: unknown, context: RequestContext): void
}

const textHtml = fieldLine('Content-Type', 'text/html; charset=utf-8')

/** @internal The one implementation of {@link Context}: all its properties exist from the start, so its shape never changes. */
export class RequestContext implements Context {
  readonly head: ContextHead
  params: Record<string, string>
  base: string = ''
  route: string = ''
  /** Content-Length, null when chunked, 0 when there is no content. */
  contentLength: number | null = 0
  /** The positions in the bytes of the connection where the reply begins, and where it ends once it is complete. */
  replyStart: number = 0
  replyEnd: number = 0
  /** Status of the reply once its head is written, 0 before. */
  status: number = 0
  /** 1 for the first request of its connection. */
  readonly exchange: number
  /** The async context of the handler, and of everything called later that was not registered in another one. */
  scope: Scope = undefined
  readonly #port: ContextPort
  readonly #upgrade: boolean
  #state: Record<string, unknown> | undefined
  #parts: TargetParts | undefined
  #path: string | undefined
  #query: Query | undefined
  #body: RequestBody | undefined
  #request: Request | undefined
  #lifetime: Lifetime | undefined
  #errorHeaders: ReplyHeaders | undefined
  #outcome: Outcome | undefined

  /** @param upgrade whether the request asks for another protocol. */
  constructor(port: ContextPort, head: ContextHead, upgrade: boolean, exchange: number) {
    this.head = head
    this.params = none
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

  /** Most requests need none, and it would be a tenth of what a request allocates. */
  get state(): Record<string, unknown> {
    return (this.#state ??= {})
  }

  set state(state: Record<string, unknown>) {
    this.#state = state
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

  get query(): Query {
    return (this.#query ??= new URLSearchParams(this.search))
  }

  get url(): string {
    const { path, query, authority } = (this.#parts ??= splitTarget(this.head.target, this.head.targetForm))
    const scheme = this.#port.peer.secure ? 'https' : 'http'
    // HTTP/1.0 requires no Host, and an empty one is allowed (RFC 9112 §3.2).
    const host = authority || this.head.get('host') || 'localhost'
    return `${scheme}://${host}${path === '*' ? '' : path}${query}`
  }

  get httpVersion(): Context['httpVersion'] {
    return this.head.minorVersion === 0 ? '1.0' : '1.1'
  }

  get protocol(): string {
    return ''
  }

  get headers(): RequestHeaders {
    return this.head
  }

  get body(): RequestBody {
    if (this.#body) return this.#body
    const body = (this.#body = this.#port.openBody(this))
    if (this.aborted) body.fail(this.aborted)
    return body
  }

  get peer(): Peer {
    return this.#port.peer
  }

  get signal(): AbortSignal {
    return this.#watch.signal((error) => this.#port.report(error, this))
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
      return (this.#request = handledRequest(new Request(this.url, init)))
    } catch (cause) {
      // Fetch accepts fewer hosts than HTTP, and neither CONNECT nor TRACE.
      const forbidden = method === 'CONNECT' || method === 'TRACE'
      throw new HttpError(forbidden ? 501 : 400, `The request has no form in fetch: ${(cause as Error).message}`, {
        cause,
      })
    }
  }

  text(content: string, init?: ReplyInit): Reply {
    return new Reply(content, init, textPlain)
  }

  html(content: string | Html, init?: ReplyInit): Reply {
    const text = typeof content === 'string' ? content : content.html
    if (typeof text !== 'string') throw noContent(content)
    return new Reply(text, init, textHtml)
  }

  json(value: unknown, init?: ReplyInit, replacer?: JsonReplacer): Reply {
    return Reply.ofJson(jsonOf(value, replacer), init)
  }

  redirect(location: string | URL, status: 301 | 302 | 303 | 307 | 308 = 302): Reply {
    if (typeof location !== 'string' && !(location instanceof URL))
      throw new TypeError(`A location is text or a URL, not ${kindOf(location)}`)
    const reply = new Reply(null, status)
    reply.headers.set('Location', encoded(String(location)))
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

  upgrade(take: TakeOver, headers?: FieldsInit): Reply {
    const connect = this.method === 'CONNECT'
    const reply = new Reply(null, { status: connect ? 200 : 101, ...(headers && { headers }) })
    reply.takeOver = bound(take)
    // An extended CONNECT itself has named the protocol that follows.
    const protocol = reply.headers.get('upgrade') ?? this.protocol
    if (!connect && !protocol) throw new TypeError('An upgrade needs an Upgrade field that says which protocol follows')
    if (connect || this.#upgrade) return reply
    const refusal = new HttpError(426, 'This resource needs an upgraded connection')
    // A 426 must name the protocol (RFC 9110 §15.5.22).
    refusal.headers.set('Upgrade', protocol)
    throw refusal
  }

  hints(headers: FieldsInit, status: number = 103): void {
    if (!(Number.isInteger(status) && status > 101 && status < 200))
      throw new RangeError(`An interim status is from 102 to 199, not ${status}`)
    const fields = new ReplyHeaders()
    addHeaders(fields, headers)
    this.#port.interim(this, status, fields)
  }

  done(callback: (outcome: Outcome) => unknown): void {
    if (this.#outcome) guarded(callback, (error) => this.#port.report(error, this), this.#outcome)
    else this.#watch.atEnd(callback)
  }

  onAbort(callback: (reason: AbortedError) => unknown): void {
    if (this.aborted) guarded(callback, (error) => this.#port.report(error, this), this.aborted)
    else this.#watch.atAbort(callback)
  }

  onShutdown(callback: () => unknown): void {
    if (this.#port.draining) guarded(callback, (error) => this.#port.report(error, this))
    else this.#watch.atShutdown(callback)
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
    return this.#errorHeaders ? addErrorFields(this, reply) : reply
  }

  get #watch(): Lifetime {
    return (this.#lifetime ??= new Lifetime())
  }

  /** Shutdown begins. */
  shutdown(): void {
    if (!this.#outcome) this.#lifetime?.shutdown((error) => this.#port.report(error, this))
  }

  /** Calls back once the outcome is settled, before all others; undefined removes the callback. @internal */
  whenOver(callback: (() => void) | undefined): void {
    this.#watch.whenOver = callback
  }

  /** Whether someone is waiting for the outcome. */
  get observed(): boolean {
    return this.#lifetime !== undefined && this.#lifetime.observed
  }

  /** @internal Why it was aborted, if it was. */
  get aborted(): AbortedError | undefined {
    return this.#lifetime?.aborted
  }

  /** @internal Whether the outcome is settled. */
  get isOver(): boolean {
    return this.#outcome !== undefined
  }

  /** @internal Whether an error is that of a handler that stopped because the client has gone. */
  stoppedBy(error: unknown): boolean {
    return this.aborted?.by === 'peer' && abortedIn(error) === this.aborted
  }

  abort(reason: AbortedError): void {
    if (this.#outcome || this.aborted) return
    this.#body?.fail(reason)
    within(this.scope, () => this.#watch.abort(reason, (error) => this.#port.report(error, this)))
  }

  /** Whether this body belongs to the request. */
  owns(body: RequestBody): boolean {
    return this.#body === body
  }

  /** Bytes of content waiting to be read. */
  get bufferedBody(): number {
    return this.#body?.buffered ?? 0
  }

  /** The reply is finished: content that was not read will not be read any more. */
  dropBody(): void {
    this.#body?.fail(unreadContent())
  }

  /** Settles the outcome, once. */
  finish(outcome: Outcome): void {
    if (this.#outcome) return
    this.#outcome = outcome
    this.#lifetime?.end(outcome, (error) => this.#port.report(error, this))
  }
}

/** Percent-encodes in UTF-8 what a URL cannot contain (RFC 3986 §2.1); control characters stay, and are refused later. */
function encoded(location: string): string {
  return location.replace(/[^!-~\p{Cc}]+/gu, (text) => encodeURIComponent(Buffer.from(text).toString()))
}

const none: Record<string, string> = Object.freeze({})
