/*
 * What the known fields of a head say, as flags. They are in a file of their own because the bundler inlines numbers that are
 * imported from another file; defined where it is used, a constant costs a load.
 */

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
