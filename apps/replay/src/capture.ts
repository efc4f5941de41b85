// Reads captures: pcap and pcapng.
import { FormatError } from './failure.ts'
import type { Source } from './source.ts'

/** One packet of a capture. Its bytes are overwritten by the next. */
export interface Packet {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly linkType: number
  readonly bytes: Buffer
}

/** More than any capture has in a packet. */
const MOST_PACKET = 1 << 28

// decision 053
/** The packets of a pcap or pcapng file. A file that is cut ends with its last whole packet. */
export function* packetsOf(source: Source): Generator<Packet> {
  if (!source.has(4)) return
  const magic = source.buffer.readUInt32LE(source.pos)
  if (magic === 0x0a0d0d0a) yield* pcapng(source)
  else yield* pcap(source)
}

/** Whether a file starts as one of them. */
export function isCapture(start: Buffer): boolean {
  return start.length >= 4 && (start.readUInt32LE(0) === 0x0a0d0d0a || pcapOrder(start) !== undefined)
}

/** Byte order and units of time of a pcap file, by its magic number. */
function pcapOrder(start: Buffer): { isLittle: boolean; perMs: number } | undefined {
  for (const isLittle of [true, false]) {
    const magic = isLittle ? start.readUInt32LE(0) : start.readUInt32BE(0)
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
  const at = (bytes: Buffer, place: number): number =>
    isLittle ? bytes.readUInt32LE(place) : bytes.readUInt32BE(place)
  const linkType = at(head, 20) & 0x0fff_ffff
  for (let record; (record = source.take(16)) !== null;) {
    const time = at(record, 0) * 1000 + at(record, 4) / perMs
    const size = at(record, 8)
    if (size > MOST_PACKET) throw new FormatError('The capture is damaged: a packet of more than 256 MiB')
    const bytes = source.take(size)
    if (bytes === null) return
    yield { time, linkType, bytes }
  }
}

interface Interface {
  readonly linkType: number
  /** Milliseconds of one unit of its timestamps. */
  readonly unit: number
}

function* pcapng(source: Source): Generator<Packet> {
  let isLittle = true
  let interfaces: Interface[] = []
  const u32 = (bytes: Buffer, place: number): number =>
    isLittle ? bytes.readUInt32LE(place) : bytes.readUInt32BE(place)
  const u16 = (bytes: Buffer, place: number): number =>
    isLittle ? bytes.readUInt16LE(place) : bytes.readUInt16BE(place)
  for (;;) {
    if (!source.has(12)) return
    const type = u32(source.buffer, source.pos)
    if (type === 0x0a0d0d0a) {
      // a section has its own order of bytes
      isLittle = source.buffer.readUInt32LE(source.pos + 8) === 0x1a2b3c4d
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
      // to the microsecond: a double has no room for more
      const time = Math.round((u32(block, 12) * 2 ** 32 + u32(block, 16)) * from.unit * 1000) / 1000
      yield { time, linkType: from.linkType, bytes: block.subarray(28, Math.min(28 + u32(block, 20), length - 4)) }
    } else if (type === 3 && length >= 16 && interfaces[0] !== undefined)
      // simple packets have no time, and no length of what was kept
      yield {
        time: 0,
        linkType: interfaces[0].linkType,
        bytes: block.subarray(12, Math.min(12 + u32(block, 8), length - 4)),
      }
  }
}

/** Microseconds, unless option 9 of the interface says otherwise. */
function unitOf(block: Buffer, u16: (bytes: Buffer, place: number) => number): number {
  for (let at = 16; at + 4 <= block.length - 4;) {
    const code = u16(block, at)
    const length = u16(block, at + 2)
    if (code === 0) break
    if (code === 9) {
      const exponent = block[at + 4]!
      return 1000 * ((exponent & 0x80) === 0 ? 10 ** -exponent : 2 ** -(exponent & 0x7f))
    }
    at += 4 + Math.ceil(length / 4) * 4
  }
  return 1e-3
}
