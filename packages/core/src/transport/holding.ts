/** Is told what memory somebody holds. Memory held by several is counted once, and attributed to each of them by its share. */
export interface Holding {
  /** @param memory that others may hold, too. @param bytes how many bytes of it this holder needs. */
  share(memory: ArrayBufferLike, bytes: number): void
}

/**
 * Something that holds memory for a client: this is how a protocol, or a source of content, takes part in the server's accounts; the owner
 * of an upgraded connection does so through `buffered` of its sink. It is called at every tick, so it must be fast and have no effects.
 */
export interface Holds {
  /** Returns the bytes that nobody else holds; memory that others may hold, too, is reported to `holding`. */
  held(holding: Holding): number
}
