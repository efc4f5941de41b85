// What is wrong with a request, in words for whoever sent it: the sentences of the parser name rules, for whoever knows them.
import { type ParseErrorCode, parseErrors } from '@spillway/parser'

const sentences: Readonly<Partial<Record<ParseErrorCode, string>>> = {
  TOO_MANY_EMPTY_LINES: 'Too many empty lines come before the request',
  INVALID_LINE_END: 'Every line has to end with CR LF',
  LEADING_WHITESPACE: 'There is whitespace before the first field',
  INVALID_METHOD: 'The request does not begin with a method',
  METHOD_TOO_LONG: 'The method is longer than the server accepts',
  INVALID_TARGET:
    'The target of the request is not valid for its method: spaces, for example, have to be percent-encoded',
  HOST_MISSING: 'The request does not say which host it is for: a Host field is missing',
  HOST_REPEATED: 'There is more than one Host field',
  HOST_INVALID: 'The Host field is not a host with an optional port',
  TARGET_TOO_LONG: 'The target of the request is longer than the server accepts',
  INVALID_VERSION: 'The request line does not end with a version of HTTP, such as HTTP/1.1',
  VERSION_UNSUPPORTED: 'On a connection that begins like this, the server speaks HTTP/1.1 only',
  INVALID_FIELD_NAME: 'The name of a field has a character that no name may have',
  COLON_MISSING: 'A line among the fields has no colon',
  FIELD_NAME_WHITESPACE: 'There is whitespace within the name of a field, or between it and the colon',
  INVALID_FIELD_VALUE: 'The value of a field has a control character',
  OBSOLETE_FOLDING: 'A field continues on a line that begins with whitespace; each field has to be one line',
  FIELD_LINE_TOO_LONG: 'A field is longer than the server accepts',
  TOO_MANY_FIELDS: 'There are more fields than the server accepts',
  HEAD_TOO_LARGE: 'The head of the request is longer than the server accepts',
  LENGTH_INVALID: 'Content-Length is not a number',
  LENGTH_TOO_LARGE: 'Content-Length is a larger number than anybody could send',
  LENGTH_CONFLICT: 'Content-Length is given more than once',
  CODING_INVALID: 'Transfer-Encoding has to end with chunked, which may be there only once',
  CODING_WITH_LENGTH: 'Transfer-Encoding and Content-Length exclude each other: one of them may be sent',
  CODING_UNSUPPORTED: 'The only transfer coding that the server knows is chunked',
  CODING_IN_HTTP10: 'There is no Transfer-Encoding in HTTP/1.0',
  CHUNK_SIZE_INVALID: 'The size of a chunk is not a hexadecimal number',
  CHUNK_END_INVALID: 'A chunk is not as long as it says, or CR LF is missing behind it',
  CHUNK_SIZE_TOO_LARGE: 'The size of a chunk is a larger number than the server accepts',
  CHUNK_OVERHEAD_TOO_LARGE: 'The chunks are too small for what it takes to frame them',
  CHUNK_EXT_INVALID: 'The extension of a chunk is neither a name nor a name and a value',
  CHUNK_EXT_TOO_LARGE: 'The extensions of the chunks are longer than the server accepts',
  TRAILERS_TOO_LARGE: 'The trailers are longer than the server accepts',
  TOO_MANY_TRAILERS: 'There are more trailers than the server accepts',
  MESSAGE_INCOMPLETE: 'The connection ended before the request did',
}

/** Says what is wrong, and where that is written. */
export function refusalText(code: ParseErrorCode): string {
  const { message, rfc } = parseErrors[code]
  return `${sentences[code] ?? message} (${rfc})`
}
