// Everything that can be wrong with what an HTTP/2 peer sends, as one table.
import type { ErrorCode } from './frames.ts'

/**
 * Everything that can be wrong with what a peer sends: the error code that is sent (RFC 9113 §7), the section, the sentence.
 * Faults in the head of a request as such have the codes of HTTP/1, because the rules are the same.
 */
const table = {
  PREFACE_INVALID: '1 9113 §3.4 The connection does not begin with the preface',
  SETTINGS_MISSING: '1 9113 §3.4 The first frame is not SETTINGS',
  FRAME_TOO_LARGE: '6 9113 §4.2 A frame is larger than was allowed',
  FRAME_SIZE_INVALID: '6 9113 §6 A frame does not have the size that its type requires',
  STREAM_MISSING: '1 9113 §6 A frame that belongs to a stream is on stream 0',
  STREAM_UNEXPECTED: '1 9113 §6 A frame that belongs to the connection is on a stream',
  STREAM_IDLE: '1 9113 §5.1 A frame is on a stream that has not begun',
  STREAM_ID_INVALID:
    '1 9113 §5.1.1 A stream has an identifier that is not the peer’s to use, or not above all earlier ones',
  STREAM_NOT_OPEN: '5 9113 §5.1 A frame is on a stream whose sender has ended it',
  PADDING_INVALID: '1 9113 §6.1 The padding is longer than the frame',
  BLOCK_INTERRUPTED: '1 9113 §4.3 A frame comes between those of a field block',
  CONTINUATION_UNEXPECTED: '1 9113 §6.10 CONTINUATION continues nothing',
  PUSH_NOT_ALLOWED: '1 9113 §8.4 PUSH_PROMISE is not allowed',
  BLOCK_TOO_LARGE: '11 9113 §10.5.1 A field block is larger than was allowed, or in too many pieces',
  COMPRESSION_INVALID: '9 7541 §3 The field block cannot be decoded',
  WINDOW_EXCEEDED: '3 9113 §6.9.1 More content came than the window allows',
  WINDOW_OVERFLOW: '3 9113 §6.9.1 The window is larger than 2^31 - 1',
  INCREMENT_ZERO: '1 9113 §6.9 WINDOW_UPDATE adds nothing',
  SETTING_INVALID: '1 9113 §6.5.2 A setting has a value that it cannot have',
  SETTING_WINDOW_INVALID: '3 9113 §6.5.2 SETTINGS_INITIAL_WINDOW_SIZE is larger than 2^31 - 1',
  DEPENDENCY_INVALID: '1 7540 §5.3.1 A stream depends on itself',
  PRIORITY_INVALID: '1 9218 §7.1 PRIORITY_UPDATE names a stream that cannot have one',
  PSEUDO_FIELD_INVALID: '1 9113 §8.3 A pseudo-field is unknown, repeated, after a field, or has no place here',
  PSEUDO_FIELD_MISSING: '1 9113 §8.3.1 A pseudo-field is missing',
  PSEUDO_FIELD_VALUE_INVALID: '1 9113 §8.3.1 A pseudo-field has a value that it cannot have',
  FIELD_NAME_MALFORMED: '1 9113 §8.2.1 A field name is not a token in lower case',
  FIELD_VALUE_MALFORMED: '1 9113 §8.2.1 A field value holds CR, LF or NUL, or begins or ends with whitespace',
  CONNECTION_FIELD: '1 9113 §8.2.2 A field is about a connection of HTTP/1.1',
  TUNNEL_INTERRUPTED: '1 9113 §8.5 Fields come on the stream of a CONNECT, which carries nothing but DATA',
  LENGTH_MALFORMED: '1 9113 §8.1.1 Content-Length is not a number, or not the only one',
  LENGTH_WRONG: '1 9113 §8.1.1 The content is not as long as Content-Length says',
  RESPONSE_INVALID: '1 9113 §8.1.1 The head of a response is not one that HTTP allows',
  RESPONSE_HEAD_MISSING: '1 9113 §8.1 Content comes before the head of its response',
  TRAILERS_INVALID: '1 9113 §8.1 Fields after the content do not end the stream',
  INTERIM_INVALID: '1 9113 §8.1 An interim response ends the stream, or has status 101',
  TRAILER_LIST_TOO_LARGE: '11 9113 §10.5.1 There are more trailer fields than were allowed',
  ABUSE: '11 9113 §10.5 The peer causes more work than it makes use of',
} as const

/** The code of a protocol error. */
export type Http2FaultCode = keyof typeof table

/** A protocol error. */
export interface Http2Fault {
  readonly code: Http2FaultCode
  /** The error code in RST_STREAM or GOAWAY. */
  readonly error: ErrorCode
  readonly rfc: string
  readonly message: string
}

/** Every fault with its error code, its section of the specification and its sentence. */
export const http2Faults: Readonly<Record<Http2FaultCode, Http2Fault>> = /* @__PURE__ */ (() => {
  const all = Object.create(null) as Record<Http2FaultCode, Http2Fault>
  for (const [code, row] of Object.entries(table) as [Http2FaultCode, string][]) {
    const [, error, rfc, message] = /^(\d+) (\S+ §\S+) (.+)/.exec(row)!
    all[code] = { code, error: Number(error) as ErrorCode, rfc: `RFC ${rfc}`, message: `${message}.` }
  }
  return all
})()
