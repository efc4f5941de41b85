/** What is wrong, as a stable name. Codes are only ever added. */
export type ParseErrorCode =
  | 'TOO_MANY_EMPTY_LINES'
  | 'INVALID_METHOD'
  | 'METHOD_TOO_LONG'
  | 'INVALID_TARGET'
  | 'TARGET_TOO_LONG'
  | 'INVALID_VERSION'
  | 'VERSION_UNSUPPORTED'
  | 'INVALID_STATUS'
  | 'INVALID_REASON'
  | 'INVALID_LINE_END'
  | 'LEADING_WHITESPACE'
  | 'INVALID_FIELD_NAME'
  | 'FIELD_NAME_WHITESPACE'
  | 'COLON_MISSING'
  | 'INVALID_FIELD_VALUE'
  | 'OBSOLETE_FOLDING'
  | 'FIELD_LINE_TOO_LONG'
  | 'TOO_MANY_FIELDS'
  | 'HEAD_TOO_LARGE'
  | 'HOST_MISSING'
  | 'HOST_REPEATED'
  | 'HOST_INVALID'
  | 'LENGTH_INVALID'
  | 'LENGTH_TOO_LARGE'
  | 'LENGTH_CONFLICT'
  | 'CODING_INVALID'
  | 'CODING_UNSUPPORTED'
  | 'CODING_WITH_LENGTH'
  | 'CODING_IN_HTTP10'
  | 'CHUNK_SIZE_INVALID'
  | 'CHUNK_SIZE_TOO_LARGE'
  | 'CHUNK_EXT_INVALID'
  | 'CHUNK_EXT_TOO_LARGE'
  | 'CHUNK_END_INVALID'
  | 'CHUNK_OVERHEAD_TOO_LARGE'
  | 'TRAILERS_TOO_LARGE'
  | 'TOO_MANY_TRAILERS'
  | 'MESSAGE_INCOMPLETE'

/** What is known about one error code. */
export interface ParseErrorInfo {
  readonly code: ParseErrorCode
  /** The status a server answers a request with; what a gateway answers when it met the error in a response is 502. */
  readonly status: number
  /** The section of the specification that is broken or that allows the limit. */
  readonly rfc: string
  /** One plain sentence. It never holds bytes of the input. */
  readonly message: string
}

/** Each row: code, status, specification, sentence. */
const rows: readonly (readonly [ParseErrorCode, number, string, string])[] = [
  ['TOO_MANY_EMPTY_LINES', 400, 'RFC 9112 §2.2', 'More empty lines than allowed come before the start line.'],
  ['INVALID_METHOD', 400, 'RFC 9112 §3.1', 'The method is not a token followed by one space.'],
  ['METHOD_TOO_LONG', 501, 'RFC 9112 §3', 'The method is longer than the limit.'],
  [
    'INVALID_TARGET',
    400,
    'RFC 9112 §3.2',
    'The request target has none of the four forms, or not the one that the method asks for.',
  ],
  ['TARGET_TOO_LONG', 414, 'RFC 9112 §3', 'The request target is longer than the limit.'],
  ['INVALID_VERSION', 400, 'RFC 9112 §2.3', 'The version is not written as HTTP, a slash, a digit, a dot and a digit.'],
  ['VERSION_UNSUPPORTED', 505, 'RFC 9110 §15.6.6', 'The major version is not 1.'],
  ['INVALID_STATUS', 502, 'RFC 9112 §4', 'The status code is not three digits from 100 on, between two spaces.'],
  ['INVALID_REASON', 502, 'RFC 9112 §4', 'The reason phrase holds a control character.'],
  ['INVALID_LINE_END', 400, 'RFC 9112 §2.2', 'A line does not end in CR LF: one of the two stands alone.'],
  ['LEADING_WHITESPACE', 400, 'RFC 9112 §2.2', 'Whitespace comes between the start line and the first field.'],
  ['INVALID_FIELD_NAME', 400, 'RFC 9112 §5', 'A field name is empty or holds a character that is not part of a token.'],
  ['FIELD_NAME_WHITESPACE', 400, 'RFC 9112 §5.1', 'Whitespace comes inside a field name or between it and the colon.'],
  ['COLON_MISSING', 400, 'RFC 9112 §5', 'A field line has no colon.'],
  ['INVALID_FIELD_VALUE', 400, 'RFC 9110 §5.5', 'A field value holds a control character.'],
  ['OBSOLETE_FOLDING', 400, 'RFC 9112 §5.2', 'A field value is folded over several lines.'],
  ['FIELD_LINE_TOO_LONG', 431, 'RFC 6585 §5', 'A field line is longer than the limit.'],
  ['TOO_MANY_FIELDS', 431, 'RFC 6585 §5', 'The head has more fields than the limit.'],
  ['HEAD_TOO_LARGE', 431, 'RFC 6585 §5', 'The head is longer than the limit.'],
  ['HOST_MISSING', 400, 'RFC 9112 §3.2', 'An HTTP/1.1 request has no Host field.'],
  ['HOST_REPEATED', 400, 'RFC 9112 §3.2', 'The request has more than one Host field.'],
  ['HOST_INVALID', 400, 'RFC 9112 §3.2', 'The Host field is not a host with an optional port.'],
  ['LENGTH_INVALID', 400, 'RFC 9110 §8.6', 'Content-Length is not a plain decimal number.'],
  ['LENGTH_TOO_LARGE', 413, 'RFC 9110 §8.6', 'Content-Length is greater than 2^53 - 1.'],
  ['LENGTH_CONFLICT', 400, 'RFC 9112 §6.3', 'Content-Length is given more than once.'],
  [
    'CODING_INVALID',
    400,
    'RFC 9112 §6.3',
    'Transfer-Encoding does not end in chunked, or has it more than once, or is not a list of codings.',
  ],
  ['CODING_UNSUPPORTED', 501, 'RFC 9112 §6.1', 'Transfer-Encoding names another coding than chunked.'],
  ['CODING_WITH_LENGTH', 400, 'RFC 9112 §6.3', 'Both Transfer-Encoding and Content-Length are given.'],
  ['CODING_IN_HTTP10', 400, 'RFC 9112 §6.1', 'Transfer-Encoding is given in an HTTP/1.0 message.'],
  ['CHUNK_SIZE_INVALID', 400, 'RFC 9112 §7.1', 'A chunk size is not a plain hexadecimal number.'],
  [
    'CHUNK_SIZE_TOO_LARGE',
    413,
    'RFC 9112 §7.1',
    'A chunk size has more digits than the limit or is greater than 2^53 - 1.',
  ],
  ['CHUNK_EXT_INVALID', 400, 'RFC 9112 §7.1.1', 'A chunk extension is not written as name or name and value.'],
  [
    'CHUNK_EXT_TOO_LARGE',
    413,
    'RFC 9112 §7.1.1',
    'The chunk extensions of one message are together longer than the limit.',
  ],
  ['CHUNK_END_INVALID', 400, 'RFC 9112 §7.1', 'The data of a chunk is not followed by CR LF.'],
  ['CHUNK_OVERHEAD_TOO_LARGE', 413, 'RFC 9112 §7.1', 'The framing of the chunks is far larger than the data in them.'],
  ['TRAILERS_TOO_LARGE', 431, 'RFC 9112 §7.1.2', 'The trailer section is longer than the limit.'],
  ['TOO_MANY_TRAILERS', 431, 'RFC 9112 §7.1.2', 'The trailer section has more fields than the limit.'],
  ['MESSAGE_INCOMPLETE', 400, 'RFC 9112 §8', 'The connection ended before the message did.'],
]

function buildErrors(): Record<ParseErrorCode, ParseErrorInfo> {
  const table = Object.create(null) as Record<ParseErrorCode, ParseErrorInfo>
  for (const [code, status, rfc, message] of rows) table[code] = { code, status, rfc, message }
  return table
}

/** Every error code with its status, its place in the specification and its sentence. */
export const parseErrors: Readonly<Record<ParseErrorCode, ParseErrorInfo>> = /* @__PURE__ */ buildErrors()

/** Thrown by the convenient functions; the classes for the hot path set `error` and `errorOffset` instead. */
export class ParseError extends Error {
  override readonly name: string = 'ParseError'
  readonly code: ParseErrorCode
  /** The status a server answers with. */
  readonly status: number
  readonly rfc: string
  /** Where the offending byte is, counted in bytes from the start of the message. */
  readonly offset: number

  constructor(code: ParseErrorCode, offset: number) {
    const info = parseErrors[code]
    super(info.message)
    this.code = code
    this.status = info.status
    this.rfc = info.rfc
    this.offset = offset
  }
}
