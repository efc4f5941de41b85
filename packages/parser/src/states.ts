/*
 * The states of the machines in message-head.ts, head.ts, response-head.ts, field-section.ts and body.ts, where they are
 * drawn. They live here because the bundler puts numbers in place that come from another file: in its own, a constant
 * costs a load.
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

/** The known words of framing.ts: their `slot`, length plus two bits of the first letter. */
export const CHUNKED_WORD = 7
export const EXPECT = 6
export const CONNECTION = 10
export const HOST = 12
export const CONTENT_LENGTH = 14
export const UPGRADE = 23
export const CONTINUE = 28
export const TRANSFER_ENCODING = 33
/** All slots of known words as bits, as a shift counts them: modulo 32. */
export const SLOTS = 0x10_84_54_e2
/** The length of transfer-encoding. */
export const LONGEST_WORD = 17

/** The result of the scanners in target.ts when everything is right; otherwise they give the place of the offending byte. */
export const VALID = -1
/** More digits of Content-Length are refused even when they are zeros: 2^53 - 1 has 16. */
export const MAX_LENGTH_DIGITS = 20

/** `GET` and a space, as `four` reads them. */
export const GET_ = 0x20544547
/** A longer head is not copied: socket reads with nothing but a head in them are seldom longer. */
export const MOST_COPIED = 4096
/** A shorter head is read before it would have been copied. */
export const LEAST_COPIED = 64
/** A chunk size above this would pass 2^53 - 1 with one more digit. */
export const MAX_SIZE_BEFORE_DIGIT = 0x1_ff_ff_ff_ff_ff_ff
/** More ranges than this in one request are an attack rather than a reader (RFC 9110 §17.15). */
export const MAX_RANGES = 32

/** `BodyKind`, here for the reason above. */
export const NONE = 0
export const LENGTH = 1
export const CHUNKS = 2
export const CLOSED = 3

/** `TargetForm` */
export const ORIGIN = 0
export const ABSOLUTE = 1
export const AUTHORITY = 2
export const ASTERISK = 3

/** `BodyEvent` */
export const NEED_MORE = 0
export const HAS_DATA = 1
export const ENDED = 2
export const BROKEN = 3

/** The phases of `MessageParser`. */
export const IN_HEAD = 0
export const IN_BODY = 1
export const STOPPED = 2

/** What the known fields of a head have said so far. */
export const HOST_SEEN = 1
export const HAS_LENGTH = 2
export const CODING_SEEN = 4
export const CHUNKED = 8
export const OTHER_CODING = 16
/** The slots of close (5), keep-alive (18) and upgrade (23), as bits. */
export const CLOSE = 0x20
export const KEEP_ALIVE = 0x4_00_00
export const UPGRADE_OPTION = 0x80_00_00
export const UPGRADE_FIELD = 256
export const EXPECT_CONTINUE = 512
export const EXPECT_UNKNOWN = 1024
