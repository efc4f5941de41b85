import type { Context, Reply, RequestHeaders } from '@spillway/core'
import { parseContentLength } from '@spillway/parser/fields'
import type { SentOn } from '../http/sent-on.ts'
import { readDirectives } from './directives.ts'
import { lifetimeOf, valueFor, varyOf } from './stored.ts'

/** Statuses whose meaning for a cache we know (RFC 9111 §3); 206 and 304 are never stored by themselves. */
const understood: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 451, 500, 501, 502, 503, 504,
])

/**
 * Whether a reply may be stored (RFC 9111 §3), and is worth storing: it stays fresh for a while, or can be validated. Stricter than
 * the RFC in two ways: a reply that says nothing about caching is stored only with `heuristic`, and one that sets a
 * cookie never is.
 * @param maxBytes most bytes of content.
 * @param fraction see {@link lifetimeOf}.
 * @param sent how proxies changed the request.
 */
export function isStorable(
  c: Context<any, any>,
  reply: Reply,
  received: number,
  maxBytes: number,
  fraction: number,
  sent: readonly SentOn[],
): boolean {
  const { status, headers } = reply
  if (c.method !== 'GET' || !understood.has(status) || reply.takeOver || reply.trailers) return false
  const directives = readDirectives(headers.get('Cache-Control'))
  // A cache that understands the status may ignore no-store, which is there for caches that do not (§5.2.2.3).
  if (directives.has('no-store') && !directives.has('must-understand')) return false
  // `private` or `no-cache` with field names is treated as if it had none (§5.2.2.7 allows that).
  if (directives.has('private') || headers.has('Set-Cookie')) return false
  const open = directives.has('public') || directives.has('s-maxage')
  const authorized = c.headers.has('authorization') || sent.some(isAuthorized)
  if (authorized && !open && !directives.has('must-revalidate')) return false
  const vary = varyOf(headers)
  if (vary.includes('*') || !sent.every((one) => vary.every((name) => isAsSeen(name, c.headers, one)))) return false
  const length = headers.get('Content-Length')
  if (length !== null && !((parseContentLength(length) ?? Infinity) <= maxBytes)) return false
  const lifetime = lifetimeOf(reply, received, fraction)
  if (lifetime > 0 && !directives.has('no-cache')) return true
  const told = open || directives.has('max-age') || directives.has('no-cache') || headers.has('Expires')
  return told && (headers.has('ETag') || headers.has('Last-Modified'))
}

/** Whether the server may have seen credentials; it does not matter who added them. */
function isAuthorized({ headers, changes }: SentOn): boolean {
  return headers.has('authorization') || changes('authorization')
}

/** Whether the server saw a field as it came in here: a reply that depends on another value would match no request we could recognize. */
function isAsSeen(name: string, request: RequestHeaders, { headers, changes }: SentOn): boolean {
  return !changes(name) && valueFor(headers, name) === valueFor(request, name)
}
