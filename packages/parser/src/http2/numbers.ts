/*
 * The numbers of RFC 9113 and RFC 7541 as the machines use them. They live here because the bundler puts numbers in place
 * that come from another file: in its own, a constant costs a load.
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

/** The error code of a stream that nobody has looked at, RFC 9113 §7. */
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

/** The bytes in front of each payload, RFC 9113 §4.1. */
export const HEAD_BYTES = 9
/** The largest payload that everybody takes, RFC 9113 §4.2. */
export const LEAST_FRAME = 16384
export const LARGEST_FRAME = 16777215
/** Of windows and of stream identifiers, RFC 9113 §6.9.1 and §5.1.1. */
export const MAX_31 = 0x7fffffff
/** What both windows are before anybody says otherwise, RFC 9113 §6.9.2. */
export const FIRST_WINDOW = 65535
/** What an entry of a table costs beside its text, RFC 7541 §4.1. */
export const ENTRY_BYTES = 32
/** The tables of both directions, whatever the peer would allow: a larger one is searched and held for little. */
export const TABLE_BYTES = 4096
export const STATIC_ENTRIES = 61

/** The names that mean something to this package; all others are 0. */
export const N_AUTHORITY = 1
export const N_METHOD = 2
export const N_PATH = 3
export const N_SCHEME = 4
export const N_STATUS = 5
export const N_PROTOCOL = 6
/** From here on fields; what is below are pseudo-fields. */
export const N_HOST = 7
export const N_COOKIE = 8
export const N_LENGTH = 9
export const N_TE = 10
export const N_EXPECT = 11
export const N_PRIORITY = 12
/** The first and the last of the fields of an HTTP/1.1 connection, RFC 9113 §8.2.2. */
export const N_CONNECTION = 13
export const N_UPGRADE = 17
/** A pseudo-field that nobody knows. */
export const N_UNKNOWN_PSEUDO = 18

/** What is wrong with a field line in itself. */
export const FINE = 0
/** RFC 9113 §8.2.1 calls it malformed. */
export const MALFORMED_NAME = 1
export const MALFORMED_VALUE = 2
/** RFC 9110 §5.5 does not allow it. */
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
/** Nothing has happened that anybody has to hear of. */
export const GO_ON = -1
