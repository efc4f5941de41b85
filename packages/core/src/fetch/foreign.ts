// One exchange on another server: does what our own connections do for a handler, with what that server provides.
import { TargetForm } from '@spillway/parser'
import type { Context, Handler, MaybePromise, RequestHeaders } from '../exchange/context.ts'
import { type ContextHead, type ContextPort, RequestContext } from '../exchange/request-context.ts'
import { answerIn, taken } from '../exchange/dispatch.ts'
import { handledRequest } from '../exchange/handled.ts'
import { checkReply } from '../exchange/content.ts'
import { errorAnswer, reportError, unhandled } from '../exchange/on-error.ts'
import { type AbortedBy, AbortedError, HttpError, type Outcome } from '../exchange/errors.ts'
import { type Rules, readOptions, section } from '../exchange/read-options.ts'
import { limitRules, serverRules } from '../server/rules.ts'
import { Reply } from '../exchange/reply.ts'
import type { ReplyHeaders } from '../exchange/reply-headers.ts'
import { type BodyPort, RequestBody } from '../exchange/request-body.ts'
import type { ServerOptions } from '../server/server.ts'
import type { Peer } from '../transport/transport.ts'

/** A request that another server has accepted and read, and whose reply it sends. */
export interface ForeignRequest {
  readonly method: string
  /** The target in origin form, or `*`. */
  readonly target: string
  readonly httpVersion: Context['httpVersion']
  readonly headers: RequestHeaders
  readonly peer: Peer
  /** Content-Length; null when it is not known, 0 when there is no content. */
  readonly length: number | null
  /** Reads the content; called when a handler wants it. */
  content(): AsyncIterator<Uint8Array>
  /** The fetch `Request`, if it is one and has no content. */
  readonly request?: Request | undefined
  /** Calls back when the client is gone before the reply was sent; used only when someone wants to know. */
  onGone?(callback: () => void): void
  /** Sends an interim 103 reply, where the other server can. */
  hints?(headers: ReplyHeaders): void
}

/** The server options that {@link ForeignExchange} uses; the others are up to the other server. */
export interface ForeignOptions extends Pick<ServerOptions, 'onError'> {
  /** The limit of content. Default: as for our own server. */
  readonly limits?: { readonly bodyBytes?: number }
}

/** The options of a {@link ForeignExchange} after {@link foreignSettings} has read them. */
export interface ForeignSettings extends Omit<ForeignOptions, 'limits'> {
  readonly limits: Required<NonNullable<ForeignOptions['limits']>>
}

export const foreignRules: Rules<ForeignSettings> = {
  onError: serverRules.onError,
  limits: section({ bodyBytes: limitRules.bodyBytes }),
}

/**
 * Reads the options of an adapter, once for all of its exchanges.
 * @throws TypeError for an unknown name, or a value of another kind; RangeError for a number that is NaN or out of range.
 */
export function foreignSettings(options: ForeignOptions = {}): ForeignSettings {
  return readOptions(foreignRules, options)
}

const usual = foreignSettings()

class ForeignContext extends RequestContext {
  readonly #foreign: ForeignRequest
  readonly #exchange: ForeignExchange
  #watched = false

  constructor(exchange: ForeignExchange, foreign: ForeignRequest, head: ContextHead) {
    super(exchange, head, false, 1)
    this.#exchange = exchange
    this.#foreign = foreign
  }

  override get signal(): AbortSignal {
    this.#watch()
    return super.signal
  }

  override onAbort(callback: (reason: AbortedError) => unknown): void {
    this.#watch()
    super.onAbort(callback)
  }

  override done(callback: (outcome: Outcome) => unknown): void {
    this.#watch()
    super.done(callback)
  }

  #watch(): void {
    if (this.#watched) return
    this.#watched = true
    this.#foreign.onGone?.(() => this.#exchange.abort('peer'))
  }

  override get httpVersion(): Context['httpVersion'] {
    return this.#foreign.httpVersion
  }

  override get request(): Request {
    const { request } = this.#foreign
    return request ? handledRequest(request) : super.request
  }

  override upgrade(): Reply {
    throw new HttpError(501, 'The server in front cannot hand the connection over')
  }
}

/**
 * One request on another server, answered by one of our handlers: the base class of adapters to other servers.
 * The adapter runs the handler, sends the reply, and reports what became of it with `sent` or `abort`.
 */
export class ForeignExchange implements ContextPort, BodyPort {
  readonly context: RequestContext
  /** The other server does its own shutdown: `c.onShutdown` is never called. */
  readonly draining: boolean = false
  readonly #foreign: ForeignRequest
  readonly #settings: ForeignSettings
  #content: AsyncIterator<Uint8Array> | undefined
  #reading = false

  constructor(foreign: ForeignRequest, settings: ForeignSettings = usual) {
    this.#foreign = foreign
    this.#settings = settings
    this.context = new ForeignContext(this, foreign, new ForeignHead(foreign))
  }

  get peer(): Peer {
    return this.#foreign.peer
  }

  openBody(): RequestBody {
    return new RequestBody(this, this.#foreign.length, this.#settings.limits.bodyBytes)
  }

  demand(body: RequestBody): void {
    if (!this.#reading) void this.#read(body)
  }

  interim(_context: RequestContext, status: number, headers: ReplyHeaders): void {
    // Other servers support only this one.
    if (status === 103) this.#foreign.hints?.(headers)
  }

  /** Runs the handler. It never throws: an error becomes a reply. */
  run(handler: Handler): MaybePromise<Reply> {
    try {
      const result = taken(handler(this.context), this.context, this)
      if (result instanceof Reply) return this.#checked(result)
      return result.then(
        (given) => this.run(() => given),
        (error: unknown) => this.#failed(error),
      )
    } catch (error) {
      return this.#failed(error)
    }
  }

  /** What a handler has thrown may be a reply or an error. */
  #failed(error: unknown): MaybePromise<Reply> {
    const answer = answerIn(error)
    return answer ? this.run(() => this.context.complete(answer)) : this.fail(error)
  }

  /** The reply was sent completely. @param bytes of its content, as far as the adapter knows. */
  sent(bytes: number): void {
    this.context.dropBody()
    this.#finish({ kind: 'sent', status: this.context.status, bytes })
  }

  /** The reply will not be sent, or not completely. */
  abort(by: AbortedBy, bytes = 0, error?: unknown): void {
    this.context.abort(new AbortedError(by, 'The exchange was cut short'))
    const { status } = this.context
    this.#finish({ kind: 'aborted', by, status, bytes, ...(error !== undefined && { error }) })
  }

  /** An error that no reply can report any more. */
  report(error: unknown): void {
    reportError(this.#settings.onError, error, this.context)
  }

  #finish(outcome: Outcome): void {
    this.context.finish(outcome)
  }

  #checked(reply: Reply): Reply {
    checkReply(reply, this.context.method)
    this.context.status = reply.status
    return reply
  }

  /** The reply to an error: made by `onError`, or a text with its status. */
  async fail(error: unknown): Promise<Reply> {
    let reply
    try {
      reply = this.#checked(await errorAnswer(this.#settings.onError, error, this.context))
    } catch (second) {
      reply = this.#checked(unhandled(second))
    }
    return this.context.complete(reply)
  }

  /** Passes content to the reader, until that has enough. */
  async #read(body: RequestBody): Promise<void> {
    this.#reading = true
    try {
      this.#content ??= this.#foreign.content()
      while (!body.full) {
        const { done, value } = await this.#content.next()
        if (done) return body.end(null)
        body.push(value)
      }
    } catch (cause) {
      const error = new AbortedError('peer', 'The request content did not come in full')
      error.cause = cause
      body.fail(error)
    } finally {
      this.#reading = false
    }
  }
}

/** The head of a request that does not exist as bytes. */
class ForeignHead implements ContextHead {
  readonly method: string
  readonly target: string
  readonly targetForm: ContextHead['targetForm']
  readonly minorVersion: 0 | 1
  readonly #headers: RequestHeaders

  constructor(foreign: ForeignRequest) {
    this.method = foreign.method
    this.target = foreign.target
    this.targetForm = foreign.target === '*' ? TargetForm.Asterisk : TargetForm.Origin
    this.minorVersion = foreign.httpVersion === '1.0' ? 0 : 1
    this.#headers = foreign.headers
  }

  get(name: string): string | null {
    return this.#headers.get(name)
  }

  getAll(name: string): string[] {
    return this.#headers.getAll(name)
  }

  has(name: string): boolean {
    return this.#headers.has(name)
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#headers[Symbol.iterator]()
  }
}
