/*
 * What can be wrong with what a WebSocket peer sends: names, and the code with which the connection is closed.
 */

/** What is wrong, as a stable name. Names are only ever added. */
export type WebSocketFailure =
  | 'RESERVED_BIT_SET'
  | 'OPCODE_UNKNOWN'
  | 'MASK_MISSING'
  | 'MASK_UNEXPECTED'
  | 'LENGTH_NOT_MINIMAL'
  | 'CONTROL_TOO_LONG'
  | 'CONTROL_FRAGMENTED'
  | 'FRAGMENT_UNEXPECTED'
  | 'FRAGMENT_EXPECTED'
  | 'CLOSE_CODE_INVALID'
  | 'REASON_NOT_UTF8'
  | 'TEXT_NOT_UTF8'
  | 'DEFLATE_INVALID'
  | 'MESSAGE_TOO_LARGE'
  | 'INFLATED_TOO_MUCH'
  | 'TOO_MANY_FRAGMENTS'

/** What is known about one failure. */
export interface WebSocketFailureInfo {
  /** The code of the Close that reports it to the peer (RFC 6455 §7.4.1). */
  readonly closeCode: number
  /** The section of the specification that is violated, or that allows the limit. */
  readonly rfc: string
  /** One plain sentence, short enough for the reason of a Close. It never contains bytes of the input. */
  readonly message: string
}

const failure = (closeCode: number, rfc: string, message: string): WebSocketFailureInfo => ({ closeCode, rfc, message })

/** Every failure with its close code, its section of the specification and its sentence. */
export const webSocketFailures: Readonly<Record<WebSocketFailure, WebSocketFailureInfo>> = /* @__PURE__ */ (() => ({
  RESERVED_BIT_SET: failure(1002, 'RFC 6455 §5.2', 'A reserved bit is set that was not agreed on'),
  OPCODE_UNKNOWN: failure(1002, 'RFC 6455 §5.2', 'The opcode is reserved'),
  MASK_MISSING: failure(1002, 'RFC 6455 §5.1', 'A frame from a client is not masked'),
  MASK_UNEXPECTED: failure(1002, 'RFC 6455 §5.1', 'A frame from a server is masked'),
  LENGTH_NOT_MINIMAL: failure(1002, 'RFC 6455 §5.2', 'The length is not written in its shortest form'),
  CONTROL_TOO_LONG: failure(1002, 'RFC 6455 §5.5', 'A control frame has more than 125 bytes'),
  CONTROL_FRAGMENTED: failure(1002, 'RFC 6455 §5.5', 'A control frame is not final'),
  FRAGMENT_UNEXPECTED: failure(1002, 'RFC 6455 §5.4', 'There is no message to continue'),
  FRAGMENT_EXPECTED: failure(1002, 'RFC 6455 §5.4', 'A message begins within another'),
  CLOSE_CODE_INVALID: failure(1002, 'RFC 6455 §7.4', 'The close code is not one that may be sent'),
  REASON_NOT_UTF8: failure(1007, 'RFC 6455 §5.5.1', 'The reason of the close is not UTF-8'),
  TEXT_NOT_UTF8: failure(1007, 'RFC 6455 §8.1', 'The text is not UTF-8'),
  DEFLATE_INVALID: failure(1007, 'RFC 7692 §7.2.2', 'The compressed message cannot be inflated'),
  MESSAGE_TOO_LARGE: failure(1009, 'RFC 6455 §10.4', 'The message is too large'),
  INFLATED_TOO_MUCH: failure(1008, 'RFC 6455 §10.4', 'Compressed too well'),
  TOO_MANY_FRAGMENTS: failure(1008, 'RFC 6455 §10.4', 'The message has too many fragments'),
}))()
