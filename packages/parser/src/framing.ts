import { COMMA, isBlank, lowerWord, SEMICOLON, skipToken } from './bytes.ts'
import type { ParseErrorCode } from './errors.ts'
import { scanAuthority, VALID } from './target.ts'
import {
  CHUNKED,
  CLOSE,
  CODING_SEEN,
  EXPECT_CONTINUE,
  EXPECT_UNKNOWN,
  HAS_LENGTH,
  HOST_SEEN,
  KEEP_ALIVE,
  KNOWN_CODING,
  KNOWN_CONNECTION,
  KNOWN_EXPECT,
  KNOWN_HOST,
  KNOWN_LENGTH,
  KNOWN_NONE,
  KNOWN_UPGRADE,
  OTHER_CODING,
  UPGRADE_FIELD,
  UPGRADE_OPTION,
} from './states.ts'
import {
  HOST,
  EXPE,
  PECT,
  UPGR,
  RADE,
  CONN,
  ECTI,
  TION,
  CONT,
  ENT_DASH,
  LENG,
  NGTH,
  TRAN,
  SFER,
  DASH_ENC,
  ODIN,
  DING,
  CHUN,
  NKED,
  CLOS,
  LOSE,
  KEEP,
  DASH_ALI,
  LIVE,
  HUNDRED,
  INUE,
} from './words.ts'

/** How the end of a body is found. RFC 9112 §6.3. `UntilClose` is for responses only. */
export const BodyKind = { None: 0, Length: 1, Chunked: 2, UntilClose: 3 } as const
export type BodyKind = (typeof BodyKind)[keyof typeof BodyKind]

/** What the Expect field of a request asks for. RFC 9110 §10.1.1. */
export const Expectation = { None: 0, Continue: 1, Unknown: 2 } as const
export type Expectation = (typeof Expectation)[keyof typeof Expectation]

/** Which of the known fields the name `from`..`to` is, if any. The words are the quarters of the names. */
export function knownField(buf: Uint8Array, from: number, to: number): number {
  switch (to - from) {
    case 4:
      return lowerWord(buf, from) === HOST ? KNOWN_HOST : KNOWN_NONE
    case 6:
      return lowerWord(buf, from) === EXPE && lowerWord(buf, from + 2) === PECT ? KNOWN_EXPECT : KNOWN_NONE
    case 7:
      return isUpgrade(buf, from) ? KNOWN_UPGRADE : KNOWN_NONE
    case 10:
      return lowerWord(buf, from) === CONN && lowerWord(buf, from + 4) === ECTI && lowerWord(buf, from + 6) === TION
        ? KNOWN_CONNECTION
        : KNOWN_NONE
    case 14:
      return lowerWord(buf, from) === CONT &&
        lowerWord(buf, from + 4) === ENT_DASH &&
        lowerWord(buf, from + 8) === LENG &&
        lowerWord(buf, from + 10) === NGTH
        ? KNOWN_LENGTH
        : KNOWN_NONE
    case 17:
      return lowerWord(buf, from) === TRAN &&
        lowerWord(buf, from + 4) === SFER &&
        lowerWord(buf, from + 8) === DASH_ENC &&
        lowerWord(buf, from + 12) === ODIN &&
        lowerWord(buf, from + 13) === DING
        ? KNOWN_CODING
        : KNOWN_NONE
    default:
      return KNOWN_NONE
  }
}

function isUpgrade(buf: Uint8Array, from: number): boolean {
  return lowerWord(buf, from) === UPGR && lowerWord(buf, from + 3) === RADE
}

function isKeepAlive(buf: Uint8Array, from: number): boolean {
  return lowerWord(buf, from) === KEEP && lowerWord(buf, from + 4) === DASH_ALI && lowerWord(buf, from + 6) === LIVE
}

function isClose(buf: Uint8Array, from: number): boolean {
  return lowerWord(buf, from) === CLOS && lowerWord(buf, from + 1) === LOSE
}

function isContinue(buf: Uint8Array, from: number): boolean {
  return lowerWord(buf, from) === HUNDRED && lowerWord(buf, from + 4) === CONT && lowerWord(buf, from + 8) === INUE
}

function isChunked(buf: Uint8Array, from: number, to: number): boolean {
  return to - from === 7 && lowerWord(buf, from) === CHUN && lowerWord(buf, from + 3) === NKED
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
  contentLength: number = 0
  /**
   * The place of the byte that made {@link apply} or {@link finish} return an error, from the start of the message.
   */
  errorOffset: number = 0
  private flags: number = 0
  /** Where Transfer-Encoding goes wrong if it does: its first coding other than chunked, or its value. */
  private codingOffset: number = 0

  private readonly request: boolean

  /** @param request whether Host and Expect matter */
  constructor(request: boolean) {
    this.request = request
  }

  reset(): void {
    this.flags = 0
    this.contentLength = 0
  }

  get hasLength(): boolean {
    return (this.flags & HAS_LENGTH) !== 0
  }

  get chunked(): boolean {
    return (this.flags & CHUNKED) !== 0
  }

  /** RFC 9112 §9.3. */
  get persistent(): boolean {
    return (this.flags & CLOSE) === 0 && (this.minorVersion === 1 || (this.flags & KEEP_ALIVE) !== 0)
  }

  /** RFC 9110 §7.8: Upgrade is ignored in HTTP/1.0, and when Connection does not name it. */
  get upgrade(): boolean {
    return (this.flags & UPGRADE_OPTION) !== 0 && (this.flags & UPGRADE_FIELD) !== 0 && this.minorVersion === 1
  }

  /** RFC 9110 §10.1.1: 100-continue of an HTTP/1.0 client is ignored, it would not understand the answer. */
  get expectation(): Expectation {
    if (this.minorVersion === 0) return Expectation.None
    if ((this.flags & EXPECT_UNKNOWN) !== 0) return Expectation.Unknown
    return (this.flags & EXPECT_CONTINUE) !== 0 ? Expectation.Continue : Expectation.None
  }

  /** Takes the trimmed value `from`..`to` of the known field `known` in a message that starts at `base`. */
  apply(known: number, buf: Uint8Array, base: number, from: number, to: number): ParseErrorCode | undefined {
    if (known === KNOWN_HOST) return this.request ? this.host(buf, base, from, to) : undefined
    if (known === KNOWN_CONNECTION) return this.connection(buf, from, to)
    if (known === KNOWN_LENGTH) return this.length(buf, base, from, to)
    if (known === KNOWN_CODING) return this.coding(buf, base, from, to)
    if (known === KNOWN_EXPECT) return this.expect(buf, from, to)
    for (let p = from; p < to; p++) if (buf[p] !== COMMA && !isBlank(buf[p]!)) this.flags |= UPGRADE_FIELD
    return undefined
  }

  /**
   * What is wrong now that every field is known. Chunked may still be missing from Transfer-Encoding, or something else be
   * in it (RFC 9112 §6.3); and HTTP/1.1 asks for Host (§3.2), whose absence has no place: `errorOffset` is -1 then.
   */
  finish(): ParseErrorCode | undefined {
    if ((this.flags & CODING_SEEN) !== 0) {
      if ((this.flags & CHUNKED) === 0) return this.fail('CODING_INVALID', this.codingOffset)
      if ((this.flags & OTHER_CODING) !== 0) return this.fail('CODING_UNSUPPORTED', this.codingOffset)
    }
    if ((this.flags & HOST_SEEN) !== 0 || this.minorVersion === 0 || !this.request) return undefined
    return this.fail('HOST_MISSING', -1)
  }

  private host(buf: Uint8Array, base: number, from: number, to: number): ParseErrorCode | undefined {
    if ((this.flags & HOST_SEEN) !== 0) return this.fail('HOST_REPEATED', from - base)
    this.flags |= HOST_SEEN
    // an empty Host is what a client sends for a target URI without an authority
    if (from === to) return undefined
    const bad = scanAuthority(buf, from, to)
    return bad === VALID ? undefined : this.fail('HOST_INVALID', bad - base)
  }

  private length(buf: Uint8Array, base: number, from: number, to: number): ParseErrorCode | undefined {
    if ((this.flags & HAS_LENGTH) !== 0) return this.fail('LENGTH_CONFLICT', from - base)
    if ((this.flags & CODING_SEEN) !== 0) return this.fail('CODING_WITH_LENGTH', from - base)
    if (from === to) return this.fail('LENGTH_INVALID', from - base)
    let value = 0
    for (let p = from; p < to; p++) {
      const digit = buf[p]! - 0x30
      if (digit < 0 || digit > 9 || p - from === MAX_LENGTH_DIGITS) return this.fail('LENGTH_INVALID', p - base)
      value = value * 10 + digit
      if (value > Number.MAX_SAFE_INTEGER) return this.fail('LENGTH_TOO_LARGE', p - base)
    }
    this.flags |= HAS_LENGTH
    this.contentLength = value
    return undefined
  }

  private coding(buf: Uint8Array, base: number, from: number, to: number): ParseErrorCode | undefined {
    if (this.minorVersion === 0) return this.fail('CODING_IN_HTTP10', from - base)
    if ((this.flags & HAS_LENGTH) !== 0) return this.fail('CODING_WITH_LENGTH', from - base)
    if ((this.flags & CODING_SEEN) === 0) this.codingOffset = from - base
    this.flags |= CODING_SEEN
    for (let p = from; p < to; p++) {
      const c = buf[p]!
      if (c === COMMA || isBlank(c)) continue
      const name = p
      p = skipToken(buf, p, to)
      // nothing may follow chunked, chunked itself included
      if (p === name || (this.flags & CHUNKED) !== 0) return this.fail('CODING_INVALID', name - base)
      if (isChunked(buf, name, p)) this.flags |= CHUNKED
      else if ((this.flags & OTHER_CODING) === 0) {
        this.flags |= OTHER_CODING
        this.codingOffset = name - base
      }
      p = trimStart(buf, p, to)
      if (p === to || buf[p] === COMMA) continue
      // a parameter list is skipped: its coding is refused in any case. Chunked has no parameters (RFC 9112 §7.1)
      if (buf[p] !== SEMICOLON || (this.flags & CHUNKED) !== 0) return this.fail('CODING_INVALID', p - base)
      while (p < to && buf[p] !== COMMA) p++
    }
    return undefined
  }

  private connection(buf: Uint8Array, from: number, to: number): undefined {
    for (let p = from; p < to; p++) {
      const option = trimStart(buf, p, to)
      p = option
      while (p < to && buf[p] !== COMMA) p++
      const length = trimEnd(buf, option, p) - option
      if (length === 5 && isClose(buf, option)) this.flags |= CLOSE
      else if (length === 10 && isKeepAlive(buf, option)) this.flags |= KEEP_ALIVE
      else if (length === 7 && isUpgrade(buf, option)) this.flags |= UPGRADE_OPTION
    }
  }

  private expect(buf: Uint8Array, from: number, to: number): undefined {
    for (let p = from; p < to; p++) {
      const member = trimStart(buf, p, to)
      p = member
      while (p < to && buf[p] !== COMMA) p++
      const length = trimEnd(buf, member, p) - member
      if (length > 0) this.flags |= length === 12 && isContinue(buf, member) ? EXPECT_CONTINUE : EXPECT_UNKNOWN
    }
  }

  private fail(error: ParseErrorCode, offset: number): ParseErrorCode {
    this.errorOffset = offset
    return error
  }
}

/** The first byte of `from`..`to` that is neither SP nor HTAB, or `to`. */
function trimStart(buf: Uint8Array, from: number, to: number): number {
  let p = from
  while (p < to && isBlank(buf[p]!)) p++
  return p
}

/** The place behind the last byte of `from`..`to` that is neither SP nor HTAB, or `from`. */
function trimEnd(buf: Uint8Array, from: number, to: number): number {
  let p = to
  while (p > from && isBlank(buf[p - 1]!)) p--
  return p
}
