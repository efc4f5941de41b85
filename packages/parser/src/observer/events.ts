// What an observer reports.
import type { ParseErrorCode } from '../errors.ts'

/** A mistake after which reading continued. It comes before the event that it concerns. */
export interface Deviation {
  readonly type: 'deviation'
  /** The position of the offending byte, counted from the first byte of the stream. */
  readonly at: number
  /** The same from the start of the message, as in {@link ParseError}. */
  readonly offset: number
  readonly code: ParseErrorCode
  readonly rfc: string
  /** What is wrong, in one sentence. */
  readonly message: string
  /** What a strict server or gateway does. */
  readonly strict: string
  /** What programs do that accept it. */
  readonly lenient: string
}

/** What an observer reports in addition to the events of messages. */
export type Observation =
  | Deviation
  /** Bytes that were never seen, or that belong to no message. */
  | { readonly type: 'lost'; readonly at: number; readonly bytes: number }
  /** Chunk extensions as sent, before the data of their chunk. RFC 9112 §7.1.1. */
  | { readonly type: 'extensions'; readonly at: number; readonly text: string }
  /** The trailer section as sent, before `end`; that event has only the fields that are allowed there. RFC 9112 §7.1.2. */
  | { readonly type: 'trailers'; readonly at: number; readonly fields: readonly (readonly [string, string])[] }
