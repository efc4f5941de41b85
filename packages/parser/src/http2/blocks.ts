// Field blocks that are assembled from HEADERS and CONTINUATION, and blocks that were seen before.
import type { DecodeLatin1 } from '../bytes.ts'
import type { HeadLimits } from '../limits.ts'
import type { Http2FaultCode } from './errors.ts'
import type { Http2Request } from './heads.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { TABLE_BYTES } from './numbers.ts'

/** Most bytes of a field block, compressed, over all its frames. */
const mostBytes = 65536
/** Most CONTINUATION frames of a block; fields that need more are refused anyway (CVE-2024-27316). */
const mostContinuations = 8
/** The five pseudo-fields, which do not exist in HTTP/1.1, and the bytes that their names take, with room for a scheme. */
const pseudoFields = 5
const pseudoBytes = 64
/** How many times the limit fields may reach before that is no longer a mistake: up to there they are decoded, and only refused. */
const excess = 4

/** Assembles the field blocks of a connection, and decodes them in their order. RFC 9113 §4.3. */
export class BlockReader {
  readonly decoder: HpackDecoder
  /** The stream whose block is being assembled, or 0. */
  stream: number = 0
  /** Whether its HEADERS frame ends the stream. */
  ends: boolean = false
  _bytes: Uint8Array = new Uint8Array(0)
  _length: number = 0
  _continuations: number = 0

  constructor(decode: DecodeLatin1 | undefined) {
    this.decoder = new HpackDecoder(TABLE_BYTES, decode)
  }

  /** Starts a block that continues after its first frame. */
  begin(stream: number, ends: boolean, buf: Uint8Array, start: number, end: number): Http2FaultCode | undefined {
    this.stream = stream
    this.ends = ends
    this._length = this._continuations = 0
    return this._add(buf, start, end)
  }

  continue(buf: Uint8Array, start: number, end: number, isLast: boolean): Http2FaultCode | undefined {
    // empty pieces could go on forever
    if (++this._continuations > mostContinuations || (start === end && !isLast)) return 'BLOCK_TOO_LARGE'
    return this._add(buf, start, end)
  }

  /** Returns the complete assembled block. */
  take(): Uint8Array {
    const block = this._bytes.subarray(0, this._length)
    this.stream = 0
    this._bytes = new Uint8Array(0)
    return block
  }

  /** Decodes a block; the result is in `decoder`. */
  decode(buf: Uint8Array, start: number, end: number, { fields, headBytes }: HeadLimits): Http2FaultCode | undefined {
    const { decoder } = this
    if (!decoder.decode(buf, start, end, fields + pseudoFields, headBytes + pseudoBytes)) return 'COMPRESSION_INVALID'
    return decoder.overflow && decoder.listBytes > excess * mostBytes ? 'BLOCK_TOO_LARGE' : undefined
  }

  _add(buf: Uint8Array, start: number, end: number): Http2FaultCode | undefined {
    const length = this._length + end - start
    if (length > mostBytes) return 'BLOCK_TOO_LARGE'
    if (length > this._bytes.length) {
      const grown = new Uint8Array(length * 2)
      grown.set(this._bytes.subarray(0, this._length))
      this._bytes = grown
    }
    this._bytes.set(buf.subarray(start, end), this._length)
    this._length = length
    return undefined
  }
}

interface KnownBlock {
  readonly bytes: Uint8Array
  readonly generation: number
  readonly head: Http2Request
}

const places = 8
const longestKnown = 512

/**
 * Blocks that were seen before, and what they meant. As long as the table has not changed, the same bytes mean the same, and
 * a client that repeats a request usually sends the same bytes.
 */
export class KnownBlocks {
  readonly _blocks: (KnownBlock | undefined)[] = Array.from({ length: places })

  find(buf: Uint8Array, start: number, end: number, generation: number): Http2Request | undefined {
    const known = this._blocks[place(buf, start, end)]
    if (known === undefined || known.generation !== generation) return undefined
    const { bytes } = known
    if (bytes.length !== end - start) return undefined
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== buf[start + i]) return undefined
    return known.head
  }

  /** @param generation of the table, both before the block and after it. */
  keep(buf: Uint8Array, start: number, end: number, generation: number, head: Http2Request): void {
    const isResize = (buf[start]! & 0xe0) === 0x20
    if (end - start > longestKnown || isResize) return
    this._blocks[place(buf, start, end)] = { bytes: buf.slice(start, end), generation, head }
  }
}

function place(buf: Uint8Array, start: number, end: number): number {
  // the bytes in the middle belong to the path, unless it is a table entry
  return (end - start + (start === end ? 0 : buf[end - 1]! + buf[(start + end) >> 1]!)) % places
}
