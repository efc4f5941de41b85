// What an HTTP/2 connection carried, stream by stream, and the sizes of its flow-control windows (RFC 9113 §5.2).

/** A window size, and since when, on the server's clock. */
export type WindowStep = readonly [at: number, bytes: number]

/** The direction of content: to the server, or from it. */
export type Way = 'in' | 'out'

/** One stream: a request and its response. */
export interface StreamTrace {
  readonly id: number
  readonly openedAt: number
  /** When the head of its response was complete. */
  repliedAt?: number
  closedAt?: number
  /** Method and target. */
  line: string
  status?: number
  /** The name of the error with which it was reset. */
  reset?: string
  /** Bytes of content in each direction. */
  readonly bytes: Record<Way, number>
  /** How much each side was allowed to send on it. */
  readonly windows: Readonly<Record<Way, WindowStep[]>>
}

/** The latest streams of a connection, and how much all of them together were allowed to send. */
export interface StreamsTrace {
  readonly streams: readonly StreamTrace[]
  readonly windows: Readonly<Record<Way, readonly WindowStep[]>>
}

/** The direction with more content. */
export function mainWay({ bytes }: Pick<StreamTrace, 'bytes'>): Way {
  return bytes.in > bytes.out ? 'in' : 'out'
}
