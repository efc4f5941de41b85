// PROXY headers, in text and in binary form.
import { isIPv4, isIPv6 } from 'node:net'
import { normalAddress } from '../transport/addresses.ts'

/** What a PROXY header says. */
export interface ProxyHeader {
  /** Bytes of the header. */
  readonly length: number
  /** The client for whom the proxy speaks; null when it speaks for itself (a health check) or does not know. */
  readonly source: { readonly address: string; readonly port: number } | null
  /** Whether that client's connection to the proxy is encrypted. */
  readonly secure: boolean
}

/** Longest header of version 1, with its CR LF. */
const v1Bytes = 107
/** Most bytes after the fixed part of version 2. Proxies send some 100 with all their extensions enabled. */
const v2Bytes = 4096
const v2Fixed = 16

const v1Prefix = Uint8Array.from(Buffer.from('PROXY '))
const v2Signature = Uint8Array.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])

/** Family and protocol of version 2, and the length of their addresses. Datagrams are not supported. */
const addressBytes: Readonly<Record<number, number>> = { 0x00: 0, 0x11: 12, 0x21: 36, 0x31: 216 }

/**
 * Parses a PROXY header, version 1 or 2, from the first bytes of a connection. `more`: call again with these bytes and
 * those that follow. The same bytes give the same result however they were cut into pieces.
 */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader | 'more' | 'malformed' {
  if (startsLike(bytes, v1Prefix)) return parseV1(bytes)
  if (startsLike(bytes, v2Signature)) return parseV2(bytes)
  return 'malformed'
}

function startsLike(bytes: Uint8Array, prefix: Uint8Array): boolean {
  for (let i = 0; i < Math.min(bytes.length, prefix.length); i++) if (bytes[i] !== prefix[i]) return false
  return true
}

const v1Line = /^PROXY (?:UNKNOWN(?: .*)?|TCP([46]) ([\d.:A-Fa-f]+) ([\d.:A-Fa-f]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4}))$/

function parseV1(bytes: Uint8Array): ProxyHeader | 'more' | 'malformed' {
  const end = bytes.subarray(0, v1Bytes).indexOf(0x0a)
  if (end < 0) return bytes.length < v1Bytes ? 'more' : 'malformed'
  // A CR before this would have to end the line; `.` matches neither CR nor LF.
  if (bytes[end - 1] !== 0x0d) return 'malformed'
  const parts = v1Line.exec(Buffer.from(bytes.buffer, bytes.byteOffset, end - 1).toString('latin1'))
  if (!parts) return 'malformed'
  const length = end + 1
  const [, family, from, to, fromPort, toPort] = parts
  if (family === undefined) return { length, source: null, secure: false }
  const isRight = family === '4' ? isIPv4 : isIPv6
  if (!isRight(from!) || !isRight(to!) || Number(fromPort) > 65_535 || Number(toPort) > 65_535) return 'malformed'
  return { length, source: { address: normalAddress(from!)!, port: Number(fromPort) }, secure: false }
}

function parseV2(bytes: Uint8Array): ProxyHeader | 'more' | 'malformed' {
  if (bytes.length > 12 && bytes[12] !== 0x20 && bytes[12] !== 0x21) return 'malformed'
  if (bytes.length < v2Fixed) return 'more'
  const isLocal = bytes[12] === 0x20
  const rest = (bytes[14]! << 8) | bytes[15]!
  const addresses = addressBytes[bytes[13]!]
  if (rest > v2Bytes) return 'malformed'
  // The proxy speaks for itself: whatever it says about addresses must be skipped.
  if (!isLocal && (addresses === undefined || rest < addresses)) return 'malformed'
  const length = v2Fixed + rest
  if (bytes.length < length) return 'more'
  if (isLocal || addresses === 0) return { length, source: null, secure: false }
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, length)
  const extensions = parseExtensions(header, v2Fixed + addresses!)
  if (!extensions) return 'malformed'
  return { length, source: sourceOf(header), secure: extensions.secure }
}

function sourceOf(header: Buffer): ProxyHeader['source'] {
  switch (header[13]! >> 4) {
    case 1:
      return { address: header.subarray(16, 20).join('.'), port: header.readUInt16BE(24) }
    case 2: {
      const groups = Array.from({ length: 8 }, (_, i) => header.readUInt16BE(16 + 2 * i).toString(16))
      return { address: normalAddress(groups.join(':'))!, port: header.readUInt16BE(48) }
    }
    default:
      // A unix socket has no address that would mean anything here.
      return { address: '', port: 0 }
  }
}

const typeChecksum = 0x03
const typeSsl = 0x20

/** Type, length and value, repeated up to the end. */
function parseExtensions(header: Buffer, from: number): { secure: boolean } | undefined {
  let secure = false
  for (let p = from; p < header.length;) {
    const end = valueEnd(header, p, header.length)
    if (end < 0) return undefined
    const value = p + 3
    if (header[p] === typeChecksum && !(end === value + 4 && isChecksum(header, value))) return undefined
    if (header[p] === typeSsl) {
      // What the client used (a bit field), whether its certificate was verified (four bytes), and further values.
      if (end - value < 5) return undefined
      for (let q = value + 5; q < end;) if ((q = valueEnd(header, q, end)) < 0) return undefined
      secure = (header[value]! & 1) !== 0
    }
    p = end
  }
  return { secure }
}

/** The end of the value that begins at `at`, or -1 when it does not fit. */
function valueEnd(header: Buffer, at: number, limit: number): number {
  if (at + 3 > limit) return -1
  const end = at + 3 + header.readUInt16BE(at + 1)
  return end > limit ? -1 : end
}

/** Whether the CRC-32C at `at` is that of the header with zeros in its place (RFC 9260 Appendix A defines the polynomial). */
function isChecksum(header: Buffer, at: number): boolean {
  let crc = 0xffffffff
  for (let i = 0; i < header.length; i++) {
    crc ^= i >= at && i < at + 4 ? 0 : header[i]!
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return ~crc >>> 0 === header.readUInt32BE(at)
}
