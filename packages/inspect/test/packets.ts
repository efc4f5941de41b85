/* Makes captures: the packets of TCP connections, on any link, in any file format. */

export interface Piece {
  readonly side: 'request' | 'response'
  readonly data: Buffer
  /** Where the data is in its direction. */
  readonly at: number
  readonly isSyn?: boolean
  readonly isFin?: boolean
}

export interface Wire {
  readonly linkType: number
  readonly isIpv6: boolean
  readonly clientPort: number
  /** The numbers of the first bytes. */
  readonly start: number
}

export const usualWire: Wire = { linkType: 1, isIpv6: false, clientPort: 50_000, start: 1000 }

const text = (value: string): Buffer => Buffer.from(value, 'latin1')

/** The segments of a connection that says these texts in turn, cut into pieces of `size`. */
export function conversation(
  turns: readonly (readonly [side: 'request' | 'response', text: string])[],
  size = 1460,
): Piece[] {
  const at = { request: 0, response: 0 }
  const pieces: Piece[] = [
    { side: 'request', data: text(''), at: -1, isSyn: true },
    { side: 'response', data: text(''), at: -1, isSyn: true },
  ]
  for (const [side, said] of turns) {
    const data = text(said)
    for (let from = 0; from < data.length; from += size) {
      const part = data.subarray(from, from + size)
      pieces.push({ side, data: part, at: at[side] })
      at[side] += part.length
    }
  }
  for (const side of ['request', 'response'] as const) pieces.push({ side, data: text(''), at: at[side], isFin: true })
  return pieces
}

/** The packets of these segments. Each acknowledges all that the other side has said before it. */
export function packets(pieces: readonly Piece[], wire: Partial<Wire> = {}): Buffer[] {
  const all = { ...usualWire, ...wire }
  const seen = { request: 0, response: 0 }
  return pieces.map((piece) => {
    const { side, at, data } = piece
    const other = side === 'request' ? 'response' : 'request'
    seen[side] = Math.max(seen[side], at + data.length)
    return framed(all, side, tcp(all, piece, seen[other]))
  })
}

function tcp(
  { clientPort, start }: Wire,
  { side, at, data, isSyn = false, isFin = false }: Piece,
  acknowledged: number,
): Buffer {
  const head = Buffer.alloc(32)
  head.writeUInt16BE(side === 'request' ? clientPort : 80, 0)
  head.writeUInt16BE(side === 'request' ? 80 : clientPort, 2)
  head.writeUInt32BE((start + at) >>> 0, 4)
  head.writeUInt32BE((start + acknowledged) >>> 0, 8)
  // with options of twelve bytes
  head[12] = 8 << 4
  head[13] = (isSyn ? 2 : 0) | (isFin ? 1 : 0) | (isSyn && side === 'request' ? 0 : 16)
  return Buffer.concat([head, data])
}

function framed({ linkType, isIpv6 }: Wire, side: Piece['side'], segment: Buffer): Buffer {
  const ip = isIpv6 ? Buffer.alloc(40) : Buffer.alloc(20)
  if (isIpv6) {
    ip[0] = 0x60
    ip.writeUInt16BE(segment.length, 4)
    ip[6] = 6
    ip[side === 'request' ? 23 : 39] = 1
    ip[side === 'request' ? 39 : 23] = 2
  } else {
    ip[0] = 0x45
    ip.writeUInt16BE(20 + segment.length, 2)
    ip[9] = 6
    ip.set(side === 'request' ? [10, 0, 0, 1, 10, 0, 0, 2] : [10, 0, 0, 2, 10, 0, 0, 1], 12)
  }
  const type = isIpv6 ? 0x86dd : 0x0800
  const link = Buffer.alloc({ 0: 4, 108: 4, 1: 14, 113: 16, 276: 20 }[linkType] ?? 0)
  if (linkType === 0) link.writeUInt32LE(isIpv6 ? 30 : 2, 0)
  if (linkType === 108) link.writeUInt32BE(isIpv6 ? 30 : 2, 0)
  if (linkType === 1) link.writeUInt16BE(type, 12)
  if (linkType === 113) link.writeUInt16BE(type, 14)
  if (linkType === 276) link.writeUInt16BE(type, 0)
  // a short frame of Ethernet is filled up
  const padding = Buffer.alloc(linkType === 1 ? Math.max(0, 60 - 14 - ip.length - segment.length) : 0)
  return Buffer.concat([link, ip, segment, padding])
}

/** The order of bytes in numbers, and whether times are in nanoseconds instead of microseconds. */
interface Format {
  readonly isBig?: boolean
  readonly isNano?: boolean
}

const START = Date.UTC(2026, 0, 1)

/** A pcap file; a packet each millisecond. */
export function pcap(
  list: readonly Buffer[],
  linkType: number = 1,
  { isBig = false, isNano = false }: Format = {},
): Buffer {
  const u32 = (buffer: Buffer, value: number, at: number): number =>
    isBig ? buffer.writeUInt32BE(value, at) : buffer.writeUInt32LE(value, at)
  const head = Buffer.alloc(24)
  u32(head, isNano ? 0xa1b23c4d : 0xa1b2c3d4, 0)
  u32(head, 262_144, 16)
  u32(head, linkType, 20)
  const records = list.map((packet, i) => {
    const record = Buffer.alloc(16)
    const ms = START + i
    u32(record, Math.floor(ms / 1000), 0)
    u32(record, (ms % 1000) * (isNano ? 1e6 : 1e3), 4)
    u32(record, packet.length, 8)
    u32(record, packet.length, 12)
    return Buffer.concat([record, packet])
  })
  return Buffer.concat([head, ...records])
}

/** A pcapng file; a packet each millisecond. */
export function pcapng(
  list: readonly Buffer[],
  linkType: number = 1,
  { isBig = false, isNano = false }: Format = {},
): Buffer {
  const u32 = (value: number): Buffer => {
    const buffer = Buffer.alloc(4)
    if (isBig) buffer.writeUInt32BE(value)
    else buffer.writeUInt32LE(value)
    return buffer
  }
  const u16 = (value: number): Buffer => {
    const buffer = Buffer.alloc(2)
    if (isBig) buffer.writeUInt16BE(value)
    else buffer.writeUInt16LE(value)
    return buffer
  }
  const block = (type: number, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts)
    const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)])
    const length = u32(padded.length + 12)
    return Buffer.concat([u32(type), length, padded, length])
  }
  const options = isNano ? [u16(9), u16(1), Buffer.from([9, 0, 0, 0]), u16(0), u16(0)] : []
  return Buffer.concat([
    block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff)),
    block(1, u16(linkType), u16(0), u32(262_144), ...options),
    // statistics, which nobody asked for
    block(5, u32(0), u32(0), u32(0)),
    ...list.map((packet, i) => {
      const time = BigInt(START + i) * (isNano ? 1_000_000n : 1000n)
      const halves = [u32(Number(time >> 32n)), u32(Number(time & 0xffffffffn))]
      return block(6, u32(0), ...halves, u32(packet.length), u32(packet.length), packet)
    }),
  ])
}
