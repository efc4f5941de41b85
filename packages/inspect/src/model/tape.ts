import type { StreamsTrace } from './stream-trace.ts'

/** One read or write of the server's socket. */
export interface Piece {
  readonly at: number
  readonly direction: 'in' | 'out'
  readonly bytes: number
}

/** What was said on a connection between two idle moments: most often one request and its reply. */
export interface Segment {
  /** Present when bytes that followed were not recorded. */
  readonly gap?: boolean
  /** When its first byte came, on the server's clock. */
  readonly at: number
  /** The number of its first exchange on the connection. */
  readonly first: number
  /** The bytes that were kept, from the first on; base64. */
  readonly in: string
  readonly out: string
  /** Bytes there were. */
  readonly total: { readonly in: number; readonly out: number }
  readonly pieces: readonly Piece[]
}

/** The answer of `/api/wire/<connection>`. */
export interface Wire {
  readonly connection: number
  readonly segments: readonly Segment[]
  /** Of a connection of HTTP/2. */
  readonly streams?: StreamsTrace
}
