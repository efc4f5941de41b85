// Replies that need not be sent again (RFC 9110 §13).
import { hash } from 'node:crypto'
import { type Context, Reply, dropSource } from '@spillway/core'
import { parseDate } from '@spillway/parser/fields'
import { dropNonces } from './lib/http/nonces.ts'
import { type Validators, evaluatePreconditions } from './lib/http/preconditions.ts'
import { named } from './lib/layers/layer-trace.ts'
import { after } from './lib/layers/maybe-promise.ts'
import type { Middleware } from './lib/layers/types.ts'
import { problem } from './problem.ts'

export type { Validators } from './lib/http/preconditions.ts'

/** What a 304 leaves out, because the client already has it (RFC 9110 §15.4.5). */
const known = ['Content-Type', 'Content-Length', 'Content-Encoding', 'Content-Language', 'Content-Range']

/**
 * Gives replies whose content is in memory (text or bytes, status 200, GET or HEAD) an `ETag`, a hash of the content. It
 * answers conditional requests for these, and for replies that bring an `ETag` or `Last-Modified` of their own: 304 when the
 * client has this version, 412 when it insists on another (RFC 9110 §13.2.2). This saves the transfer, not the work:
 * a handler that knows its version beforehand calls {@link precondition} instead. Streams are left unchanged.
 */
export function conditional(): Middleware {
  return named('conditional', (c, next) => {
    const result = next()
    if (c.method !== 'GET' && c.method !== 'HEAD') return result
    return after(result, (reply) => answer(c, reply))
  })
}

function answer(c: Context<any, any>, reply: Reply): Reply {
  if (reply.status !== 200) return reply
  const { headers, body } = reply
  if (!headers.has('ETag') && (typeof body === 'string' || body instanceof Uint8Array)) headers.set('ETag', tagOf(body))
  const modified = parseDate(headers.get('Last-Modified') ?? '') ?? undefined
  const etag = headers.get('ETag') ?? undefined
  if (etag === undefined && modified === undefined) return reply
  const status = evaluatePreconditions(c.method, c.headers, { etag, modified })
  if (status === undefined) return reply
  dropSource(body, undefined)
  if (status === 412) return preconditionFailed()
  reply.status = status
  reply.body = null
  for (const name of known) headers.delete(name)
  dropNonces(headers)
  return reply
}

/**
 * Checks the conditions of a request before its work is done, for GET as well as PUT: `If-Match` against lost updates,
 * `If-None-Match: *` against replacing something that exists, and the others (RFC 9110 §13.2.2).
 * @param current the current version, or null when there is none yet.
 * @returns the 304 or 412 to return instead; undefined to go on.
 */
export function precondition(c: Context<any, any>, current: Validators | null): Reply | undefined {
  const status = evaluatePreconditions(c.method, c.headers, current)
  if (status === undefined) return undefined
  const reply = status === 412 ? preconditionFailed() : new Reply(null, 304)
  if (current?.etag !== undefined) reply.headers.set('ETag', current.etag)
  return reply
}

function preconditionFailed(): Reply {
  return problem(412, { detail: 'The resource is not in the state that the request asks for' })
}

/** 27 characters that differ when the content does. */
function tagOf(content: string | Uint8Array): string {
  return `"${hash('sha1', content, 'base64url')}"`
}
