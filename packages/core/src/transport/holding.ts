/** Told what memory somebody holds. Memory that several hold is counted once, and each of them stands for its share. */
export interface Holding {
  /** @param memory what others may hold, too. @param bytes how many of its bytes this holder needs it for. */
  share(memory: ArrayBufferLike, bytes: number): void
}

/**
 * Who holds memory for a client: how a protocol, or a source of content, takes part in the server's ledger; the owner of an
 * upgraded connection does by `buffered` of its sink. It is asked at every tick, so it has to be quick, and must not cause anything.
 */
export interface Holds {
  /** Returns the bytes that nobody else holds; those that others may hold, too, are told to `holding`. */
  held(holding: Holding): number
}
