// Error codes that programs can use to distinguish errors with the same status.
import type { ParseErrorCode } from '@spillway/parser'

/** The errors of core itself, with their status. Codes are only ever added; docs/error-codes.md lists them all. */
export interface CoreErrorCodes {
  /** The content of the request is not valid JSON. */
  JSON_INVALID: 400
  /** The parts of a form with files are not separated as RFC 7578 requires, or have no name. */
  MULTIPART_INVALID: 400
  /** The content is not a form, or not of a type that is read here. */
  TYPE_UNSUPPORTED: 415
  /** The content of the request is larger than `limits.bodyBytes`, or than `c.body.limit`. */
  CONTENT_TOO_LARGE: 413
  /** The client left while its content was being read. */
  ABORTED_BY_PEER: 400
  /** The client sent its content too slowly, or nothing for too long. */
  ABORTED_BY_TIMEOUT: 408
  /** The handler failed, or its reply was sent before the content was read. */
  ABORTED_BY_HANDLER: 500
  /** The server was shut down before the exchange was complete. */
  ABORTED_BY_SHUTDOWN: 503
  /** The memory held for this client was needed for others. */
  ABORTED_BY_MEMORY: 503
}

/** A code of core or the parser, or one defined elsewhere. */
export type ErrorCode = keyof CoreErrorCodes | ParseErrorCode | (string & {})
