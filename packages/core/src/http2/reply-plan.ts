import type { BodySource, Reply } from '../exchange/reply.ts'
import { isSource } from '../exchange/source.ts'
import type { ReplyHeaders } from '../exchange/reply-headers.ts'
import { checkReply, hasNoContent, sliceBytes } from '../exchange/content.ts'

/** Fields as Node's HTTP/2 takes them. */
export type Http2Fields = Record<string, number | string | string[]>

/** What goes out for a reply in HTTP/2. */
export interface Http2Plan {
  readonly headers: Http2Fields
  /** Content at hand, or null. */
  readonly content: Uint8Array | null
  /** Content that is read piece by piece, or null. */
  readonly source: BodySource
  /** Whether it is sent; otherwise the source is only let go of. */
  readonly streamed: boolean
  /** Announced length of streamed content, or -1. */
  readonly length: number
}

/** Fields that speak of a connection of HTTP/1.1 and have no meaning here (RFC 9113 §8.2.2). */
const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/**
 * Decides what a reply looks like in HTTP/2, by the same rules of HEAD, 204, 205 and 304 as in HTTP/1.1.
 * @throws RangeError when the status or a Content-Length set by the handler cannot be true; TypeError when the content
 * is none.
 */
export function planHttp2(reply: Reply, method: string): Http2Plan {
  const { status, body, headers: fields } = reply
  if (reply.takeOver) throw new RangeError('HTTP/2 connections cannot be taken over')
  checkReply(reply, method)
  const headers = fieldsOf(fields)
  headers[':status'] = status
  const announced = lengthOf(fields)
  const isHead = method === 'HEAD'
  const source = isSource(body) ? body : null
  const none: Http2Plan = { headers, content: null, source, streamed: false, length: -1 }

  if (hasNoContent(status)) {
    if (status !== 304) delete headers['content-length']
    if (status === 205) headers['content-length'] = '0'
    return none
  }
  if (source !== null) return isHead ? none : { ...none, streamed: true, length: announced }
  const content = typeof body === 'string' ? Buffer.from(body) : (body as Uint8Array | null)
  const length = content?.length ?? 0
  if (announced < 0) headers['content-length'] = String(length)
  else if (announced !== length && !(isHead && body === null))
    throw new RangeError(`Content-Length: ${announced} was set for ${length} bytes`)
  if (isHead) return none
  if (length > sliceBytes || reply.trailers) return { ...none, source: content ?? '', streamed: true, length }
  return { ...none, content }
}

/** Fields as Node takes them: names in lower case, several lines as an array. Core's checks were made when they were set. */
export function fieldsOf(fields: Iterable<readonly [string, string]>): Http2Fields {
  const headers = Object.create(null) as Http2Fields
  for (const [given, value] of fields) {
    const name = given.toLowerCase()
    if (dropped.has(name)) continue
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (Array.isArray(before)) before.push(value)
    else headers[name] = [String(before), value]
  }
  return headers
}

function lengthOf(fields: ReplyHeaders): number {
  const value = fields.get('content-length')
  if (value === null) return -1
  if (!/^\d{1,15}$/.test(value)) throw new RangeError(`Not a Content-Length: ${value}`)
  return Number(value)
}
