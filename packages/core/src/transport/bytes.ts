// Read once, because `Buffer` is a getter of the global object and expensive to look up.
const { latin1Slice } = Buffer.prototype

/** Node's native latin1 decoder; the parser's portable loop is for other runtimes. */
export function decodeLatin1(buf: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(buf, start, end)
}

/** A copy of the bytes, in memory that will not change. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes)
}
