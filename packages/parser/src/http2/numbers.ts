/*
 * The numbers of RFC 9113 and RFC 7541. They are in a file of their own because the bundler inlines constants that are
 * imported from another file; defined where it is used, a constant costs a load.
 */

/** Frame types, RFC 9113 §6 and RFC 9218 §7.1. */
export const DATA = 0
export const HEADERS = 1
export const PRIORITY = 2
export const RST_STREAM = 3
export const SETTINGS = 4
export const PUSH_PROMISE = 5
export const PING = 6
export const GOAWAY = 7
export const WINDOW_UPDATE = 8
export const CONTINUATION = 9
export const PRIORITY_UPDATE = 16

/** Flags of frames. */
export const END_STREAM = 1
export const ACK = 1
export const END_HEADERS = 4
export const PADDED = 8
export const HAS_PRIORITY = 32

/** The error code for a stream that has not been processed at all, RFC 9113 §7. */
export const REFUSED_STREAM = 7

/** Settings, RFC 9113 §6.5.2, RFC 8441 §3 and RFC 9218 §2.1. */
export const HEADER_TABLE_SIZE = 1
export const ENABLE_PUSH = 2
export const MAX_CONCURRENT_STREAMS = 3
export const INITIAL_WINDOW_SIZE = 4
export const MAX_FRAME_SIZE = 5
export const MAX_HEADER_LIST_SIZE = 6
export const ENABLE_CONNECT_PROTOCOL = 8
export const NO_RFC7540_PRIORITIES = 9

/** The bytes before each payload, RFC 9113 §4.1. */
export const HEAD_BYTES = 9
/** The largest payload that every peer accepts, RFC 9113 §4.2. */
export const LEAST_FRAME = 16384
export const LARGEST_FRAME = 16777215
/** The maximum of windows and of stream identifiers, RFC 9113 §6.9.1 and §5.1.1. */
export const MAX_31 = 0x7fffffff
/** The initial size of all windows, RFC 9113 §6.9.2. */
export const FIRST_WINDOW = 65535
/** What a table entry costs in addition to its text, RFC 7541 §4.1. */
export const ENTRY_BYTES = 32
/** The size of the tables in both directions, even if the peer allows more: searching and holding a larger one gains little. */
export const TABLE_BYTES = 4096
export const STATIC_ENTRIES = 61

/** The numbers of names that have a meaning to this package; all others are 0. */
export const N_AUTHORITY = 1
export const N_METHOD = 2
export const N_PATH = 3
export const N_SCHEME = 4
export const N_STATUS = 5
export const N_PROTOCOL = 6
/** Fields begin here; lower numbers are pseudo-fields. */
export const N_HOST = 7
export const N_COOKIE = 8
export const N_LENGTH = 9
export const N_TE = 10
export const N_EXPECT = 11
export const N_PRIORITY = 12
/** The first and the last of the fields that concern an HTTP/1.1 connection, RFC 9113 §8.2.2. */
export const N_CONNECTION = 13
export const N_UPGRADE = 17
/** An unknown pseudo-field. */
export const N_UNKNOWN_PSEUDO = 18

/** What is wrong with a field line by itself. */
export const FINE = 0
/** Malformed according to RFC 9113 §8.2.1. */
export const MALFORMED_NAME = 1
export const MALFORMED_VALUE = 2
/** Not allowed by RFC 9110 §5.5. */
export const INVALID_VALUE = 3

/** `MachineEvent` */
export const MORE = 0
export const HEAD = 1
export const REFUSED_HEAD = 2
export const CONTENT = 3
export const END = 4
export const RESET = 5
export const WINDOW = 6
export const SETTINGS_IN = 7
export const PONG = 8
export const GOAWAY_IN = 9
export const FAULT = 10
/** Nothing has happened that needs to be reported. */
export const GO_ON = -1
