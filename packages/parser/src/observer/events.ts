import type { ParseErrorCode } from '../errors.ts'

/** A mistake behind which reading went on. It comes in front of the event that it is about. */
export interface Deviation {
  readonly type: 'deviation'
  /** Where the offending byte is, counted from the first byte of the stream. */
  readonly at: number
  /** The same from the start of the message, as in {@link ParseError}. */
  readonly offset: number
  readonly code: ParseErrorCode
  readonly rfc: string
  /** What is wrong, in one sentence. */
  readonly message: string
  /** What a strict server or gateway does. */
  readonly strict: string
  /** What those do who read it. */
  readonly lenient: string
}

/** What an observer finds beside the events of messages. */
export type Observation =
  | Deviation
  /** Bytes that were never seen, or that belong to no message. */
  | { readonly type: 'lost'; readonly at: number; readonly bytes: number }
  /** Chunk extensions as sent, in front of the data of their chunk. RFC 9112 §7.1.1. */
  | { readonly type: 'extensions'; readonly at: number; readonly text: string }
  /** The trailer section as sent, in front of `end`: that event has only what may stand there. RFC 9112 §7.1.2. */
  | { readonly type: 'trailers'; readonly at: number; readonly fields: readonly (readonly [string, string])[] }
