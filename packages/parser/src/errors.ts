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
  | 'RESPONSE_MISSING'
  | 'UNEXPECTED_RESPONSE'
  | 'MESSAGE_AFTER_CLOSE'

/** What is known about one error code. */
export interface ParseErrorInfo {
  readonly code: ParseErrorCode
  /** The status with which a server answers such a request; a gateway that finds the error in a response answers 502. */
  readonly status: number
  /** The section of the specification that is violated, or that allows the limit. */
  readonly rfc: string
  /** One plain sentence. It never contains bytes of the input. */
  readonly message: string
}

// decision 007
/** The words of the codes, in the order of codes.ts, where each is explained. */
const words =
  'too many empty lines,invalid line end,leading whitespace,' +
  'invalid method,method too long,invalid target,host missing,host repeated,host invalid,target too long,' +
  'invalid version,version unsupported,invalid status,invalid reason,' +
  'invalid field name,colon missing,field name whitespace,invalid field value,obsolete folding,' +
  'field line too long,too many fields,head too large,length invalid,length too large,length conflict,' +
  'coding invalid,coding with length,coding unsupported,coding in HTTP10,' +
  'chunk size invalid,chunk end invalid,chunk size too large,chunk overhead too large,' +
  'chunk ext invalid,chunk ext too large,trailers too large,too many trailers,message incomplete,response missing,unexpected response,message after close'

/** The codes at their numbers (codes.ts); there is no error 0. */
export const errorCodes: readonly (ParseErrorCode | undefined)[] = /* @__PURE__ */ codesOf()

/** A function, since one that is called in place is taken apart by the bundler, which cannot leave its parts out any more. */
function codesOf(): (ParseErrorCode | undefined)[] {
  return [undefined, ...(words.toUpperCase().replaceAll(' ', '_').split(',') as ParseErrorCode[])]
}

/**
 * For each section (of RFC 9112 unless another is named) and status: what completes the words of each code, separated by commas.
 * In the order of `words`.
 */
const rows = `2.2 400:,not CR LF,before the fields
3.1 400:not a token
3 501:
3.2 400:not a form for this method,,,
3 414:
2.3 400:not HTTP/1.1
9110 15.6.6 505:
4 502:,
5 400:not a token,not a field line
5.1 400:in or after it
9110 5.5 400:a control character
5.2 400:whitespace in front of a line
6585 5 431:,,
9110 8.6 400:Content-Length is not a number,
6.3 400:Content-Length is repeated,chunked is not last,beside Content-Length
6.1 501:not chunked
6.1 400:
7.1 400:not hexadecimal,not CR LF,
7.1 413:
7.1.1 400:
7.1.1 413:
7.1.2 431:,
8 400:
9.3.2 502:
6.3 502:
9.6 400:`

/** Every error code with its status, its section of the specification and its sentence. */
export const parseErrors: Readonly<Record<ParseErrorCode, ParseErrorInfo>> = /* @__PURE__ */ (() => {
  const table = Object.create(null) as Record<ParseErrorCode, ParseErrorInfo>
  const list = words.split(',')
  let number = 0
  for (const row of rows.split('\n')) {
    const [, rfc = 9112, section, status, details] = /^(\d{4})? ?(\S+) (\d+):(.*)/.exec(row)!
    for (const detail of details!.split(',')) {
      const [first, ...rest] = list[number++]!
      const code = errorCodes[number]!
      const message = `${first!.toUpperCase()}${rest.join('')}${detail && ': '}${detail}.`
      table[code] = { code, status: Number(status), rfc: `RFC ${rfc} §${section}`, message }
    }
  }
  return table
})()

/** Thrown by the convenient functions; the classes for the hot path set `error` and `errorOffset` instead. */
export class ParseError extends Error {
  override readonly name: string = 'ParseError'
  declare readonly code: ParseErrorCode
  /** The status a server answers with. */
  declare readonly status: number
  declare readonly rfc: string
  /** The position of the offending byte, counted in bytes from the start of the message. */
  readonly offset: number

  constructor(code: ParseErrorCode, offset: number) {
    super(parseErrors[code].message)
    Object.assign(this, parseErrors[code])
    this.offset = offset
  }
}
