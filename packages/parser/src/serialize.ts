import { classes, TARGET, TCHAR } from './bytes.ts'
import { ParseError } from './errors.ts'
import { RequestHead } from './head.ts'
import type { HeadLimits } from './limits.ts'
import { ResponseHead } from './response-head.ts'

/** Ends a chunked body that has no trailer fields. RFC 9112 §7.1. */
export const LAST_CHUNK = '0\r\n\r\n'

const reasons: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  511: 'Network Authentication Required',
}

/** The registered reason phrase of a status code, empty for an unknown one. RFC 9110 §15. */
export function reasonPhrase(status: number): string {
  return reasons[status] ?? ''
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
  if (!Number.isInteger(status) || status < 100 || status > 999)
    throw new TypeError('A status is an integer from 100 to 999')
  if (!isText(reason))
    throw new TypeError('A reason phrase holds no control characters and only characters up to U+00FF')
  return `HTTP/1.1 ${status} ${reason}\r\n`
}

/**
 * `GET /path HTTP/1.1` with its CR LF. RFC 9112 §3.
 *
 * @throws {TypeError} when the method is not a token, or the target is empty or holds a character that has no place in one
 */
export function requestLine(method: string, target: string): string {
  if (!isToken(method)) throw new TypeError('A method is a token')
  if (target === '' || !isOf(target, TARGET))
    throw new TypeError('A request target holds visible ASCII without " < > #')
  return `${method} ${target} HTTP/1.1\r\n`
}

/**
 * `out` with one more field line. RFC 9112 §5.
 *
 * @throws {TypeError} when name or value are not valid; nothing that holds CR, LF or NUL ever passes
 */
export function appendField(out: string, name: string, value: string): string {
  if (!isFieldName(name)) throw new TypeError('A field name is a token')
  if (!isFieldValue(value)) throw new TypeError(`The value of the field ${name} holds what a field value may not hold`)
  return `${out}${name}: ${value}\r\n`
}

/**
 * What goes before the data of a chunk of `bytes` bytes; CR LF goes behind it. RFC 9112 §7.1.
 *
 * @throws {TypeError} unless `bytes` is a positive integer: a chunk of size 0 would end the body
 */
export function chunkPrefix(bytes: number): string {
  if (!Number.isSafeInteger(bytes) || bytes <= 0) throw new TypeError('The size of a chunk is a positive integer')
  return `${bytes.toString(16)}\r\n`
}

/**
 * The last chunk with trailer fields behind it. RFC 9112 §7.1.2.
 *
 * @throws {TypeError} as {@link appendField}
 */
export function trailerSection(fields: Iterable<readonly [string, string]>): string {
  let out = '0\r\n'
  for (const [name, value] of fields) out = appendField(out, name, value)
  return `${out}\r\n`
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
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  if (head.parse(bytes, 0, bytes.length) < 0) throw new ParseError(head.error!, head.errorOffset)
  return text
}

/** RFC 9110 §5.6.2: one character at least, each a letter, a digit or one of ``!#$%&'*+-.^_`|~``. */
export function isToken(text: string): boolean {
  return text !== '' && isOf(text, TCHAR)
}

/** Field names are tokens. RFC 9110 §5.1. */
export function isFieldName(name: string): boolean {
  return isToken(name)
}

/**
 * Whether `value` can stand on a field line and comes back from it as it was: no control characters but HTAB, nothing
 * above U+00FF, no whitespace at either end. RFC 9110 §5.5.
 */
export function isFieldValue(value: string): boolean {
  return isText(value) && !isBlankAt(value, 0) && !isBlankAt(value, value.length - 1)
}

function isBlankAt(text: string, index: number): boolean {
  const c = text.charCodeAt(index)
  return c === 0x20 || c === 0x09
}

function isText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x20 ? c !== 0x09 : c === 0x7f || c > 0xff) return false
  }
  return true
}

function isOf(text: string, flag: number): boolean {
  // a code above 255 has no entry in the table
  for (let i = 0; i < text.length; i++) if (((classes[text.charCodeAt(i)] ?? 0) & flag) === 0) return false
  return true
}
