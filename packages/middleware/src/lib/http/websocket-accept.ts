import { createHash } from 'node:crypto'
import { HANDSHAKE_GUID } from '@spillway/parser/websocket'

/** The value of Sec-WebSocket-Accept for a key: proof that the handshake was understood (RFC 6455 §4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1').update(key).update(HANDSHAKE_GUID).digest('base64')
}
