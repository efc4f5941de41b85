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
export const UNTIL_CLOSE = 3
export const SIZE_FIRST = 4
export const SIZE = 5
export const SIZE_LF = 6
export const DATA_CR = 7
export const DATA_LF = 8
export const TRAILERS = 9
export const FINAL_LF = 10
export const TRAILER_LINES = 11
/** The states from here on are inside a chunk extension, RFC 9112 §7.1.1; they are in `extension`. */
export const EXTENSION = 12

/** The known fields, by the length of their names. */
export const HOST = 4
export const EXPECT = 6
export const UPGRADE = 7
export const CONNECTION = 10
export const CONTENT_LENGTH = 14
export const TRANSFER_ENCODING = 17

/** The result of the scanners in target.ts when everything is right; otherwise they give the place of the offending byte. */
export const VALID = -1
export const VERSION_LENGTH = 8
/** More digits of Content-Length are refused even when they are zeros: 2^53 - 1 has 16. */
export const MAX_LENGTH_DIGITS = 20

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
export const CLOSE = 32
export const KEEP_ALIVE = 64
export const UPGRADE_OPTION = 128
export const UPGRADE_FIELD = 256
export const EXPECT_CONTINUE = 512
export const EXPECT_UNKNOWN = 1024

/** Bytes of a trailer section that are copied at a time. */
export const PIECE = 128
