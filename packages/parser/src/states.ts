/*
 * The states of the state machines in message-head.ts, request-head.ts, response-head.ts, field-section.ts, body.ts and
 * message-parser.ts, where they are drawn. They are in a file of their own because the bundler inlines numbers that are
 * imported from another file; defined where it is used, a constant costs a load.
 */

export const IDLE = 0
export const EMPTY = 1
/** From here on a part of the head has been seen. */
export const METHOD = 2
export const TARGET_BYTES = 3
export const VERSION = 4
export const LINE_CR = 5
export const STATUS = 6
export const REASON = 7
/** From here on in the field section. */
export const START_LF = 8
export const LINE = 9
export const NAME = 10
export const VALUE_BYTES = 11
export const VALUE_LF = 12
export const END_LF = 13

export const DONE = 0
export const FAILED = 1
export const DATA = 2
/** From here on in chunked framing. */
export const SIZE_FIRST = 3
export const SIZE = 4
export const SIZE_LF = 5
export const DATA_CR = 6
export const DATA_LF = 7
export const TRAILERS = 8
export const FINAL_LF = 9
export const TRAILER_LINES = 10
/** The states from here on are inside a chunk extension, RFC 9112 §7.1.1: one for each row of `steps`. Divisible by 3. */
export const EXTENSION = 12

/** The phases of `MessageParser`. */
export const IN_HEAD = 0
export const IN_BODY = 1
export const STOPPED = 2
