/** One WebSocket message, reassembled and unmasked, or a control frame. */
export interface WebSocketMessage {
  readonly from: 'client' | 'server'
  /** When its last byte arrived, on the server's clock. */
  readonly at: number
  readonly kind: 'text' | 'binary' | 'ping' | 'pong' | 'close' | 'broken'
  /** The length of its content, decompressed. */
  readonly bytes: number
  /** The text, or the bytes in hexadecimal, possibly truncated; for an invalid message, what is wrong. */
  readonly shown: string
}
