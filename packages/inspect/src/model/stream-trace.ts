// What a connection of HTTP/2 carried, stream by stream, and how far its windows were open meanwhile (RFC 9113 §5).

/** Bytes that could be sent, and since when, on the server's clock. */
export type WindowStep = readonly [at: number, bytes: number]

/** Where content went: to the server, or from it. */
export type Way = 'in' | 'out'

/** One stream: a request and its response. */
export interface StreamTrace {
  readonly id: number
  readonly openedAt: number
  closedAt?: number
  /** Method and target. */
  line: string
  status?: number
  /** The name of the error it was reset with. */
  reset?: string
  /** Bytes of content, each way. */
  readonly bytes: Record<Way, number>
  /** What each side might send on it. */
  readonly windows: Readonly<Record<Way, WindowStep[]>>
}

/** The streams of a connection, the latest of them, and what all of them together might send. */
export interface StreamsTrace {
  readonly streams: readonly StreamTrace[]
  readonly windows: Readonly<Record<Way, readonly WindowStep[]>>
}

/** The way that more content went. */
export function mainWay({ bytes }: Pick<StreamTrace, 'bytes'>): Way {
  return bytes.in > bytes.out ? 'in' : 'out'
}
