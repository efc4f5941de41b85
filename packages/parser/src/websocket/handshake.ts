// What both sides of a handshake must check and compute (RFC 6455 §4).
import { isToken } from '../bytes.ts'
import { tokenList } from '../field-lists.ts'

/** Appended to the key and hashed with SHA-1, to prove that a handshake was understood (RFC 6455 §4.2.2). */
export const HANDSHAKE_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Whether this is a valid Sec-WebSocket-Key: 16 bytes in base64, with zeros in the unused bits (RFC 6455 §4.1). */
export function isHandshakeKey(value: string): boolean {
  return /^[A-Za-z\d+/]{21}[AQgw]==$/.test(value)
}

/**
 * The names in Sec-WebSocket-Protocol in the client's order of preference, or null when the value is not a list of
 * distinct tokens (RFC 6455 §4.1). They are case-sensitive.
 */
export function parseSubprotocols(value: string): string[] | null {
  const names = tokenList(value)
  const isList = names.length > 0 && names.every(isToken) && new Set(names).size === names.length
  return isList ? names : null
}
