/**
 * Writes the parts of HTTP/1.1 messages, and refuses what could not be read back or would allow injection. RFC 9110 and RFC 9112.
 *
 * @module
 */
import { check, consistsOf, encode, isToken, TARGET, trimmed, VALUE } from './bytes.ts'
import { RequestHead } from './request-head.ts'
import type { HeadLimits } from './limits.ts'
import { parseOrThrow } from './message-head.ts'
import { ResponseHead } from './response-head.ts'
import { isTrailerField } from './trailer-names.ts'

export { isTrailerField }

/** Ends a chunked body that has no trailer fields. RFC 9112 §7.1. */
export const LAST_CHUNK = '0\r\n\r\n'

/** One list for each hundred, with gaps for codes that are not registered, or registered as unused. */
const reasons: readonly string[][] = /* @__PURE__ */ [
  'Continue,Switching Protocols,Processing,Early Hints',
  'OK,Created,Accepted,Non-Authoritative Information,No Content,Reset Content,Partial Content,Multi-Status,' +
    `Already Reported${','.repeat(18)}IM Used`,
  'Multiple Choices,Moved Permanently,Found,See Other,Not Modified,Use Proxy,,Temporary Redirect,Permanent Redirect',
  'Bad Request,Unauthorized,Payment Required,Forbidden,Not Found,Method Not Allowed,Not Acceptable,' +
    'Proxy Authentication Required,Request Timeout,Conflict,Gone,Length Required,Precondition Failed,' +
    'Content Too Large,URI Too Long,Unsupported Media Type,Range Not Satisfiable,Expectation Failed,,,,' +
    'Misdirected Request,Unprocessable Content,Locked,Failed Dependency,Too Early,Upgrade Required,,' +
    `Precondition Required,Too Many Requests,,Request Header Fields Too Large${','.repeat(20)}Unavailable For Legal Reasons`,
  'Internal Server Error,Not Implemented,Bad Gateway,Service Unavailable,Gateway Timeout,' +
    'HTTP Version Not Supported,Variant Also Negotiates,Insufficient Storage,Loop Detected,,Not Extended,' +
    'Network Authentication Required',
].map((list) => list.split(','))

/** The registered reason phrase of a status code, empty for an unknown one. RFC 9110 §15. */
export function reasonPhrase(status: number): string {
  return reasons[Math.floor(status / 100) - 1]?.[status % 100] ?? ''
}

const statusLines: string[] = []

/**
 * `HTTP/1.1 200 OK` with its CR LF. RFC 9112 §4. Like all text made here it has one character for each byte: send it as latin1,
 * not as UTF-8.
 *
 * @param reason defaults to the registered phrase
 * @throws {TypeError} when the status is not an integer from 100 to 999 or the reason contains characters that are not allowed
 */
export function statusLine(status: number, reason?: string, minorVersion: 0 | 1 = 1): string {
  const isUsual = typeof status === 'number' && reason === undefined && minorVersion === 1
  if (!isUsual) return makeStatusLine(status, reason ?? reasonPhrase(status), minorVersion)
  return (statusLines[status] ??= makeStatusLine(status, reasonPhrase(status), 1))
}

function makeStatusLine(status: number, reason: string, minorVersion: 0 | 1): string {
  check(Number.isInteger(status) && status >= 100 && status <= 999, 'status')
  check(consistsOf(reason, VALUE), 'reason phrase', reason)
  return `${version(minorVersion)} ${status} ${reason}\r\n`
}

/**
 * `GET /path HTTP/1.1` with its CR LF. RFC 9112 §3.
 *
 * @throws {TypeError} when the method is not a token, or the target is empty or contains characters that are not allowed in one
 */
export function requestLine(method: string, target: string, minorVersion: 0 | 1 = 1): string {
  check(isToken(method), 'method', method)
  check(target !== '' && consistsOf(bare(target), TARGET), 'request target', target)
  return `${method} ${target} ${version(minorVersion)}\r\n`
}

/** A target without the backslashes in its query, the only place where they are allowed. */
function bare(target: string): string {
  return typeof target === 'string' ? target.replace(/\?.*/s, (query) => query.replaceAll('\\', '')) : target
}

function version(minorVersion: 0 | 1): string {
  check(minorVersion === 0 || minorVersion === 1, 'minor version')
  return `HTTP/1.${minorVersion}`
}

/**
 * `out` with one more field line. RFC 9112 §5.
 *
 * @throws {TypeError} when name or value are not valid; nothing that contains CR, LF or NUL ever passes
 */
export function appendField(out: string, name: string, value: string): string {
  if (!isToken(name)) check(false, 'field name', name)
  if (!isFieldValue(value)) check(false, `value of the field ${name}`, value)
  return `${out}${name}: ${value}\r\n`
}

/** Fields as writers take them: pairs, as in a snapshot, a `Headers` or a `Map`; objects as in HAR; or one plain object. */
export type FieldsInit =
  | Iterable<readonly [string, string] | { readonly name: string; readonly value: string }>
  | Readonly<Record<string, string | readonly string[]>>

/**
 * What comes before the data of a chunk of `bytes` bytes; CR LF comes after it. RFC 9112 §7.1.
 *
 * @throws {TypeError} unless `bytes` is a positive integer: a chunk of size 0 would end the body
 */
export function chunkPrefix(bytes: number): string {
  check(Number.isSafeInteger(bytes) && bytes > 0, 'chunk size')
  return `${bytes.toString(16)}\r\n`
}

/**
 * The bytes of the last chunk followed by trailer fields. RFC 9112 §7.1.2.
 *
 * @throws {TypeError} as {@link appendField}, and for a field that must not be a trailer: see {@link isTrailerField}
 */
export function trailerSection(fields: FieldsInit): Uint8Array {
  const list = pairs(fields)
  for (const [name] of list) check(isTrailerField(name), `trailer field ${name}`)
  return encode(section('0\r\n', list))
}

/**
 * The bytes of a complete request head, for clients and proxies. They can be read back, because they have been, by {@link RequestHead}:
 * a missing Host, two lengths, or a length beside Transfer-Encoding never get out.
 *
 * @throws {TypeError} as {@link requestLine} and {@link appendField}, and for an unknown option
 * @throws {ParseError} when the parts are valid, but not together
 */
export function requestHead(
  method: string,
  target: string,
  fields: FieldsInit,
  init: { readonly minorVersion?: 0 | 1 } = {},
): Uint8Array {
  const { minorVersion, ...others } = init
  refuseAny(others, 'minorVersion')
  const bytes = encode(section(requestLine(method, target, minorVersion), pairs(fields)))
  parseOrThrow(new RequestHead(unlimited), bytes)
  return bytes
}

/** The parts of a response head other than its status and fields. */
export interface ResponseHeadInit {
  /** Defaults to the registered phrase. */
  readonly reason?: string
  /** Default 1. */
  readonly minorVersion?: 0 | 1
  /** The method of the request; matters for CONNECT: a 2xx response to it opens a tunnel and has no content to frame. */
  readonly requestMethod?: string
}

/**
 * The bytes of a complete response head. They can be read back.
 *
 * @throws {TypeError} as {@link statusLine} and {@link appendField}; for an unknown option; and for Content-Length or Transfer-Encoding where they must not
 *   be sent: 1xx, 204, and a 2xx to CONNECT (RFC 9110 §8.6, RFC 9112 §6.1)
 * @throws {ParseError} when the parts are valid, but not together
 */
export function responseHead(status: number, fields: FieldsInit, init: ResponseHeadInit = {}): Uint8Array {
  const { reason, minorVersion, requestMethod, ...others } = init
  refuseAny(others, 'reason, minorVersion, requestMethod')
  check(requestMethod === undefined || isToken(requestMethod), 'request method', requestMethod)
  const list = pairs(fields)
  const bytes = encode(section(statusLine(status, reason, minorVersion), list))
  const head = new ResponseHead(unlimited)
  // read without a method: then every mistake in the fields is an error, whatever the status
  head.requestMethod = ''
  parseOrThrow(head, bytes)
  const isTunnel = requestMethod === 'CONNECT' && status < 300
  if (status < 200 || status === 204 || isTunnel)
    for (const [name] of list)
      check(!/^(content-length|transfer-encoding)$/i.test(name), `field ${name} in a response that cannot have content`)
  return bytes
}

/** A mistyped option would change nothing. @throws {TypeError} when there are any */
function refuseAny(others: object, names: string): void {
  for (const name in others) throw new TypeError(`${name} is not an option: ${names}`)
}

/** More than a text can hold. */
const unbounded = 0x7f_ff_ff_ff
const unlimited: HeadLimits = {
  emptyLines: 0,
  methodBytes: unbounded,
  targetBytes: unbounded,
  fieldLineBytes: unbounded,
  fields: unbounded,
  headBytes: unbounded,
}

function pairs(fields: FieldsInit): (readonly [string, string])[] {
  if (Symbol.iterator in fields) return Array.from(fields, (one) => ('name' in one ? [one.name, one.value] : one))
  return Object.entries(fields).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((one: string) => [name, one] as const) : [[name, value as string] as const],
  )
}

function section(startLine: string, fields: readonly (readonly [string, string])[]): string {
  let out = startLine
  for (const [name, value] of fields) out = appendField(out, name, value)
  return `${out}\r\n`
}

/** Field names are tokens. RFC 9110 §5.1. */
export { isToken, isToken as isFieldName }

/**
 * Whether `value` can be on a field line and is read back unchanged: no control characters except HTAB, nothing
 * above U+00FF, no whitespace at either end. RFC 9110 §5.5.
 */
export function isFieldValue(value: string): boolean {
  return consistsOf(value, VALUE) && trimmed(value, 0, value.length) === value
}
