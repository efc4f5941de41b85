// The head of a request: request line, fields, and what follows from them.
import {
  BACKSLASH,
  CR,
  is,
  decodeLatin1,
  four,
  LF,
  QUESTION,
  skip,
  SLASH,
  smaller,
  SP,
  TARGET,
  TCHAR,
} from './bytes.ts'
import type { DecodeLatin1 } from './bytes.ts'
import {
  INVALID_LINE_END,
  INVALID_METHOD,
  INVALID_TARGET,
  INVALID_VERSION,
  METHOD_TOO_LONG,
  TARGET_TOO_LONG,
  TOO_MANY_EMPTY_LINES,
} from './codes.ts'
import type { BodyKind } from './framing.ts'
import type { HeadLimits } from './limits.ts'
import { MessageHead, parseHead, type ParsedHead } from './message-head.ts'
import { HeadSnapshot } from './snapshot.ts'
import { CHUNKED, EXPECT_CONTINUE, EXPECT_UNKNOWN, UPGRADE_FIELD, UPGRADE_OPTION } from './facts.ts'
import { ABSOLUTE, ASTERISK, AUTHORITY, CHUNKS, GET_, LENGTH, NONE, ORIGIN, VALID } from './numbers.ts'
import { EMPTY, LINE_CR, METHOD, TARGET_BYTES, VERSION } from './states.ts'
import { scanAbsolute, scanAuthority, type TargetForm } from './target.ts'

/*
 * The request line (RFC 9112 §3), then the field section (field-section.ts).
 *
 *   IDLE ──► EMPTY ──tchar──► METHOD ──SP──► TARGET ──SP──► VERSION ──8 bytes──► LINE_CR ──CR──► START_LF ──► … ──► IDLE
 *            │   ▲
 *            └─┬─┘
 *            CR LF                        any error ──► IDLE
 *
 * Between two calls only the state, the position and the offsets of the tokens are kept, counted from the start of the
 * message: reading resumes where it stopped, and the bytes may come again in another buffer.
 */

/** Shared strings for the methods in common use, so that a head with one of them allocates no method string. */
const methods: readonly string[] =
  /* @__PURE__ */ 'GET PUT HEAD POST PATCH TRACE DELETE CONNECT OPTIONS PROPFIND QUERY'.split(' ')

/** What the Expect field of a request asks for. RFC 9110 §10.1.1. */
export const Expectation = { None: 0, Continue: 1, Unknown: 2 } as const
export type Expectation = (typeof Expectation)[keyof typeof Expectation]

/**
 * Reads request heads, one after the other, from bytes that may come in any pieces. It allocates nothing, whether a head
 * is accepted or refused; the results are in its properties until the next head starts. RFC 9112 §2 to §6.
 */
export class RequestHead extends MessageHead {
  /** Empty until it has arrived. It starts at `headStart`. */
  method: string = ''
  methodEnd: number = 0
  targetForm: TargetForm = 0
  targetStart: number = 0
  targetEnd: number = 0
  /** How the body is delimited: None, Length or Chunked; this and the following are known when the head is complete. RFC 9112 §6.3. */
  bodyKind: BodyKind = NONE
  /** Whether an HTTP/1.1 client offers another protocol: Upgrade is not empty and named in Connection. RFC 9110 §7.8. */
  upgrade: boolean = false
  /** What Expect asks for; always None in HTTP/1.0, whose clients would not understand the answer. RFC 9110 §10.1.1. */
  expectation: Expectation = 0

  protected override readonly _isRequest: boolean = true

  /**
   * Copies the head that {@link parse} has just read, as one string.
   *
   * @param buf the buffer passed to that call, and `start` its second argument
   * @param decode turns bytes into a string; a native function is faster where there is one
   */
  snapshot(buf: Uint8Array, start: number, decode: DecodeLatin1 = decodeLatin1): HeadSnapshot {
    return new HeadSnapshot(this, decode(buf, start + this.headStart, start + this.headEnd))
  }

  protected override _finish(buf: Uint8Array): number {
    const result = super._finish(buf)
    if (result < 0) return result
    const isHttp11 = this.minorVersion === 1
    this.bodyKind = this._has(CHUNKED) ? CHUNKS : this.contentLength > 0 ? LENGTH : NONE
    this.upgrade = isHttp11 && this._has(UPGRADE_OPTION) && this._has(UPGRADE_FIELD)
    this.expectation = !isHttp11 ? 0 : this._has(EXPECT_UNKNOWN) ? 2 : this._has(EXPECT_CONTINUE) ? 1 : 0
    if (this.method === '') this._ownMethod(buf)
    return result
  }

  protected override _forget(): void {
    super._forget()
    this.method = ''
    this.methodEnd = this.targetStart = this.targetEnd = 0
    this.targetForm = ORIGIN
    this.bodyKind = NONE
    this.upgrade = false
    this.expectation = 0
  }

  private _ownMethod(buf: Uint8Array): void {
    this.method = decodeLatin1(buf, this._base + this.headStart, this._base + this.methodEnd)
  }

  protected override _startLine(buf: Uint8Array, end: number): number {
    const base = this._base
    let p = base + this._at
    for (; this._state === EMPTY; p++) {
      if (p === end) return this._wait(p)
      const c = buf[p]!
      // empty lines (RFC 9112 §2.2) have two bytes each, so at an odd offset a line feed is expected
      const odd = (p - base) % 2 === 1
      if (!odd && is(c, TCHAR)) {
        this.headStart = p - base
        this._state = METHOD
        break
      }
      if (c !== (odd ? LF : CR)) return this._fail(odd || c === LF ? INVALID_LINE_END : INVALID_METHOD, p)
      if (p - base === this._limits.emptyLines * 2) return this._fail(TOO_MANY_EMPTY_LINES, p)
    }
    const first = base + this.headStart
    const last = this._lastByte(end)
    if (this._state === METHOD) {
      // most requests by far
      if (p === first && p + 4 <= last && four(buf, p) === GET_ && this._limits.methodBytes > 2) {
        this.method = 'GET'
        p += 3
      } else {
        p = skip(buf, p, smaller(last, first + this._limits.methodBytes), TCHAR)
        if (p === last) return this._wait(p)
        if (buf[p] !== SP) return this._fail(!is(buf[p]!, TCHAR) ? INVALID_METHOD : METHOD_TOO_LONG, p)
        this.method = knownMethod(buf, first, p)
      }
      this.methodEnd = p - base
      p++
      this.targetStart = p - base
      this._state = TARGET_BYTES
    }
    if (this._state === TARGET_BYTES) {
      const target = base + this.targetStart
      if (p === target && p < last && !this._openTarget(buf[p]!)) return this._fail(INVALID_TARGET, p)
      const stop = smaller(last, target + this._limits.targetBytes)
      p = skip(buf, p, stop, TARGET)
      // a backslash in the path is a slash to some servers, and browsers never send it; in a query it is an ordinary character
      if (p < stop && buf[p] === BACKSLASH) {
        const mark = buf.indexOf(QUESTION, target)
        if (mark >= 0 && mark < p) while (p < stop && buf[p] === BACKSLASH) p = skip(buf, p + 1, stop, TARGET)
      }
      if (p === last) return this._wait(p)
      const c = buf[p]!
      if (c !== SP) {
        if (is(c, TARGET)) return this._fail(TARGET_TOO_LONG, p)
        // a line that ends here is the request line of HTTP/0.9
        return this._fail(c === LF ? INVALID_LINE_END : c === CR ? INVALID_VERSION : INVALID_TARGET, p)
      }
      const bad = this._checkTarget(buf, target, p)
      if (bad !== VALID) return this._fail(INVALID_TARGET, bad)
      this.targetEnd = p - base
      p++
      this.versionStart = p - base
      this._state = VERSION
    }
    if (this._state === VERSION) {
      p = this._version(buf, p, last)
      if (p <= 0) return p
      this._state = LINE_CR
    }
    return p === last ? this._wait(p) : this._lineEnd(buf[p]!, p, INVALID_VERSION)
  }

  /** Chooses the form by the first byte; only OPTIONS may have an asterisk and only CONNECT an authority. RFC 9112 §3.2. */
  private _openTarget(c: number): boolean {
    if (this.method === 'CONNECT') {
      this.targetForm = AUTHORITY
      return c !== SLASH && is(c, TARGET)
    }
    this.targetForm = c === SLASH ? ORIGIN : c === 0x2a ? ASTERISK : ABSOLUTE
    const letter = c | 0x20
    return c === SLASH || (c === 0x2a ? this.method === 'OPTIONS' : letter >= 0x61 && letter <= 0x7a)
  }

  private _checkTarget(buf: Uint8Array, from: number, to: number): number {
    if (this.targetForm === ABSOLUTE) return scanAbsolute(buf, from, to)
    if (this.targetForm === AUTHORITY) return scanAuthority(buf, from, to, true)
    return this.targetForm === ORIGIN || to === from + 1 ? VALID : from + 1
  }
}

/** The method `from`..`to` if it is a known one, otherwise an empty string. Methods are case-sensitive (RFC 9110 §9.1). */
function knownMethod(buf: Uint8Array, from: number, to: number): string {
  for (const method of methods) {
    let i = method.length === to - from ? 0 : -1
    while (i >= 0 && i < method.length) i = buf[from + i] === method.charCodeAt(i) ? i + 1 : -1
    if (i > 0) return method
  }
  return ''
}

/**
 * Reads one request head from the start of `bytes`, for tools and tests.
 *
 * @returns null when the head is incomplete
 * @throws {ParseError} when the bytes are not a valid head
 */
export function parseRequest(bytes: Uint8Array, limits?: Partial<HeadLimits>): ParsedHead<HeadSnapshot> | null {
  return parseHead(new RequestHead(limits), bytes)
}
