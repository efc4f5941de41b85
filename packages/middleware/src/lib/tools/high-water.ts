/** Bytes of content that are kept ready for a slow client before its sender has to wait. */
export const highWater: number = 64 * 1024
