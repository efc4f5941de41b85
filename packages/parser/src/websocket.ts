/**
 * WebSocket (RFC 6455) and permessage-deflate (RFC 7692) without connections: frames and messages in and out, for either
 * side, and the rules of handshakes. For any JavaScript runtime; the function that inflates is passed in.
 *
 * @module
 */
export { CONTROL_BYTES, CloseCode, closeContent, isCloseCode } from './websocket/close.ts'
export {
  acceptDeflate,
  deflateOffer,
  isDeflateAnswer,
  parseExtensions,
  type AgreedDeflate,
  type Extension,
} from './websocket/extensions.ts'
export { webSocketFailures, type WebSocketFailure, type WebSocketFailureInfo } from './websocket/failures.ts'
export { FIN, frameHead, maskedFrame, Opcode, RSV1 } from './websocket/frame-writer.ts'
export { HANDSHAKE_GUID, isHandshakeKey, parseSubprotocols } from './websocket/handshake.ts'
export { MessageReader, type Inflate, type Inflated, type MessageOptions } from './websocket/messages.ts'
export { FrameEvent, WebSocketReader, type ReaderOptions } from './websocket/reader.ts'
export { Utf8Checker } from './websocket/utf8.ts'
