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

/**
 * For each section, of RFC 9112 where no other is named, and status: the words of the codes, and behind a colon what they
 * leave open. In the order of codes.ts, where each code is explained.
 */
const rows = `2.2 400 too many empty lines,invalid line end: not CR LF,leading whitespace: before the first field
3.1 400 invalid method: not a token
3 501 method too long
3.2 400 invalid target: not of a form for this method,host missing,host repeated,host invalid
3 414 target too long
2.3 400 invalid version: not HTTP/1.1
9110 15.6.6 505 version unsupported
4 502 invalid status,invalid reason
5 400 invalid field name: not a token,colon missing: a line is not a field
5.1 400 field name whitespace: in it or behind it
9110 5.5 400 invalid field value: a control character
5.2 400 obsolete folding: a line starts with whitespace
6585 5 431 field line too long,too many fields,head too large
9110 8.6 400 length invalid: Content-Length is not a number
9110 8.6 413 length too large
6.3 400 length conflict: Content-Length is repeated,coding invalid: Transfer-Encoding does not end in its only chunked,coding with length: Transfer-Encoding and Content-Length
6.1 501 coding unsupported: only chunked is
6.1 400 coding in HTTP10
7.1 400 chunk size invalid: not a hexadecimal number,chunk end invalid: not CR LF
7.1 413 chunk size too large,chunk overhead too large
7.1.1 400 chunk ext invalid
7.1.1 413 chunk ext too large
7.1.2 431 trailers too large,too many trailers
8 400 message incomplete`

/** Every error code with its status, its place in the specification and its sentence. */
export const parseErrors: Readonly<Record<ParseErrorCode, ParseErrorInfo>> = /* @__PURE__ */ (() => {
  const table = Object.create(null) as Record<ParseErrorCode, ParseErrorInfo>
  for (const row of rows.split('\n')) {
    const [, rfc = 9112, section, status, list] = /^(\d{4})? ?(\S+) (\d+) (.+)/.exec(row)!
    for (const words of list!.split(',')) {
      const code = words.split(':')[0]!.toUpperCase().replaceAll(' ', '_') as ParseErrorCode
      const message = `${words[0]!.toUpperCase()}${words.slice(1)}.`
      table[code] = { code, status: Number(status), rfc: `RFC ${rfc} §${section}`, message }
    }
  }
  return table
})()

/** The codes at their numbers (codes.ts); there is no error 0. */
export const errorCodes: readonly (ParseErrorCode | undefined)[] = /* @__PURE__ */ (() => [
  undefined,
  ...(Object.keys(parseErrors) as ParseErrorCode[]),
])()

/** Thrown by the convenient functions; the classes for the hot path set `error` and `errorOffset` instead. */
export class ParseError extends Error {
  override readonly name: string = 'ParseError'
  declare readonly code: ParseErrorCode
  /** The status a server answers with. */
  declare readonly status: number
  declare readonly rfc: string
  /** Where the offending byte is, counted in bytes from the start of the message. */
  readonly offset: number

  constructor(code: ParseErrorCode, offset: number) {
    super(parseErrors[code].message)
    Object.assign(this, parseErrors[code])
    this.offset = offset
  }
}
