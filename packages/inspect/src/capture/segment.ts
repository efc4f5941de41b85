// The TCP segment in a packet.
import { decodeLatin1 } from '@spillway/parser'
import { u16be, u32be } from './numbers.ts'

/** A TCP segment. Its payload is overwritten by the next packet. */
export interface Segment {
  /** Address and port as raw bytes: to compare, not to show. */
  readonly from: string
  readonly to: string
  readonly fromPort: number
  readonly toPort: number
  readonly sequence: number
  readonly acknowledged: number
  readonly isSyn: boolean
  readonly isAck: boolean
  readonly isFin: boolean
  readonly isRst: boolean
  readonly payload: Uint8Array
}

const IPV4 = 0x0800
const IPV6 = 0x86dd

/** The TCP segment of a packet, or null for everything else: other protocols, fragments, packets truncated within a header. */
export function segmentOf(linkType: number, bytes: Uint8Array): Segment | null {
  const at = networkStart(linkType, bytes)
  if (at < 0 || at >= bytes.length) return null
  const version = bytes[at]! >> 4
  return version === 4 ? ipv4(bytes, at) : version === 6 ? ipv6(bytes, at) : null
}

/** Where the IP header starts, or -1. The numbers are those of https://www.tcpdump.org/linktypes.html. */
function networkStart(linkType: number, bytes: Uint8Array): number {
  // NULL and LOOP
  if (linkType === 0 || linkType === 108) return 4
  // Ethernet
  if (linkType === 1) return etherStart(bytes, 12)
  // RAW, IPV4, IPV6
  if (linkType === 101 || linkType === 12 || linkType === 14 || linkType === 228 || linkType === 229) return 0
  // Linux cooked, versions 1 and 2
  if (linkType === 113) return etherStart(bytes, 14)
  return linkType === 276 && bytes.length > 20 && isIp(u16be(bytes, 0)) ? 20 : -1
}

/** Where the IP header starts after the EtherType at `place` and any VLAN tags, or -1. */
function etherStart(bytes: Uint8Array, place: number): number {
  for (let at = place; at + 2 <= bytes.length; at += 4) {
    const type = u16be(bytes, at)
    if (isIp(type)) return at + 2
    if (type !== 0x8100 && type !== 0x88a8) return -1
  }
  return -1
}

function isIp(type: number): boolean {
  return type === IPV4 || type === IPV6
}

function ipv4(bytes: Uint8Array, at: number): Segment | null {
  if (bytes.length < at + 20 || bytes[at + 9] !== 6) return null
  // A fragment: more of them follow, or this is not the first.
  if ((u16be(bytes, at + 6) & 0x3fff) !== 0) return null
  const total = u16be(bytes, at + 2)
  // With segmentation offload by the network card, the length field may be 0.
  const end = total === 0 ? bytes.length : Math.min(at + total, bytes.length)
  return tcp(bytes, at + (bytes[at]! & 15) * 4, end, at + 12, 4)
}

function ipv6(bytes: Uint8Array, at: number): Segment | null {
  if (bytes.length < at + 40) return null
  const length = u16be(bytes, at + 4)
  const end = length === 0 ? bytes.length : Math.min(at + 40 + length, bytes.length)
  let next = bytes[at + 6]!
  let p = at + 40
  // hop-by-hop options, routing, destination options
  while ((next === 0 || next === 43 || next === 60) && p + 2 <= end) {
    next = bytes[p]!
    p += (bytes[p + 1]! + 1) * 8
  }
  if (next !== 6) return null
  return tcp(bytes, p, end, at + 8, 16)
}

/** @param addresses where the addresses are, one after the other, each of `size` bytes */
function tcp(bytes: Uint8Array, at: number, end: number, addresses: number, size: number): Segment | null {
  if (at + 20 > end) return null
  const flags = bytes[at + 13]!
  const fromPort = u16be(bytes, at)
  const toPort = u16be(bytes, at + 2)
  const start = at + (bytes[at + 12]! >> 4) * 4
  return {
    from: decodeLatin1(bytes, addresses, addresses + size) + String.fromCharCode(fromPort),
    to: decodeLatin1(bytes, addresses + size, addresses + size * 2) + String.fromCharCode(toPort),
    fromPort,
    toPort,
    sequence: u32be(bytes, at + 4),
    acknowledged: u32be(bytes, at + 8),
    isSyn: (flags & 2) !== 0,
    isAck: (flags & 16) !== 0,
    isFin: (flags & 1) !== 0,
    isRst: (flags & 4) !== 0,
    payload: bytes.subarray(Math.min(start, end), end),
  }
}
