/** One message of a WebSocket, whole and without its mask, or a control frame. */
export interface WebSocketMessage {
  readonly from: 'client' | 'server'
  /** When its last byte was there, on the server's clock. */
  readonly at: number
  readonly kind: 'text' | 'binary' | 'ping' | 'pong' | 'close' | 'broken'
  /** Of its content, inflated. */
  readonly bytes: number
  /** The text, or the bytes in hexadecimal, up to a length; of a broken one, what is wrong. */
  readonly shown: string
}
