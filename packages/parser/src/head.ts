import { classes, CR, decodeLatin1, LF, skipTarget, skipToken, SP, TARGET, TCHAR, smaller } from './bytes.ts'
import type { DecodeLatin1 } from './bytes.ts'
import { ParseError } from './errors.ts'
import { BodyKind } from './framing.ts'
import type { Expectation } from './framing.ts'
import type { HeadLimits } from './limits.ts'
import { MessageHead } from './message-head.ts'
import { knownMethod } from './methods.ts'
import { HeadSnapshot } from './snapshot.ts'
import { scanAbsolute, scanConnectTarget, TargetForm, VALID } from './target.ts'
import { isVersionOne, minorVersionOf, scanVersion, VERSION_LENGTH } from './version.ts'
import { EMPTY, EMPTY_LF, FIELDS, IDLE, LINE_CR, LINE_LF, METHOD, TARGET_BYTES, VERSION } from './states.ts'

/*
 * The request line (RFC 9112 §3), then the field section (field-section.ts).
 *
 *   IDLE ──► EMPTY ──tchar──► METHOD ──SP──► TARGET ──SP──► VERSION ──8 bytes──► LINE_CR ──► LINE_LF ──► FIELDS ──► IDLE
 *            │   ▲
 *            CR  LF                       any error ──► IDLE
 *            ▼   │
 *           EMPTY_LF
 *
 * Between two calls only the state, the place and the places of the tokens are kept, counted from the start of the
 * message: no byte is looked at twice, and the bytes may come again in another buffer.
 */

const SLASH = 0x2f
const ASTERISK = 0x2a

/**
 * Reads request heads, one after the other, from bytes that may come in any pieces. It allocates nothing, whether a head
 * is accepted or refused; what it found is in its properties until the next head starts. RFC 9112 §2 to §6.
 *
 * All places (`…Start`, `…End`, `errorOffset`) are counted in bytes from the first byte that was given for this message,
 * empty lines before the request line included.
 */
export class RequestHead extends MessageHead {
  method: string = ''
  targetForm: TargetForm = TargetForm.Origin
  /** The first byte of the request line, behind the empty lines. */
  methodStart: number = 0
  methodEnd: number = 0
  targetStart: number = 0
  targetEnd: number = 0

  private emptyLines: number = 0

  /** @param limits those that differ from {@link defaultHeadLimits} */
  constructor(limits?: Partial<HeadLimits>) {
    super(limits, true)
  }

  /** How the body is delimited: None, Length or Chunked. RFC 9112 §6.3. */
  get bodyKind(): BodyKind {
    if (this.facts.chunked) return BodyKind.Chunked
    return this.facts.contentLength > 0 ? BodyKind.Length : BodyKind.None
  }

  /** Whether an HTTP/1.1 client offers another protocol: Upgrade is not empty and named in Connection. RFC 9110 §7.8. */
  get upgrade(): boolean {
    return this.facts.upgrade
  }

  /** What Expect asks for; always None in HTTP/1.0. RFC 9110 §10.1.1. */
  get expectation(): Expectation {
    return this.facts.expectation
  }

  /**
   * Reads on in the head whose first byte is at `start`, up to `end` (exclusive).
   *
   * @returns the bytes of the head when it is complete; 0 when more are needed: call again with the same bytes and more
   *   behind them, in this or another buffer; -1 for an error, which is in `error` and `errorOffset` and does not depend
   *   on how the bytes were cut into pieces
   */
  parse(buf: Uint8Array, start: number, end: number): number {
    if (this.state !== FIELDS) {
      if (this.state === IDLE) this.begin(buf, start, end)
      if (this.state <= EMPTY_LF && !this.skipEmptyLines(buf, start, end)) return this.error === undefined ? 0 : -1
      const done = this.requestLine(buf, start, end)
      if (done <= 0) return done
    }
    const headEnd = this.fieldSection(buf, start, start + this.methodStart, end)
    if (headEnd <= 0) return headEnd
    if (this.method === '') this.method = decodeLatin1(buf, start + this.methodStart, start + this.methodEnd)
    this.headEnd = headEnd
    this.state = IDLE
    return headEnd
  }

  /**
   * Keeps the head that {@link parse} has just read, as one string.
   *
   * @param buf the buffer of that call, and `start` its second argument
   * @param decode how bytes become a string; a native function is faster where there is one
   */
  snapshot(buf: Uint8Array, start: number, decode: DecodeLatin1 = decodeLatin1): HeadSnapshot {
    const first = this.methodStart
    const text = decode(buf, start + first, start + this.headEnd)
    const target = text.slice(this.targetStart - first, this.targetEnd - first)
    const fieldsStart = this.versionEnd + 2 - first
    return new HeadSnapshot(
      text,
      fieldsStart,
      this.fields.count,
      this.method,
      target,
      this.targetForm,
      this.minorVersion,
    )
  }

  private begin(buf: Uint8Array, start: number, end: number): void {
    // nearly always there is no empty line
    this.state = start < end && (classes[buf[start]!]! & TCHAR) !== 0 ? METHOD : EMPTY
    this.methodStart = 0
    this.at = 0
    this.emptyLines = 0
    this.error = undefined
    this.errorOffset = 0
    this.facts.reset()
  }

  /** Skips empty lines (RFC 9112 §2.2); true when the request line starts at `at`. */
  private skipEmptyLines(buf: Uint8Array, start: number, end: number): boolean {
    let p = start + this.at
    for (; p < end; p++) {
      const c = buf[p]!
      this.at = p - start
      if (this.state === EMPTY_LF) {
        if (c !== LF) return this.fail('INVALID_LINE_END', p - start) > 0
        this.emptyLines++
        this.state = EMPTY
      } else if (c === CR) {
        if (this.emptyLines === this.limits.emptyLines) return this.fail('TOO_MANY_EMPTY_LINES', p - start) > 0
        this.state = EMPTY_LF
      } else if ((classes[c]! & TCHAR) !== 0) {
        this.methodStart = p - start
        this.state = METHOD
        return true
      } else return this.fail(c === LF ? 'INVALID_LINE_END' : 'INVALID_METHOD', p - start) > 0
    }
    this.at = p - start
    return false
  }

  private requestLine(buf: Uint8Array, start: number, end: number): number {
    const head = start + this.methodStart
    const last = smaller(end, head + this.limits.headBytes)
    let p = start + this.at
    if (this.state === METHOD) {
      // most requests by far
      if (p === head && p + 3 < last && buf[p] === 0x47 && buf[p + 1] === 0x45 && buf[p + 2] === 0x54) p += 3
      p = skipToken(buf, p, smaller(last, head + this.limits.methodBytes))
      if (p === last) return this.short(p - start, last < end)
      if (buf[p] !== SP)
        return this.fail((classes[buf[p]!]! & TCHAR) === 0 ? 'INVALID_METHOD' : 'METHOD_TOO_LONG', p - start)
      this.methodEnd = p - start
      this.method = knownMethod(buf, head, p)
      p++
      this.targetStart = p - start
      this.state = TARGET_BYTES
    }
    if (this.state === TARGET_BYTES) {
      const target = start + this.targetStart
      if (p === target && p < last && !this.openTarget(buf[p]!)) return this.fail('INVALID_TARGET', p - start)
      p = skipTarget(buf, p, smaller(last, target + this.limits.targetBytes))
      if (p === last) return this.short(p - start, last < end)
      if (buf[p] !== SP) return this.badTarget(buf[p]!, p - start)
      if (this.targetForm !== TargetForm.Origin) {
        const bad = this.checkTarget(buf, target, p)
        if (bad !== VALID) return this.fail('INVALID_TARGET', bad - start)
      }
      this.targetEnd = p - start
      p++
      this.versionStart = p - start
      this.state = VERSION
    }
    if (this.state === VERSION) {
      const version = start + this.versionStart
      p = scanVersion(buf, version, p, last)
      if (p < 0) return this.fail('INVALID_VERSION', ~p - start)
      if (p < version + VERSION_LENGTH) return this.short(p - start, last < end)
      if (!isVersionOne(buf, version)) return this.fail('VERSION_UNSUPPORTED', this.versionStart + 5)
      this.minorVersion = this.facts.minorVersion = minorVersionOf(buf, version)
      this.state = LINE_CR
    }
    if (this.state === LINE_CR && p + 1 < last && buf[p] === CR && buf[p + 1] === LF) {
      this.state = FIELDS
      p += 2
    }
    for (; this.state < FIELDS; this.state++, p++) {
      if (p === last) return this.short(p - start, last < end)
      if (buf[p] === (this.state === LINE_CR ? CR : LF)) continue
      const lineEnd = this.state === LINE_LF || buf[p] === LF
      return this.fail(lineEnd ? 'INVALID_LINE_END' : 'INVALID_VERSION', p - start)
    }
    this.fields.begin(p - start)
    return 1
  }

  /** Chooses the form by the first byte; only OPTIONS may have an asterisk and only CONNECT an authority. RFC 9112 §3.2. */
  private openTarget(c: number): boolean {
    const connect = this.method === 'CONNECT'
    if (c === SLASH) {
      this.targetForm = TargetForm.Origin
      return !connect
    }
    if (c === ASTERISK && !connect) {
      this.targetForm = TargetForm.Asterisk
      return this.method === 'OPTIONS'
    }
    this.targetForm = connect ? TargetForm.Authority : TargetForm.Absolute
    const letter = c | 0x20
    return connect ? (classes[c]! & TARGET) !== 0 : letter >= 0x61 && letter <= 0x7a
  }

  private checkTarget(buf: Uint8Array, from: number, to: number): number {
    if (this.targetForm === TargetForm.Absolute) return scanAbsolute(buf, from, to)
    if (this.targetForm === TargetForm.Authority) return scanConnectTarget(buf, from, to)
    return to === from + 1 ? VALID : from + 1
  }

  private badTarget(c: number, at: number): number {
    if ((classes[c]! & TARGET) !== 0) return this.fail('TARGET_TOO_LONG', at)
    // a line that ends here is the request line of HTTP/0.9
    return this.fail(c === LF ? 'INVALID_LINE_END' : c === CR ? 'INVALID_VERSION' : 'INVALID_TARGET', at)
  }
}

/**
 * Reads one request head from the start of `bytes`, for tools and tests.
 *
 * @returns null when the head goes on behind the bytes
 * @throws {ParseError} when the bytes are not a valid head
 */
export function parseRequest(
  bytes: Uint8Array,
  limits?: Partial<HeadLimits>,
): { head: HeadSnapshot; consumed: number } | null {
  const parser = new RequestHead(limits)
  const consumed = parser.parse(bytes, 0, bytes.length)
  if (consumed < 0) throw new ParseError(parser.error!, parser.errorOffset)
  return consumed === 0 ? null : { head: parser.snapshot(bytes, 0), consumed }
}
