// The types of recorded bytes, as the server sends them to the page.
import type { ExchangeNote } from './notes.ts'
import type { StreamsTrace } from './stream-trace.ts'
import type { WebSocketMessage } from './web-socket-message.ts'

/** One read or write of the server's socket. */
export interface Piece {
  readonly at: number
  readonly direction: 'in' | 'out'
  readonly bytes: number
}

/** What was transferred on a connection between two idle periods: usually one request and its response. */
export interface Segment {
  /** Set when the bytes that followed were not recorded. */
  readonly gap?: boolean
  /** When its first byte arrived, on the server's clock. */
  readonly at: number
  /** The number of its first exchange on the connection. */
  readonly first: number
  /** The bytes that were kept, starting with the first; base64. */
  readonly in: string
  readonly out: string
  /** How many bytes there were in total. */
  readonly total: { readonly in: number; readonly out: number }
  readonly pieces: readonly Piece[]
}

/** The content of the response to `/api/wire/<connection>`. */
export interface Wire {
  readonly connection: number
  readonly segments: readonly Segment[]
  /** Notes on its latest exchanges. */
  readonly notes: readonly ExchangeNote[]
  /** The messages after an upgrade to WebSocket; missing where they were not reassembled from frames. */
  readonly messages?: readonly WebSocketMessage[]
  /** Only for HTTP/2. */
  readonly streams?: StreamsTrace
}
