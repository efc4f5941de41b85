// Taken once: `Buffer` is an accessor of the global object, and dear to look up.
const { latin1Slice } = Buffer.prototype

/** Node's own latin1 decoder; the parser's portable loop is for other places. */
export function decodeLatin1(buf: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(buf, start, end)
}

/** The same bytes, in memory that stays as it is. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes)
}
