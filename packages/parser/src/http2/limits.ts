// How much a peer of HTTP/2 may have or send, with a reason for each number.
import { defaultBodyLimits, defaultHeadLimits, type BodyLimits, type HeadLimits } from '../limits.ts'

/** What a connection of HTTP/2 may cost: its heads as those of HTTP/1.1, its trailers too. */
export interface Http2Limits extends HeadLimits, Pick<BodyLimits, 'trailerBytes' | 'trailerFields'> {
  /** Streams of the peer at a time. Default 100: what RFC 9113 §6.5.2 asks for at least. One more is refused. */
  readonly streams: number
  /** Bytes of content that a stream may send before any is made use of. Default 262144. */
  readonly streamWindow: number
  /** The same for all streams together. Default 1048576: four that nobody reads do not hold up the others. */
  readonly connectionWindow: number
}

export const defaultHttp2Limits: Http2Limits = {
  ...defaultHeadLimits,
  trailerBytes: defaultBodyLimits.trailerBytes,
  trailerFields: defaultBodyLimits.trailerFields,
  streams: 100,
  streamWindow: 256 * 1024,
  connectionWindow: 1024 * 1024,
}
