/*
 * The error codes as numbers, which is what the state machines store: as names they would be a tenth of the package. Each is the
 * position of its code in errors.ts. They are in a file of their own because the bundler inlines numbers imported from another file.
 */

/** More empty lines than the limit come first. */
export const TOO_MANY_EMPTY_LINES = 1
/** A line ends in CR or LF alone. */
export const INVALID_LINE_END = 2
/** The first field line starts with whitespace. */
export const LEADING_WHITESPACE = 3
/** The method is not a token and a space. */
export const INVALID_METHOD = 4
/** The method is longer than the limit. */
export const METHOD_TOO_LONG = 5
/** The request target has not the form that the method asks for. */
export const INVALID_TARGET = 6
/** The HTTP/1.1 request has no Host. */
export const HOST_MISSING = 7
/** Host is given more than once. */
export const HOST_REPEATED = 8
/** Host is not a host with an optional port. */
export const HOST_INVALID = 9
/** The request target is longer than the limit. */
export const TARGET_TOO_LONG = 10
/** The version is not HTTP/ and two digits around a dot. */
export const INVALID_VERSION = 11
/** The major version is not 1. */
export const VERSION_UNSUPPORTED = 12
/** The status is not three digits from 100 on between spaces. */
export const INVALID_STATUS = 13
/** The reason phrase holds a control character. */
export const INVALID_REASON = 14
/** The field name is not a token. */
export const INVALID_FIELD_NAME = 15
/** The field line has no colon. */
export const COLON_MISSING = 16
/** The field name holds whitespace. */
export const FIELD_NAME_WHITESPACE = 17
/** The field value holds a control character. */
export const INVALID_FIELD_VALUE = 18
/** The field value is folded over several lines. */
export const OBSOLETE_FOLDING = 19
/** The field line is longer than the limit. */
export const FIELD_LINE_TOO_LONG = 20
/** The head has more fields than the limit. */
export const TOO_MANY_FIELDS = 21
/** The head is longer than the limit. */
export const HEAD_TOO_LARGE = 22
/** Content-Length is not a decimal number. */
export const LENGTH_INVALID = 23
/** Content-Length is greater than 2^53 - 1. */
export const LENGTH_TOO_LARGE = 24
/** Content-Length is given more than once. */
export const LENGTH_CONFLICT = 25
/** Transfer-Encoding is not a list of codings that ends in its only chunked. */
export const CODING_INVALID = 26
/** Transfer-Encoding is given together with Content-Length. */
export const CODING_WITH_LENGTH = 27
/** Transfer-Encoding holds a coding other than chunked. */
export const CODING_UNSUPPORTED = 28
/** Transfer-Encoding is given in HTTP/1.0. */
export const CODING_IN_HTTP10 = 29
/** The chunk size is not a hexadecimal number. */
export const CHUNK_SIZE_INVALID = 30
/** The chunk does not end in CR LF. */
export const CHUNK_END_INVALID = 31
/** The chunk size has more digits than the limit or is greater than 2^53 - 1. */
export const CHUNK_SIZE_TOO_LARGE = 32
/** The chunks have more framing than the limit for their data. */
export const CHUNK_OVERHEAD_TOO_LARGE = 33
/** The chunk extension is not a name or a name and a value. */
export const CHUNK_EXT_INVALID = 34
/** The chunk extensions are together longer than the limit. */
export const CHUNK_EXT_TOO_LARGE = 35
/** The trailer section is longer than the limit. */
export const TRAILERS_TOO_LARGE = 36
/** The trailer section has more fields than the limit. */
export const TOO_MANY_TRAILERS = 37
/** The connection ended before the message did. */
export const MESSAGE_INCOMPLETE = 38
/** The connection ended before the answer to a request came. */
export const RESPONSE_MISSING = 39
/** A response came that is the answer to no request, or a change of protocols that none has offered. */
export const UNEXPECTED_RESPONSE = 40
/** A request came behind one that was to be the last. */
export const MESSAGE_AFTER_CLOSE = 41
