/* eslint-disable no-restricted-imports -- types only: the server is the caller's */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
/* eslint-enable no-restricted-imports */
import {
  type Handler,
  type Peer,
  type Reply,
  type ReplyHeaders,
  type RequestHeaders,
  dropSource,
  guarded,
  ignore,
} from '@spillway/core'
import { isUnknown } from '../layers/unknown.ts'
import {
  ForeignExchange,
  type ForeignOptions,
  type ForeignRequest,
  foreignSettings,
  pullerOf,
} from '@spillway/core/web'

/** What `node:http` and Express call. */
export type NodeListener = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void

/**
 * Turns one of our handlers into a listener for `node:http` or `node:https`, or a handler for Express: content is read as the
 * handler reads it, the reply is written as fast as the client takes it, and `c.signal` aborts when the client is gone.
 * Below an Express mount, `c.path` and `c.base` are as below one of ours. Requests for which a router has no route and no `notFound`
 * go on to `next`, where there is one.
 *
 * `upgrade` throws a 501. Limits of heads, deadlines and shutdown are those of the other server.
 * @param options `onError` and the limit of content, as for `serve`.
 * @throws TypeError and RangeError for options, as `serve` does.
 */
export function toNodeListener(handler: Handler, options: ForeignOptions = {}): NodeListener {
  const settings = foreignSettings(options)
  return (req, res, next) => {
    const exchange = new ForeignExchange(new NodeRequest(req, res), settings)
    const { originalUrl, baseUrl, url } = req as IncomingMessage & { originalUrl?: string; baseUrl?: string }
    if (originalUrl !== undefined && baseUrl && url !== originalUrl) {
      exchange.context.base = baseUrl
      exchange.context.path = url!.split('?', 1)[0]!
    }
    void answer(exchange, handler, res, next)
  }
}

/** Never rejects, because nobody waits for it. */
async function answer(
  exchange: ForeignExchange,
  handler: Handler,
  res: ServerResponse,
  next: (() => void) | undefined,
): Promise<void> {
  const reply = await exchange.run(handler)
  if (next && isUnknown(reply)) {
    res.once('close', () => {
      exchange.context.status = res.statusCode
      if (res.writableFinished) exchange.sent(0)
      else exchange.abort('peer')
    })
    return guarded(next, (error) => exchange.report(error))
  }
  try {
    return await writeReply(exchange, res, writeHead(res, reply))
  } catch (error) {
    // node:http does not accept a field, the status or the content.
    dropSource(reply.body, error)
    if (res.headersSent) return cut(exchange, res, error)
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    try {
      await writeReply(exchange, res, writeHead(res, await exchange.fail(error)))
    } catch (second) {
      cut(exchange, res, second)
    }
  }
}

/** Cuts the reply: what looks complete must be complete. */
function cut(exchange: ForeignExchange, res: ServerResponse, error: unknown): void {
  exchange.abort('handler', 0, error)
  exchange.report(error)
  res.destroy()
}

class NodeRequest implements ForeignRequest {
  readonly method: string
  readonly target: string
  readonly httpVersion: ForeignRequest['httpVersion']
  readonly headers: RequestHeaders
  readonly length: number | null
  readonly #req: IncomingMessage
  readonly #res: ServerResponse

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.#req = req
    this.#res = res
    this.method = req.method!
    this.target = (req as { originalUrl?: string }).originalUrl ?? req.url!
    this.httpVersion = req.httpVersion === '1.0' || req.httpVersion === '2.0' ? req.httpVersion : '1.1'
    this.headers = new NodeHeaders(req.rawHeaders)
    const { 'content-length': length, 'transfer-encoding': coding } = req.headers
    this.length = coding !== undefined ? null : length === undefined ? 0 : Number(length)
  }

  get peer(): Peer {
    const socket = this.#req.socket as Socket & { encrypted?: boolean }
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
    return { address, port: socket.remotePort ?? 0, secure: socket.encrypted === true }
  }

  content(): AsyncIterator<Uint8Array> {
    // destroying the request would cut the connection before the reply is sent
    return this.#req.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>
  }

  onGone(callback: () => void): void {
    this.#res.once('close', () => {
      if (!this.#res.writableFinished) callback()
    })
  }

  hints(headers: ReplyHeaders): void {
    const hints: Record<string, string | string[]> = {}
    for (const [name] of headers) hints[name] = headers.get(name)!
    if ('link' in hints || 'Link' in hints) this.#res.writeEarlyHints({ link: '', ...lowerCase(hints) })
  }
}

function lowerCase(fields: Record<string, string | string[]>): Record<string, string | string[]> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]))
}

/** The field lines as received. */
class NodeHeaders implements RequestHeaders {
  readonly #raw: readonly string[]

  constructor(raw: readonly string[]) {
    this.#raw = raw
  }

  get(name: string): string | null {
    const values = this.getAll(name)
    return values.length === 0 ? null : values.join(name.toLowerCase() === 'cookie' ? '; ' : ', ')
  }

  getAll(name: string): string[] {
    const wanted = name.toLowerCase()
    const values: string[] = []
    for (const [key, value] of this) if (key === wanted) values.push(value)
    return values
  }

  has(name: string): boolean {
    return this.getAll(name).length > 0
  }

  *[Symbol.iterator](): Iterator<[string, string]> {
    for (let i = 0; i < this.#raw.length; i += 2) yield [this.#raw[i]!.toLowerCase(), this.#raw[i + 1]!]
  }
}

function writeHead(res: ServerResponse, reply: Reply): Reply {
  res.statusCode = reply.status
  const lists = new Map<string, string[]>()
  for (const [name, value] of reply.headers) {
    const key = name.toLowerCase()
    const list = lists.get(key)
    if (list) res.setHeader(name, [...list, value])
    else res.setHeader(name, value)
    lists.set(key, [...(list ?? []), value])
  }
  return reply
}

/** Writes the content at the client's pace and tells the exchange how it ended. */
async function writeReply(exchange: ForeignExchange, res: ServerResponse, { body }: Reply): Promise<void> {
  let bytes = 0
  if (res.destroyed) {
    // The client left before the handler had replied.
    dropSource(body, undefined)
    return exchange.abort('peer')
  }
  res.once('close', () => {
    if (res.writableFinished) exchange.sent(bytes)
    else exchange.abort('peer', bytes)
  })
  if (body === null || typeof body === 'string' || body instanceof Uint8Array) {
    bytes = body?.length ?? 0
    if (body !== null && !res.hasHeader('content-length') && res.statusCode !== 204 && res.statusCode !== 304)
      res.setHeader('Content-Length', Buffer.byteLength(body))
    res.end(body ?? undefined)
    return
  }
  if (exchange.context.method === 'HEAD' || res.statusCode === 204 || res.statusCode === 304) {
    dropSource(body, undefined)
    res.end()
    return
  }
  const source = pullerOf(body)
  res.once('close', () => {
    if (!res.writableFinished) source.cancel(undefined).catch(ignore)
  })
  try {
    for (;;) {
      const { done, value } = await source.next()
      if (res.destroyed) return
      if (done) break
      if (typeof value !== 'string' && !(value instanceof Uint8Array))
        throw new TypeError('The pieces of streamed content are text or bytes')
      bytes += value.length
      if (!res.write(value)) await new Promise<void>((resolve) => awaitDrain(res, resolve))
    }
    res.end()
  } catch (error) {
    source.cancel(error).catch(ignore)
    exchange.abort('handler', bytes, error)
    exchange.report(error)
    // What looks complete must be complete.
    res.destroy()
  }
}

function awaitDrain(res: ServerResponse, resume: () => void): void {
  const done = (): void => {
    res.off('drain', done).off('close', done)
    resume()
  }
  res.on('drain', done).on('close', done)
}
