/*
 * The words that framing.ts knows, as numbers. They live in a file of their own because the bundler puts numbers in place that
 * come from another file: in its own, a constant costs a load.
 */

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
