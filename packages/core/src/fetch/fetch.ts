// Fetch applications as our handlers, and our handlers as fetch applications.
import { parseContentLength } from '@spillway/parser/fields'
import type { Context, Handler, RequestHeaders } from '../exchange/context.ts'
import { handledRequest } from '../exchange/handled.ts'
import { ForeignExchange, type ForeignOptions, type ForeignRequest, foreignSettings } from './foreign.ts'
import { checkHandler } from '../server/check-handler.ts'
import type { BodySource, Reply } from '../exchange/reply.ts'
import { dropSource, isBytes, isSource, pullerOf } from '../exchange/source.ts'
import { hasNoContent } from '../exchange/content.ts'
import type { Peer } from '../transport/transport.ts'

export { type Puller, pullerOf } from '../exchange/source.ts'
export {
  ForeignExchange,
  type ForeignOptions,
  type ForeignRequest,
  type ForeignSettings,
  foreignSettings,
} from './foreign.ts'

/** What a fetch-style application is told in addition to the request; the shape is that of `Deno.serve`. */
export interface FetchInfo {
  readonly remoteAddr: { readonly transport: 'tcp'; readonly hostname: string; readonly port: number }
  /** Resolves after the last byte of the reply, rejects when it will never come. */
  readonly completed: Promise<void>
}

/** A fetch-style application: what Hono, h3, itty-router and others export. */
export type FetchApp = (request: Request, info: FetchInfo) => Response | Promise<Response>

/**
 * Runs a fetch-style application on core: it gets a genuine `Request`, whose `signal` aborts when the client is gone, and
 * its `Response` is streamed as fast as the client takes it. Below a mount, the URL of the request has no prefix.
 *
 * A `Response` that has already been read, or whose status is not final (101, or 0 of `Response.error()`), is an error: 500.
 */
export function fromFetch(app: FetchApp): Handler {
  return (c) => app(c.base === '' ? c.request : rebased(c), new Info(c))
}

function rebased(c: Context): Request {
  const { request } = c
  const url = new URL(request.url)
  // a path that begins with two slashes would be taken for a host if it were resolved as a reference
  url.pathname = c.path
  return handledRequest(new Request(url, request))
}

/** Created for each request, so its parts are made only when they are used. */
class Info implements FetchInfo {
  readonly #c: Context

  constructor(c: Context) {
    this.#c = c
  }

  get remoteAddr(): FetchInfo['remoteAddr'] {
    return { transport: 'tcp', hostname: this.#c.peer.address, port: this.#c.peer.port }
  }

  get completed(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#c.done((outcome) => {
        if (outcome.kind === 'sent') resolve()
        else reject(new Error(`The reply was cut short by ${outcome.by}`, { cause: outcome.error }))
      })
    })
  }
}

/** The parts of the second argument of `Deno.serve` and `Bun.serve` that matter here. */
type ServerInfo =
  | Pick<FetchInfo, 'remoteAddr'>
  | { requestIP(request: Request): { readonly address: string; readonly port: number } | null }

/**
 * Turns a handler into a fetch-style application, for `Bun.serve`, `Deno.serve` and anything else that takes a function from
 * `Request` to `Response`. Everything in the context works except what needs the connection: `upgrade` throws a 501,
 * hints are not sent, trailers are dropped, and deadlines, limits of heads and shutdown are those of the other server.
 * @param options `onError` and the limit of content, as for `serve`.
 * @throws TypeError for something that is no handler; TypeError and RangeError for options, as `serve` does.
 */
export function toFetch(
  handler: Handler,
  options: ForeignOptions = {},
): (request: Request, info?: unknown) => Promise<Response> {
  checkHandler(handler)
  const settings = foreignSettings(options)
  return async (request, info) => {
    const exchange = new ForeignExchange(new FetchRequest(request, info as ServerInfo | undefined), settings)
    const reply = await exchange.run(handler)
    try {
      return respond(exchange, reply)
    } catch (error) {
      // fields or a status that `Response` does not accept
      return respond(exchange, await exchange.fail(error))
    }
  }
}

/** A fetch `Request` as one of our requests. */
class FetchRequest implements ForeignRequest {
  readonly method: string
  readonly target: string
  readonly httpVersion = '1.1'
  readonly headers: RequestHeaders
  readonly length: number | null
  readonly request: Request | undefined
  readonly #request: Request
  readonly #info: ServerInfo | undefined
  #peer: Peer | undefined

  constructor(request: Request, info: ServerInfo | undefined) {
    const { url } = request
    const at = url.indexOf('/', url.indexOf('//') + 2)
    const hash = url.indexOf('#', at)
    this.method = request.method
    this.target = hash < 0 ? url.slice(at) : url.slice(at, hash)
    this.headers = new FetchHeaders(request.headers, url.slice(url.indexOf('//') + 2, at))
    this.length = request.body === null ? 0 : parseContentLength(request.headers.get('content-length') ?? '')
    this.request = request.body === null ? request : undefined
    this.#request = request
    this.#info = info
  }

  get peer(): Peer {
    return (this.#peer ??= { ...addressOf(this.#request, this.#info), secure: this.#request.url.startsWith('https:') })
  }

  onGone(callback: () => void): void {
    this.#request.signal.addEventListener('abort', callback, { once: true })
  }

  content(): AsyncIterator<Uint8Array> {
    return this.#request.body![Symbol.asyncIterator]()
  }
}

function addressOf(request: Request, info: ServerInfo | undefined): { address: string; port: number } {
  if (info && 'remoteAddr' in info) return { address: info.remoteAddr.hostname, port: info.remoteAddr.port }
  return (info && 'requestIP' in info && info.requestIP(request)) || { address: '', port: 0 }
}

/** Fields as fetch has them: lines of the same name are already joined. */
class FetchHeaders implements RequestHeaders {
  readonly #headers: Headers
  readonly #host: string

  /** @param host used in place of Host, which a `Request` need not have. */
  constructor(headers: Headers, host: string) {
    this.#headers = headers
    this.#host = host
  }

  get(name: string): string | null {
    return this.#headers.get(name) ?? (/^host$/i.test(name) ? this.#host : null)
  }

  getAll(name: string): string[] {
    const value = this.get(name)
    return value === null ? [] : [value]
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  *[Symbol.iterator](): Iterator<[string, string]> {
    if (!this.#headers.has('host')) yield ['host', this.#host]
    yield* this.#headers
  }
}

/** Fields that the other server writes itself (RFC 9112 §9.6, §6.1). */
const connectionFields = /^(?:connection|keep-alive|transfer-encoding)$/i

function respond(exchange: ForeignExchange, reply: Reply): Response {
  const { status, body } = reply
  const isHead = exchange.context.method === 'HEAD'
  const headers = new Headers()
  for (const [name, value] of reply.headers) if (!connectionFields.test(name)) headers.append(name, value)
  if (hasNoContent(status) || isHead) {
    if (isHead && !headers.has('content-length')) announce(headers, body)
    dropSource(body, undefined, (error) => exchange.report(error))
    const response = new Response(null, { status, headers })
    exchange.sent(0)
    return response
  }
  if (isSource(body)) return new Response(contentOf(body, exchange), { status, headers })
  const response = new Response(body as string | Uint8Array<ArrayBuffer> | null, { status, headers })
  exchange.sent(body?.length ?? 0)
  return response
}

/** HEAD says what GET would (RFC 9110 §9.3.2). */
function announce(headers: Headers, body: BodySource): void {
  if (typeof body === 'string') headers.set('Content-Length', String(new TextEncoder().encode(body).length))
  else if (isBytes(body)) headers.set('Content-Length', String(body.length))
}

/** The content of a reply as a fetch body, read no further than it is asked for; tells the exchange how it ended. */
function contentOf(body: BodySource, exchange: ForeignExchange): ReadableStream<Uint8Array<ArrayBuffer>> {
  const source = pullerOf(body)
  const utf8 = new TextEncoder()
  let bytes = 0
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await source.next()
          if (done) {
            controller.close()
            return exchange.sent(bytes)
          }
          const chunk = typeof value === 'string' ? utf8.encode(value) : (value as Uint8Array<ArrayBuffer>)
          bytes += chunk.length
          controller.enqueue(chunk)
        } catch (error) {
          exchange.abort('handler', bytes, error)
          exchange.report(error)
          controller.error(error)
        }
      },
      async cancel(reason) {
        exchange.abort('peer', bytes)
        await source.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
