import { classes, COMMA, equalsIgnoreCase, isBlank, TCHAR } from './bytes.ts'
import type { ParseErrorCode } from './errors.ts'
import { scanAuthority, VALID } from './target.ts'

/** How the end of a body is found. RFC 9112 §6.3. `UntilClose` is for responses only. */
export const BodyKind = { None: 0, Length: 1, Chunked: 2, UntilClose: 3 } as const
export type BodyKind = (typeof BodyKind)[keyof typeof BodyKind]

/** What the Expect field of a request asks for. RFC 9110 §10.1.1. */
export const Expectation = { None: 0, Continue: 1, Unknown: 2 } as const
export type Expectation = (typeof Expectation)[keyof typeof Expectation]

/** The fields that decide about framing, persistence and routing; everything else is opaque to the parser. */
export const KNOWN_NONE = 0
export const KNOWN_HOST = 1
export const KNOWN_LENGTH = 2
export const KNOWN_CODING = 3
export const KNOWN_CONNECTION = 4
export const KNOWN_UPGRADE = 5
export const KNOWN_EXPECT = 6

/** Which of the known fields the name `from`..`to` is, if any. */
export function knownField(buf: Uint8Array, from: number, to: number): number {
  switch (to - from) {
    case 4:
      return (buf[from]! | 0x20) === 0x68 && equalsIgnoreCase(buf, from, to, 'host') ? KNOWN_HOST : KNOWN_NONE
    case 6:
      return (buf[from + 1]! | 0x20) === 0x78 && equalsIgnoreCase(buf, from, to, 'expect') ? KNOWN_EXPECT : KNOWN_NONE
    case 7:
      return (buf[from]! | 0x20) === 0x75 && equalsIgnoreCase(buf, from, to, 'upgrade') ? KNOWN_UPGRADE : KNOWN_NONE
    case 10:
      return (buf[from]! | 0x20) === 0x63 && equalsIgnoreCase(buf, from, to, 'connection')
        ? KNOWN_CONNECTION
        : KNOWN_NONE
    case 14:
      return (buf[from]! | 0x20) === 0x63 && equalsIgnoreCase(buf, from, to, 'content-length')
        ? KNOWN_LENGTH
        : KNOWN_NONE
    case 17:
      return (buf[from]! | 0x20) === 0x74 && equalsIgnoreCase(buf, from, to, 'transfer-encoding')
        ? KNOWN_CODING
        : KNOWN_NONE
    default:
      return KNOWN_NONE
  }
}

/** More digits than this are refused even when they are zeros: 2^53 - 1 has 16. */
const MAX_LENGTH_DIGITS = 20

/**
 * The facts that the known fields of one head give, taken field by field so that a contradiction is found at the line
 * that makes it. RFC 9112 §6.3 and §9.3. Ambiguity is an error, never a guess: a second reading of the same bytes by
 * the next hop is request smuggling.
 */
export class FramingFacts {
  minorVersion: 0 | 1 = 1
  hostSeen: boolean = false
  hasLength: boolean = false
  contentLength: number = 0
  codingSeen: boolean = false
  chunked: boolean = false
  otherCoding: boolean = false
  /** Where Transfer-Encoding goes wrong if it does: its first coding other than chunked, or its value. From the start of the message. */
  codingOffset: number = -1
  close: boolean = false
  keepAlive: boolean = false
  upgradeOption: boolean = false
  upgradeField: boolean = false
  expectation: Expectation = Expectation.None
  /** The place in the buffer of the byte that made {@link apply} return an error. */
  errorAt: number = 0

  reset(): void {
    this.hostSeen = false
    this.hasLength = false
    this.contentLength = 0
    this.codingSeen = false
    this.chunked = false
    this.otherCoding = false
    this.codingOffset = -1
    this.close = false
    this.keepAlive = false
    this.upgradeOption = false
    this.upgradeField = false
    this.expectation = Expectation.None
  }

  /** Takes the trimmed value `from`..`to` of the known field `known` in a message that starts at `base`. */
  apply(known: number, buf: Uint8Array, base: number, from: number, to: number): ParseErrorCode | undefined {
    this.errorAt = from
    switch (known) {
      case KNOWN_HOST:
        return this.host(buf, from, to)
      case KNOWN_LENGTH:
        return this.length(buf, from, to)
      case KNOWN_CODING:
        return this.coding(buf, base, from, to)
      case KNOWN_CONNECTION:
        this.connection(buf, from, to)
        return undefined
      case KNOWN_EXPECT:
        this.expect(buf, from, to)
        return undefined
      default:
        for (let p = from; p < to; p++) if (buf[p] !== COMMA && !isBlank(buf[p]!)) this.upgradeField = true
        return undefined
    }
  }

  /** RFC 9112 §6.3: what stands in the way of chunked once every field is known. */
  finishCoding(): ParseErrorCode | undefined {
    if (!this.codingSeen) return undefined
    if (!this.chunked) return 'CODING_INVALID'
    return this.otherCoding ? 'CODING_UNSUPPORTED' : undefined
  }

  /** RFC 9112 §9.3. */
  get persistent(): boolean {
    return !this.close && (this.minorVersion === 1 || this.keepAlive)
  }

  private host(buf: Uint8Array, from: number, to: number): ParseErrorCode | undefined {
    if (this.hostSeen) return 'HOST_REPEATED'
    this.hostSeen = true
    // an empty Host is what a client sends for a target URI without an authority
    if (from === to) return undefined
    const bad = scanAuthority(buf, from, to)
    if (bad === VALID) return undefined
    this.errorAt = bad
    return 'HOST_INVALID'
  }

  private length(buf: Uint8Array, from: number, to: number): ParseErrorCode | undefined {
    if (this.hasLength) return 'LENGTH_CONFLICT'
    if (this.codingSeen) return 'CODING_WITH_LENGTH'
    if (from === to) return 'LENGTH_INVALID'
    let value = 0
    for (let p = from; p < to; p++) {
      const digit = buf[p]! - 0x30
      if (digit < 0 || digit > 9 || p - from === MAX_LENGTH_DIGITS) {
        this.errorAt = p
        return 'LENGTH_INVALID'
      }
      value = value * 10 + digit
      if (value > Number.MAX_SAFE_INTEGER) {
        this.errorAt = p
        return 'LENGTH_TOO_LARGE'
      }
    }
    this.hasLength = true
    this.contentLength = value
    return undefined
  }

  private coding(buf: Uint8Array, base: number, from: number, to: number): ParseErrorCode | undefined {
    if (this.minorVersion === 0) return 'CODING_IN_HTTP10'
    if (this.hasLength) return 'CODING_WITH_LENGTH'
    this.codingSeen = true
    if (this.codingOffset < 0) this.codingOffset = from - base
    for (let p = from; p < to; p++) {
      const c = buf[p]!
      if (c === COMMA || isBlank(c)) continue
      const name = p
      while (p < to && (classes[buf[p]!]! & TCHAR) !== 0) p++
      const nameEnd = p
      this.errorAt = name
      // nothing may follow chunked, chunked itself included
      if (this.chunked || nameEnd === name) return 'CODING_INVALID'
      this.chunked = equalsIgnoreCase(buf, name, nameEnd, 'chunked')
      if (!this.chunked && !this.otherCoding) {
        this.otherCoding = true
        this.codingOffset = name - base
      }
      while (p < to && isBlank(buf[p]!)) p++
      if (p === to || buf[p] === COMMA) continue
      this.errorAt = p
      // a parameter list is skipped: its coding is refused in any case. Chunked has no parameters (RFC 9112 §7.1)
      if (this.chunked || buf[p] !== 0x3b) return 'CODING_INVALID'
      while (p < to && buf[p] !== COMMA) p++
    }
    return undefined
  }

  private connection(buf: Uint8Array, from: number, to: number): void {
    let p = from
    while (p < to) {
      const option = p
      while (p < to && buf[p] !== COMMA) p++
      const optionEnd = trimEnd(buf, option, p)
      const first = trimStart(buf, option, optionEnd)
      switch (optionEnd - first) {
        case 5:
          if (equalsIgnoreCase(buf, first, optionEnd, 'close')) this.close = true
          break
        case 7:
          if (equalsIgnoreCase(buf, first, optionEnd, 'upgrade')) this.upgradeOption = true
          break
        case 10:
          if (equalsIgnoreCase(buf, first, optionEnd, 'keep-alive')) this.keepAlive = true
          break
      }
      p++
    }
  }

  private expect(buf: Uint8Array, from: number, to: number): void {
    // RFC 9110 §10.1.1: a server ignores 100-continue of an HTTP/1.0 client, which would not understand the answer
    if (this.minorVersion === 0) return
    let p = from
    while (p < to) {
      const member = p
      while (p < to && buf[p] !== COMMA) p++
      const memberEnd = trimEnd(buf, member, p)
      const first = trimStart(buf, member, memberEnd)
      p++
      if (first === memberEnd) continue
      if (!equalsIgnoreCase(buf, first, memberEnd, '100-continue')) this.expectation = Expectation.Unknown
      else if (this.expectation === Expectation.None) this.expectation = Expectation.Continue
    }
  }
}

/** The first byte of `from`..`to` that is neither SP nor HTAB, or `to`. */
export function trimStart(buf: Uint8Array, from: number, to: number): number {
  let p = from
  while (p < to && isBlank(buf[p]!)) p++
  return p
}

/** The place behind the last byte of `from`..`to` that is neither SP nor HTAB, or `from`. */
export function trimEnd(buf: Uint8Array, from: number, to: number): number {
  let p = to
  while (p > from && isBlank(buf[p - 1]!)) p--
  return p
}
