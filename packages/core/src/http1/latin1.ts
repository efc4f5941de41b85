import { decodeLatin1 } from '../transport/bytes.ts'

/** Most bytes that are decoded at once for the sake of the heads after the first one. */
const blockBytes = 4096
let block = ''
let blockStart = 0
/** The bytes of the current block; kept only while more of it is needed. */
let blockOf: Uint8Array | undefined

/**
 * The same for pipelined heads that arrived together in one chunk of bytes: they are decoded together, because a call of the decoder
 * costs more than several slices of text.
 */
export function decodePipelined(buf: Uint8Array, start: number, end: number): string {
  if (buf !== blockOf || end > blockStart + block.length) decodeBlock(buf, start, end)
  const text = block.slice(start - blockStart, end - blockStart)
  if (end === buf.length) blockOf = undefined
  return text
}

function decodeBlock(buf: Uint8Array, start: number, end: number): void {
  block = decodeLatin1(buf, start, Math.max(end, Math.min(buf.length, start + blockBytes)))
  blockStart = start
  blockOf = buf
}
