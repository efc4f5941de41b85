/**
 * Writes the parts of HTTP/1.1 messages, and refuses what could not be read back or would inject. RFC 9110 and RFC 9112.
 *
 * @module
 */
import { check, consistsOf, encode, isToken, TARGET, trimmed, VALUE } from './bytes.ts'
import { RequestHead } from './request-head.ts'
import type { HeadLimits } from './limits.ts'
import { parseOrThrow } from './message-head.ts'
import { ResponseHead } from './response-head.ts'

export { isTrailerField } from './trailer-names.ts'

/** Ends a chunked body that has no trailer fields. RFC 9112 §7.1. */
export const LAST_CHUNK = '0\r\n\r\n'

/** One list for each hundred, with gaps where a code is not registered, or has never been of use. */
const reasons: readonly string[][] = /* @__PURE__ */ [
  'Continue,Switching Protocols,Processing,Early Hints',
  'OK,Created,Accepted,Non-Authoritative Information,No Content,Reset Content,Partial Content,Multi-Status',
  'Multiple Choices,Moved Permanently,Found,See Other,Not Modified,,,Temporary Redirect,Permanent Redirect',
  'Bad Request,Unauthorized,Payment Required,Forbidden,Not Found,Method Not Allowed,Not Acceptable,' +
    'Proxy Authentication Required,Request Timeout,Conflict,Gone,Length Required,Precondition Failed,' +
    'Content Too Large,URI Too Long,Unsupported Media Type,Range Not Satisfiable,Expectation Failed,,,,' +
    'Misdirected Request,Unprocessable Content,Locked,Failed Dependency,Too Early,Upgrade Required,,' +
    'Precondition Required,Too Many Requests,,Request Header Fields Too Large',
  'Internal Server Error,Not Implemented,Bad Gateway,Service Unavailable,Gateway Timeout,' +
    'HTTP Version Not Supported,,Insufficient Storage',
].map((list) => list.split(','))

/** The registered reason phrase of a status code, empty for an unknown one. RFC 9110 §15. */
export function reasonPhrase(status: number): string {
  return reasons[Math.floor(status / 100) - 1]?.[status % 100] ?? ''
}

const statusLines: string[] = []

/**
 * `HTTP/1.1 200 OK` with its CR LF. RFC 9112 §4.
 *
 * @param reason defaults to the registered phrase
 * @throws {TypeError} when the status is not an integer from 100 to 999 or the reason holds what is not allowed
 */
export function statusLine(status: number, reason?: string): string {
  if (reason !== undefined) return makeStatusLine(status, reason)
  return statusLines[status] ?? (statusLines[status] = makeStatusLine(status, reasonPhrase(status)))
}

function makeStatusLine(status: number, reason: string): string {
  check(Number.isInteger(status) && status >= 100 && status <= 999, 'status')
  check(consistsOf(reason, VALUE), 'reason phrase')
  return `HTTP/1.1 ${status} ${reason}\r\n`
}

/**
 * `GET /path HTTP/1.1` with its CR LF. RFC 9112 §3.
 *
 * @throws {TypeError} when the method is not a token, or the target is empty or holds a character that has no place in one
 */
export function requestLine(method: string, target: string): string {
  check(isToken(method), 'method')
  check(target !== '' && consistsOf(target, TARGET), 'request target')
  return `${method} ${target} HTTP/1.1\r\n`
}

/**
 * `out` with one more field line. RFC 9112 §5.
 *
 * @throws {TypeError} when name or value are not valid; nothing that holds CR, LF or NUL ever passes
 */
export function appendField(out: string, name: string, value: string): string {
  if (!isToken(name)) check(false, 'field name')
  if (!isFieldValue(value)) check(false, `value of the field ${name}`)
  return `${out}${name}: ${value}\r\n`
}

/**
 * What goes before the data of a chunk of `bytes` bytes; CR LF goes behind it. RFC 9112 §7.1.
 *
 * @throws {TypeError} unless `bytes` is a positive integer: a chunk of size 0 would end the body
 */
export function chunkPrefix(bytes: number): string {
  check(Number.isSafeInteger(bytes) && bytes > 0, 'chunk size')
  return `${bytes.toString(16)}\r\n`
}

/**
 * The last chunk with trailer fields behind it. RFC 9112 §7.1.2.
 *
 * @throws {TypeError} as {@link appendField}
 */
export function trailerSection(fields: Iterable<readonly [string, string]>): string {
  return section('0\r\n', fields)
}

/**
 * A complete request head, for clients and proxies. What it gives can be read back: it has been, by {@link RequestHead}, so
 * a missing Host, two lengths, or a length beside Transfer-Encoding never get out.
 *
 * @throws {TypeError} as {@link requestLine} and {@link appendField}
 * @throws {ParseError} when the parts are valid, but not together
 */
export function requestHead(method: string, target: string, fields: Iterable<readonly [string, string]>): string {
  const text = section(requestLine(method, target), fields)
  return readBack(new RequestHead(unlimited), text)
}

/**
 * A complete response head. What it gives can be read back.
 *
 * @throws {TypeError} as {@link statusLine} and {@link appendField}
 * @throws {ParseError} when the parts are valid, but not together
 */
export function responseHead(status: number, fields: Iterable<readonly [string, string]>, reason?: string): string {
  const text = section(statusLine(status, reason), fields)
  return readBack(new ResponseHead(unlimited), text)
}

const unlimited: HeadLimits = {
  emptyLines: 0,
  methodBytes: Infinity,
  targetBytes: Infinity,
  fieldLineBytes: Infinity,
  fields: Infinity,
  headBytes: Infinity,
}

function section(startLine: string, fields: Iterable<readonly [string, string]>): string {
  let out = startLine
  for (const [name, value] of fields) out = appendField(out, name, value)
  return `${out}\r\n`
}

function readBack(head: RequestHead | ResponseHead, text: string): string {
  parseOrThrow(head, encode(text))
  return text
}

/** Field names are tokens. RFC 9110 §5.1. */
export { isToken, isToken as isFieldName }

/**
 * Whether `value` can stand on a field line and comes back from it as it was: no control characters but HTAB, nothing
 * above U+00FF, no whitespace at either end. RFC 9110 §5.5.
 */
export function isFieldValue(value: string): boolean {
  return consistsOf(value, VALUE) && trimmed(value, 0, value.length) === value
}
