// PROXY headers that we send.
import { isIPv4, isIPv6 } from 'node:net'
import type { Peer } from '@spillway/core'

/** Our end of the connection to the upstream server; it stands for the address that the client connected to. */
export interface LocalEnd {
  readonly address: string
  readonly port: number
}

const signature: Buffer = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])

/**
 * The PROXY header that says for whom a connection is made. A client without an address, or with one of another family than the
 * destination, is `UNKNOWN` (version 1) or `UNSPEC` (version 2). Version 2 also says whether the client's connection is
 * encrypted.
 */
export function proxyHeader(version: 1 | 2, peer: Peer, to: LocalEnd): Buffer {
  const both = (is: (address: string) => boolean): boolean => is(peer.address) && is(to.address)
  const family = both(isIPv4) ? 4 : both(isIPv6) ? 6 : 0
  return version === 1 ? headerV1(family, peer, to) : headerV2(family, peer, to)
}

function headerV1(family: 0 | 4 | 6, peer: Peer, to: LocalEnd): Buffer {
  const text =
    family === 0 ? 'UNKNOWN' : `TCP${family} ${peer.address} ${to.address} ${String(peer.port)} ${String(to.port)}`
  return Buffer.from(`PROXY ${text}\r\n`, 'latin1')
}

function headerV2(family: 0 | 4 | 6, peer: Peer, to: LocalEnd): Buffer {
  const addresses =
    family === 0
      ? Buffer.alloc(0)
      : Buffer.concat([addressBytes(peer.address), addressBytes(to.address), uint16(peer.port), uint16(to.port)])
  // PP2_TYPE_SSL: the client connected over TLS; no certificate was verified (verify ≠ 0), no further values.
  const extensions = peer.secure ? Buffer.from([0x20, 0, 5, 1, 0, 0, 0, 1]) : Buffer.alloc(0)
  const kind = family === 4 ? 0x11 : family === 6 ? 0x21 : 0x00
  const length = uint16(addresses.length + extensions.length)
  return Buffer.concat([signature, Buffer.from([0x21, kind]), length, addresses, extensions])
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  // The URL parser writes every IPv6 address in its single short form, entirely in hexadecimal.
  const text = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1)
  const [head = '', tail] = text.split('::')
  const front = groups(head)
  const back = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => 0)
  return Buffer.concat([...front, ...zeros, ...back].map(uint16))
}

function groups(part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => parseInt(group, 16))
}
