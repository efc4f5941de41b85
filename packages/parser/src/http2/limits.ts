// How much an HTTP/2 peer may hold or send, with a reason for each number.
import { defaultBodyLimits, defaultHeadLimits, type BodyLimits, type HeadLimits } from '../limits.ts'

/** Limits of an HTTP/2 connection; those of heads and trailers are the ones of HTTP/1.1. */
export interface Http2Limits extends HeadLimits, Pick<BodyLimits, 'trailerBytes' | 'trailerFields'> {
  /** The peer's streams at a time. Default 100: the least that RFC 9113 §6.5.2 recommends. Further ones are refused. */
  readonly streams: number
  /** Bytes of content that a stream may send before any is consumed. Default 262144. */
  readonly streamWindow: number
  /** The same for all streams together. Default 1048576, so that up to three unread streams do not hold up the others. */
  readonly connectionWindow: number
}

export const defaultHttp2Limits: Required<Http2Limits> = {
  ...defaultHeadLimits,
  trailerBytes: defaultBodyLimits.trailerBytes,
  trailerFields: defaultBodyLimits.trailerFields,
  streams: 100,
  streamWindow: 256 * 1024,
  connectionWindow: 1024 * 1024,
}
