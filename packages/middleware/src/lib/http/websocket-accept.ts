import { createHash } from 'node:crypto'
import { HANDSHAKE_GUID } from '@spillway/parser/websocket'

/** What Sec-WebSocket-Accept says to a key: that the handshake was understood (RFC 6455 §4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1').update(key).update(HANDSHAKE_GUID).digest('base64')
}
