// The reply to a request for a file.
import { type Context, Reply, type RequestHeaders } from '@spillway/core'
import { formatContentRange } from '@spillway/parser/fields'
import { evaluatePreconditions } from '../http/preconditions.ts'
import { type Piece, multipart, rangeApplies, rangesToSend } from '../http/byte-ranges.ts'
import type { Representation } from './representation.ts'
import { type SourceFile, closeFile } from './source.ts'

/**
 * Answers GET and HEAD with a representation: conditions first, then ranges (RFC 9110 §13.2.2). An open file is closed in
 * any case, now or when the reply is over.
 * @param status of a reply with the whole content: 404 for an error page, to which conditions and ranges do not apply.
 */
export function respond(c: Context<any, any>, representation: Representation, status: 200 | 404 = 200): Reply {
  const reply = status === 200 ? partOrNothing(c, representation) : undefined
  if (!reply) return whole(c, representation, status)
  if (reply.body === null) release(representation)
  return reply
}

/** The reply to a request that does not want all of the content, or must not get it. */
function partOrNothing(c: Context<any, any>, representation: Representation): Reply | undefined {
  const { headers, method } = c
  const { brief, fields, size } = representation
  if (isConditional(headers)) {
    const refused = evaluatePreconditions(method, headers, representation)
    if (refused) return new Reply(null, refused, brief.clone())
  }
  // Range is defined for GET only (RFC 9110 §14.2): HEAD describes what a GET without it would return.
  const field = method === 'GET' ? headers.get('range') : null
  if (field === null || !rangeApplies(headers.get('if-range'), representation)) return undefined
  const ranges = rangesToSend(field, size)
  if (ranges === null) return undefined
  if (ranges === 'unsatisfiable') {
    const reply = new Reply(null, 416, brief.clone())
    reply.headers.set('Content-Range', formatContentRange(null, size)).set('Accept-Ranges', 'bytes')
    return reply
  }
  const [first, second] = ranges
  const reply = new Reply(null, 206, fields.clone())
  if (!second) {
    reply.headers.set('Content-Range', formatContentRange(first!, size))
    return fill(c, reply, representation, [first!], first!.end - first!.start + 1)
  }
  const { type, pieces, length } = multipart(ranges, size, representation.type)
  reply.headers.set('Content-Type', type)
  return fill(c, reply, representation, pieces, length)
}

function isConditional(headers: RequestHeaders): boolean {
  return (
    headers.has('if-none-match') ||
    headers.has('if-modified-since') ||
    headers.has('if-match') ||
    headers.has('if-unmodified-since')
  )
}

function whole(c: Context<any, any>, representation: Representation, status: 200 | 404): Reply {
  const { content, fields, size, ok } = representation
  if (ok && status === 200) return ok.reply()
  if (content instanceof Uint8Array) return new Reply(content, status, fields.clone())
  const reply = new Reply(null, status, fields.clone())
  if (c.method !== 'HEAD') return fill(c, reply, representation, [{ start: 0, end: size - 1 }], size)
  reply.headers.set('Content-Length', String(size))
  release(representation)
  return reply
}

/** Sets pieces of the content as the body of a reply. */
function fill(
  c: Context<any, any>,
  reply: Reply,
  { content }: Representation,
  pieces: readonly Piece[],
  length: number,
): Reply {
  if (content instanceof Uint8Array) {
    reply.body = joined(content, pieces)
    return reply
  }
  const [first] = pieces
  reply.body =
    pieces.length === 1 && typeof first === 'object' ? content.stream!(first.start, first.end) : inTurn(content, pieces)
  // Even when the body is never read: middleware may replace it, and the client may leave before the first block.
  c.done(() => closeFile(content))
  reply.headers.set('Content-Length', String(length))
  return reply
}

async function* inTurn(file: SourceFile, pieces: readonly Piece[]): AsyncGenerator<Uint8Array | string> {
  for (const piece of pieces)
    if (typeof piece === 'string') yield piece
    else yield* file.stream!(piece.start, piece.end)
}

function joined(content: Uint8Array, pieces: readonly Piece[]): Uint8Array {
  const bytes = pieces.map((piece) =>
    typeof piece === 'string' ? Buffer.from(piece, 'latin1') : content.subarray(piece.start, piece.end + 1),
  )
  return bytes.length === 1 ? bytes[0]! : Buffer.concat(bytes)
}

/** Closes what a representation holds open. */
export function release({ content }: Representation): void {
  if (!(content instanceof Uint8Array)) closeFile(content)
}
