/*
 * The states of the machines in head.ts, response-head.ts, field-section.ts and body.ts, where they are drawn. They live
 * here because the bundler puts numbers in place that come from another file: in its own, a constant costs a load.
 */

export const IDLE = 0
export const EMPTY = 1
export const EMPTY_LF = 2
export const METHOD = 3
export const TARGET_BYTES = 4
export const VERSION = 5
export const LINE_CR = 6
export const LINE_LF = 7
export const FIELDS = 8
export const STATUS = 9
export const REASON = 10

export const LINE = 0
export const NAME = 1
export const VALUE_BYTES = 2
export const VALUE_LF = 3
export const END_LF = 4
/** The field section goes on in bytes that are not there yet. */
export const SECTION_MORE = 0
/** The section is complete. */
export const SECTION_END = 1
/** See `error` and `at`. */
export const SECTION_ERROR = 2

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
export const EXT_BEFORE = 12
export const EXT_NAME_FIRST = 13
export const EXT_NAME = 14
export const EXT_NAME_AFTER = 15
export const EXT_VALUE_FIRST = 16
export const EXT_VALUE = 17
export const EXT_VALUE_AFTER = 18
export const EXT_QUOTED = 19
export const EXT_QUOTED_PAIR = 20
export const EXT_QUOTED_AFTER = 21

/** What the known fields of a head have said so far: the flags of `FramingFacts`. */
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

/** The fields that decide about framing, persistence and routing; everything else is opaque to the parser. */
export const KNOWN_NONE = 0
export const KNOWN_HOST = 1
export const KNOWN_LENGTH = 2
export const KNOWN_CODING = 3
export const KNOWN_CONNECTION = 4
export const KNOWN_UPGRADE = 5
export const KNOWN_EXPECT = 6
