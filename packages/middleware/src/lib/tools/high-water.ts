/** Bytes of content that are kept ready for a client that takes them slowly, before whoever sends them to us is held up. */
export const highWater: number = 64 * 1024
