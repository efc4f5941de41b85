/*
 * Numbers used in hot loops, and the values of public tables such as `BodyKind`. They are in a file of their own because the bundler
 * inlines numbers that are imported from another file; defined where it is used, a constant costs a load.
 */

/** The result of the scanners in target.ts when everything is right; otherwise they return the position of the offending byte. */
export const VALID = -1
/** More digits of Content-Length are refused even when they are zeros: 2^53 - 1 has 16. */
export const MAX_LENGTH_DIGITS = 20

/** `GET` and a space, as `four` reads them. */
export const GET_ = 0x20544547
/** A longer head is not copied: socket reads that contain nothing but a head are rarely longer. */
export const MOST_COPIED = 4096
/** Copying a shorter head would take longer than reading it. */
export const LEAST_COPIED = 64
/** A chunk size above this would pass 2^53 - 1 with one more digit. */
export const MAX_SIZE_BEFORE_DIGIT = 0x1_ff_ff_ff_ff_ff_ff
/** More ranges than this in one request are an attack, not a reader (RFC 9110 §17.15). */
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
