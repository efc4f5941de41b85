// Reads captures: pcap and pcapng.
import { u16le, u32be, u32le, u16be } from './numbers.ts'

/** A file is damaged or not what it claims to be; the message is for users. */
export class FormatError extends Error {
  override readonly name: string = 'FormatError'
}

/** The bytes of a file from its start, all of them or a sliding window. */
export interface Source {
  readonly buffer: Uint8Array
  /** Index of the next byte in the buffer. */
  readonly pos: number
  /** Whether `count` bytes are available from `pos` on, after reading more if necessary. */
  has(count: number): boolean
  /** The next `count` bytes, or null at the end. They may be overwritten by the next call. */
  take(count: number): Uint8Array | null
}

/** A file that is in memory as a whole. */
export class WholeSource implements Source {
  readonly buffer: Uint8Array
  pos: number = 0

  constructor(bytes: Uint8Array) {
    this.buffer = bytes
  }

  has(count: number): boolean {
    return this.buffer.length - this.pos >= count
  }

  take(count: number): Uint8Array | null {
    if (!this.has(count)) return null
    this.pos += count
    return this.buffer.subarray(this.pos - count, this.pos)
  }
}

/** One packet of a capture. Its bytes are overwritten by the next, unless the source is in memory as a whole. */
export interface Packet {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly linkType: number
  readonly bytes: Uint8Array
  /** Whether the capture contains only the beginning of the packet. */
  readonly isCut: boolean
  /** A comment by the writer of a pcapng file. */
  readonly comment?: string
}

/** More bytes than a packet has in any capture. */
const MOST_PACKET = 1 << 28

// decision 053
/** The packets of a pcap or pcapng file. A truncated file ends with its last complete packet. */
export function* packetsOf(source: Source): Generator<Packet> {
  if (!source.has(4)) return
  const magic = u32le(source.buffer, source.pos)
  if (magic === 0x0a0d0d0a) yield* pcapng(source)
  else yield* pcap(source)
}

/** Whether a file begins as a pcap or pcapng file. */
export function isCapture(start: Uint8Array): boolean {
  return start.length >= 4 && (u32le(start, 0) === 0x0a0d0d0a || pcapOrder(start) !== undefined)
}

/** Byte order and time unit of a pcap file, from its magic number. */
function pcapOrder(start: Uint8Array): { isLittle: boolean; perMs: number } | undefined {
  for (const isLittle of [true, false]) {
    const magic = isLittle ? u32le(start, 0) : u32be(start, 0)
    if (magic === 0xa1b2c3d4) return { isLittle, perMs: 1e3 }
    if (magic === 0xa1b23c4d) return { isLittle, perMs: 1e6 }
  }
  return undefined
}

function* pcap(source: Source): Generator<Packet> {
  const head = source.take(24)
  const order = head === null ? undefined : pcapOrder(head)
  if (head === null || order === undefined) return
  const { isLittle, perMs } = order
  const at = isLittle ? u32le : u32be
  const linkType = at(head, 20) & 0x0fff_ffff
  for (let record; (record = source.take(16)) !== null;) {
    const time = at(record, 0) * 1000 + at(record, 4) / perMs
    const size = at(record, 8)
    const isCut = size < at(record, 12)
    if (size > MOST_PACKET) throw new FormatError('The capture is damaged: a packet of more than 256 MiB')
    const bytes = source.take(size)
    if (bytes === null) return
    yield { time, linkType, bytes, isCut }
  }
}

interface Interface {
  readonly linkType: number
  /** Milliseconds of one unit of its timestamps. */
  readonly unit: number
}

function* pcapng(source: Source): Generator<Packet> {
  let interfaces: Interface[] = []
  let [u32, u16] = [u32le, u16le]
  for (;;) {
    if (!source.has(12)) return
    const type = u32(source.buffer, source.pos)
    if (type === 0x0a0d0d0a) {
      // Each section has its own byte order.
      const isLittle = u32le(source.buffer, source.pos + 8) === 0x1a2b3c4d
      ;[u32, u16] = isLittle ? [u32le, u16le] : [u32be, u16be]
      interfaces = []
    }
    const length = u32(source.buffer, source.pos + 4)
    if (length < 12 || length % 4 !== 0 || length > MOST_PACKET)
      throw new FormatError('The capture is damaged: no block')
    const block = source.take(length)
    if (block === null) return
    if (type === 1 && length >= 20) interfaces.push({ linkType: u16(block, 8), unit: unitOf(block, u16) })
    else if (type === 6 && length >= 32) {
      const from = interfaces[u32(block, 8)]
      if (from === undefined) throw new FormatError('The capture is damaged: a packet of no interface')
      // Rounded to microseconds: a double is not more precise.
      const time = Math.round((u32(block, 12) * 2 ** 32 + u32(block, 16)) * from.unit * 1000) / 1000
      const size = u32(block, 20)
      const end = Math.min(28 + size, length - 4)
      const comment = commentOf(block, 28 + size, u16)
      yield {
        time,
        linkType: from.linkType,
        bytes: block.subarray(28, end),
        isCut: size < u32(block, 24),
        ...(comment !== undefined && { comment }),
      }
    } else if (type === 3 && length >= 16 && interfaces[0] !== undefined)
      // Simple packets have neither a time nor a captured length.
      yield {
        time: 0,
        linkType: interfaces[0].linkType,
        bytes: block.subarray(12, Math.min(12 + u32(block, 8), length - 4)),
        isCut: 12 + u32(block, 8) > length - 4,
      }
  }
}

/** Microseconds, unless option 9 of the interface says otherwise. */
function unitOf(block: Uint8Array, u16: Number16): number {
  const [exponent] = optionOf(block, 16, 9, u16) ?? []
  if (exponent === undefined) return 1e-3
  return 1000 * ((exponent & 0x80) === 0 ? 10 ** -exponent : 2 ** -(exponent & 0x7f))
}

function commentOf(block: Uint8Array, end: number, u16: Number16): string | undefined {
  const text = optionOf(block, end + (-end & 3), 1, u16)
  return text && new TextDecoder().decode(text)
}

type Number16 = (bytes: Uint8Array, place: number) => number

/** An option of a block, whose options begin at `from`. */
function optionOf(block: Uint8Array, from: number, wanted: number, u16: Number16): Uint8Array | undefined {
  const end = block.length - 4
  for (let at = from; at + 4 <= end;) {
    const code = u16(block, at)
    const length = u16(block, at + 2)
    if (code === 0) break
    if (code === wanted) return block.subarray(at + 4, Math.min(at + 4 + length, end))
    at += 4 + Math.ceil(length / 4) * 4
  }
  return undefined
}
