// How a reply is written in HTTP/2: its fields, and which of them are not allowed there (RFC 9113 §8.2.2).
import { checkReply, hasNoContent } from '../exchange/content.ts'
import type { BodySource, Reply } from '../exchange/reply.ts'
import { lengthOf } from '../exchange/reply-headers.ts'
import { isSource } from '../exchange/source.ts'

/** What is sent for a reply in HTTP/2. Reused: valid until the next call of {@link planHttp2}. */
export interface Http2Plan {
  /** The Content-Length in the head, or -1 for none. */
  length: number
  /** Content in memory, or null. */
  content: Uint8Array | null
  /** Content that is read piece by piece, or null. */
  source: BodySource
  /** Whether the content is sent; otherwise the source is only released. */
  streamed: boolean
}

const plan: Http2Plan = { length: -1, content: null, source: null, streamed: false }

/**
 * Decides what a reply looks like in HTTP/2, by the same rules of HEAD, 204, 205 and 304 as in HTTP/1.1.
 * @throws RangeError for a status or a Content-Length set by the handler that cannot be true; TypeError for invalid
 * content.
 */
export function planHttp2(reply: Reply, method: string): Http2Plan {
  const { status, body, flat, codings } = reply
  checkReply(reply, method)
  // HTTP/2 has no transfer codings, and encoded content would be mistaken for something else (RFC 9113 §8.2.2).
  if (codings !== undefined) throw new RangeError(`HTTP/2 has no transfer codings, but ${codings} was set`)
  const announced = lengthIn(flat)
  const isHead = method === 'HEAD'
  plan.source = isSource(body) ? body : null
  plan.content = null
  plan.streamed = false
  plan.length = -1
  if (hasNoContent(status) || reply.takeOver) {
    if (status === 304) plan.length = announced
    if (status === 205) plan.length = 0
    return plan
  }
  if (plan.source !== null) {
    plan.streamed = !isHead
    plan.length = announced
    return plan
  }
  const content = typeof body === 'string' ? Buffer.from(body) : (body as Uint8Array | null)
  const length = content?.length ?? 0
  if (announced >= 0 && announced !== length && !(isHead && body === null))
    throw new RangeError(`Content-Length: ${announced} was set for ${length} bytes`)
  plan.length = isHead && body === null && announced >= 0 ? announced : length
  if (!isHead && length > 0) plan.content = content
  return plan
}

/** @param flat like {@link Reply.flat}. */
function lengthIn(flat: readonly string[]): number {
  let length = -1
  for (let i = 0; i < flat.length; i += 3) {
    if (flat[i]!.length !== 14 || flat[i]!.toLowerCase() !== 'content-length') continue
    length = lengthOf(flat[i + 1]!)
  }
  return length
}
