// A stored response: what it says, how old it is, and how long it is fresh (RFC 9111 §4.2).
import { ReplyHeaders, type RequestHeaders } from '@spillway/core'
import { formatDate, parseDate, tokenList } from '@spillway/parser/fields'
import { isNoncePolicy } from '../http/nonces.ts'
import { trimBlanks } from '../http/trim-blanks.ts'
import { ownText } from '../tools/known-paths.ts'
import { type Directives, readDirectives, secondsOf } from './directives.ts'

/** A stored response, with what is needed to decide whether it may be used. Times in milliseconds. */
export interface Stored {
  readonly status: number
  readonly headers: ReplyHeaders
  readonly content: Uint8Array
  readonly directives: Directives
  /** Names and values of the request's fields that the response depends on (RFC 9111 §4.1). */
  readonly vary: readonly (readonly [name: string, value: string | undefined])[]
  /** When it was stored, and how old it was at that time (§4.2.3). */
  readonly since: number
  readonly initialAge: number
  /** How long it is fresh (§4.2.1). */
  readonly lifetime: number
  /** Approximate bytes it takes. */
  readonly size: number
}

/** The head of a response. */
export interface ResponseHead {
  readonly status: number
  readonly headers: ReplyHeaders
}

/** When a request was sent on, and when its response came. Milliseconds since 1970. */
export interface Times {
  readonly requested: number
  readonly received: number
}

/** Fields that concern a single connection (§3.1), and the length, which our own framing states. */
const unstored = [
  'Connection',
  'Keep-Alive',
  'Proxy-Authenticate',
  'Proxy-Authentication-Info',
  'Proxy-Authorization',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
  'Content-Length',
  'Age',
]

/** Statuses that are heuristically cacheable (RFC 9110 §15.1), except 206. */
const heuristic: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])

const dayMs = 86_400_000

/** Makes a stored response of a received one. @param fraction of its age for which a response without a lifetime is fresh. */
export function storedOf(
  { status, headers }: ResponseHead,
  content: Uint8Array,
  request: RequestHeaders,
  times: Times,
  fraction: number,
): Stored {
  const directives = readDirectives(headers.get('Cache-Control'))
  const kept = headers.clone()
  for (const name of [...tokenList(headers.get('Connection') ?? ''), ...unstored]) kept.delete(name)
  if (!kept.has('Date')) kept.set('Date', formatDate(times.received))
  let size = content.length + 512
  for (const [name, value] of kept) size += 2 * (name.length + value.length) + 32
  const vary = varyOf(headers).map((name): Stored['vary'][number] => [ownText(name), ownValue(request, name)])
  for (const [name, value = ''] of vary) size += name.length + value.length + 64
  return {
    status,
    headers: kept,
    // A view of a larger buffer would keep all of that in memory.
    content: content.buffer.byteLength === content.length ? content : new Uint8Array(content),
    directives,
    vary,
    since: times.received,
    initialAge: ageOnArrival(headers, times),
    lifetime: lifetimeOf({ status, headers }, times.received, fraction),
    size,
  }
}

/** Fields that a 304 does not change: those about content, which stays, and those for a single client; policies with nonces as well. */
const kept304 = /^(?:content-(?:encoding|type|range|length)|set-cookie)$/i

/** The fields of a stored response after a 304 (§3.2, §4.3.4). */
export function freshenedHeaders(stored: Stored, update: ReplyHeaders): ReplyHeaders {
  const headers = stored.headers.clone().delete('Date')
  const news = [...update].filter(([name, value]) => !kept304.test(name) && !isNoncePolicy(name, value))
  for (const [name] of news) headers.delete(name)
  for (const [name, value] of news) headers.append(name, value)
  return headers
}

/** How long a response is fresh, in milliseconds (§4.2.1): directives for shared caches take precedence over general ones. */
export function lifetimeOf({ status, headers }: ResponseHead, received: number, fraction: number): number {
  const directives = readDirectives(headers.get('Cache-Control'))
  const seconds = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age')
  if (seconds !== undefined) return seconds * 1000
  const date = parseDate(headers.get('Date') ?? '') ?? received
  const expires = headers.get('Expires')
  // A value that is not a date, such as `0`, is in the past (§5.3).
  if (expires !== null) return Math.max(0, (parseDate(expires) ?? 0) - date)
  const modified = parseDate(headers.get('Last-Modified') ?? '')
  if (fraction === 0 || modified === null || !(heuristic.has(status) || directives.has('public'))) return 0
  return Math.min(dayMs, Math.max(0, date - modified) * fraction)
}

/** How old a response was when it arrived (§4.2.3): by its own account, or by that of the caches it passed through. */
function ageOnArrival(headers: ReplyHeaders, { requested, received }: Times): number {
  const date = parseDate(headers.get('Date') ?? '') ?? received
  const age = /^\d+$/.test(headers.get('Age') ?? '') ? Number(headers.get('Age')) * 1000 : 0
  return Math.max(0, received - date, age + received - requested)
}

/** The names in Vary, in lower case. */
export function varyOf(headers: ReplyHeaders): string[] {
  return tokenList(headers.get('Vary') ?? '').map((name) => name.toLowerCase())
}

/** All lines of a field, with the whitespace around its members normalized (§4.1). */
export function valueFor(request: RequestHeaders, name: string): string | undefined {
  const lines = request.getAll(name)
  return lines.length === 0 ? undefined : lines.join(',').split(',').map(trimBlanks).join(', ')
}

/** A copy of the value: as a substring it would keep the whole request head in memory. */
function ownValue(request: RequestHeaders, name: string): string | undefined {
  const value = valueFor(request, name)
  return value === undefined ? undefined : ownText(value)
}

/** How old a response is now, in milliseconds. */
export function ageOf({ since, initialAge }: Stored, now: number): number {
  return initialAge + Math.max(0, now - since)
}
