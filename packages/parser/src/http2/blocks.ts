// Field blocks that are put together from HEADERS and CONTINUATION, and those that are known already.
import type { DecodeLatin1 } from '../bytes.ts'
import type { HeadLimits } from '../limits.ts'
import type { Http2FaultCode } from './errors.ts'
import type { Http2Request } from './heads.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { TABLE_BYTES } from './numbers.ts'

/** Bytes of a field block, compressed, over all its frames. */
const mostBytes = 65536
/** CONTINUATION frames of a block; larger fields than these can hold are refused anyway (CVE-2024-27316). */
const mostContinuations = 8
/** There are five of them, which are no fields of HTTP/1.1; and what their names take, with room for a scheme. */
const pseudoFields = 5
const pseudoBytes = 64
/** What fields may have more than is taken before it is no mistake any more: until then they are decoded, and refused alone. */
const excess = 4

/** Puts the field blocks of a connection together, and decodes them in their order. RFC 9113 §4.3. */
export class BlockReader {
  readonly decoder: HpackDecoder
  /** The stream that a block is under way for, or 0. */
  stream: number = 0
  /** Whether its HEADERS frame ends the stream. */
  ends: boolean = false
  _bytes: Uint8Array = new Uint8Array(0)
  _length: number = 0
  _continuations: number = 0

  constructor(decode: DecodeLatin1 | undefined) {
    this.decoder = new HpackDecoder(TABLE_BYTES, decode)
  }

  /** A block begins that goes on behind its first frame. */
  begin(stream: number, ends: boolean, buf: Uint8Array, start: number, end: number): Http2FaultCode | undefined {
    this.stream = stream
    this.ends = ends
    this._length = this._continuations = 0
    return this._add(buf, start, end)
  }

  continue(buf: Uint8Array, start: number, end: number, isLast: boolean): Http2FaultCode | undefined {
    // pieces without a byte would never end
    if (++this._continuations > mostContinuations || (start === end && !isLast)) return 'BLOCK_TOO_LARGE'
    return this._add(buf, start, end)
  }

  /** The block that was put together is complete. */
  take(): Uint8Array {
    const block = this._bytes.subarray(0, this._length)
    this.stream = 0
    this._bytes = new Uint8Array(0)
    return block
  }

  /** Decodes a block; what came of it is in `decoder`. */
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
 * Blocks that came before, and what they meant. As long as nothing has changed in the table the same bytes mean the same, and
 * a client that asks again mostly sends the same bytes.
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

  /** @param generation of the table, in front of the block and behind it. */
  keep(buf: Uint8Array, start: number, end: number, generation: number, head: Http2Request): void {
    const isResize = (buf[start]! & 0xe0) === 0x20
    if (end - start > longestKnown || isResize) return
    this._blocks[place(buf, start, end)] = { bytes: buf.slice(start, end), generation, head }
  }
}

function place(buf: Uint8Array, start: number, end: number): number {
  // the bytes in the middle are those of the path, when it is no entry
  return (end - start + (start === end ? 0 : buf[end - 1]! + buf[(start + end) >> 1]!)) % places
}
