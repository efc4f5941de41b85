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

/** Status, specification, section, sentence. */
const rows: Readonly<Record<ParseErrorCode, string>> = {
  TOO_MANY_EMPTY_LINES: '400 9112 §2.2 More empty lines than the limit come first.',
  INVALID_METHOD: '400 9112 §3.1 The method is not a token and a space.',
  METHOD_TOO_LONG: '501 9112 §3 The method is longer than the limit.',
  INVALID_TARGET: '400 9112 §3.2 The request target has not the form that the method asks for.',
  TARGET_TOO_LONG: '414 9112 §3 The request target is longer than the limit.',
  INVALID_VERSION: '400 9112 §2.3 The version is not HTTP/ and two digits around a dot.',
  VERSION_UNSUPPORTED: '505 9110 §15.6.6 The major version is not 1.',
  INVALID_STATUS: '502 9112 §4 The status is not three digits from 100 on between spaces.',
  INVALID_REASON: '502 9112 §4 The reason phrase holds a control character.',
  INVALID_LINE_END: '400 9112 §2.2 A line ends in CR or LF alone.',
  LEADING_WHITESPACE: '400 9112 §2.2 The first field line starts with whitespace.',
  INVALID_FIELD_NAME: '400 9112 §5 The field name is not a token.',
  FIELD_NAME_WHITESPACE: '400 9112 §5.1 The field name holds whitespace.',
  COLON_MISSING: '400 9112 §5 The field line has no colon.',
  INVALID_FIELD_VALUE: '400 9110 §5.5 The field value holds a control character.',
  OBSOLETE_FOLDING: '400 9112 §5.2 The field value is folded over several lines.',
  FIELD_LINE_TOO_LONG: '431 6585 §5 The field line is longer than the limit.',
  TOO_MANY_FIELDS: '431 6585 §5 The head has more fields than the limit.',
  HEAD_TOO_LARGE: '431 6585 §5 The head is longer than the limit.',
  HOST_MISSING: '400 9112 §3.2 The HTTP/1.1 request has no Host.',
  HOST_REPEATED: '400 9112 §3.2 Host is given more than once.',
  HOST_INVALID: '400 9112 §3.2 Host is not a host with an optional port.',
  LENGTH_INVALID: '400 9110 §8.6 Content-Length is not a decimal number.',
  LENGTH_TOO_LARGE: '413 9110 §8.6 Content-Length is greater than 2^53 - 1.',
  LENGTH_CONFLICT: '400 9112 §6.3 Content-Length is given more than once.',
  CODING_INVALID: '400 9112 §6.3 Transfer-Encoding is not a list of codings that ends in its only chunked.',
  CODING_UNSUPPORTED: '501 9112 §6.1 Transfer-Encoding holds a coding other than chunked.',
  CODING_WITH_LENGTH: '400 9112 §6.3 Transfer-Encoding is given together with Content-Length.',
  CODING_IN_HTTP10: '400 9112 §6.1 Transfer-Encoding is given in HTTP/1.0.',
  CHUNK_SIZE_INVALID: '400 9112 §7.1 The chunk size is not a hexadecimal number.',
  CHUNK_SIZE_TOO_LARGE: '413 9112 §7.1 The chunk size has more digits than the limit or is greater than 2^53 - 1.',
  CHUNK_EXT_INVALID: '400 9112 §7.1.1 The chunk extension is not a name or a name and a value.',
  CHUNK_EXT_TOO_LARGE: '413 9112 §7.1.1 The chunk extensions are together longer than the limit.',
  CHUNK_END_INVALID: '400 9112 §7.1 The chunk does not end in CR LF.',
  CHUNK_OVERHEAD_TOO_LARGE: '413 9112 §7.1 The chunks have more framing than the limit for their data.',
  TRAILERS_TOO_LARGE: '431 9112 §7.1.2 The trailer section is longer than the limit.',
  TOO_MANY_TRAILERS: '431 9112 §7.1.2 The trailer section has more fields than the limit.',
  MESSAGE_INCOMPLETE: '400 9112 §8 The connection ended before the message did.',
}

/** Every error code with its status, its place in the specification and its sentence. */
export const parseErrors: Readonly<Record<ParseErrorCode, ParseErrorInfo>> = /* @__PURE__ */ (() => {
  const table = Object.create(null) as Record<ParseErrorCode, ParseErrorInfo>
  for (const code of Object.keys(rows) as ParseErrorCode[]) {
    const [status, rfc, section, ...words] = rows[code].split(' ')
    table[code] = { code, status: Number(status), rfc: `RFC ${rfc} ${section}`, message: words.join(' ') }
  }
  return table
})()

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
