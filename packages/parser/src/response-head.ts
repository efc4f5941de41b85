import { classes, CR, decodeLatin1, LF, skipValue, smaller, SP, DIGIT } from './bytes.ts'
import type { DecodeLatin1 } from './bytes.ts'
import { ParseError } from './errors.ts'
import { BodyKind } from './framing.ts'
import type { HeadLimits } from './limits.ts'
import { MessageHead } from './message-head.ts'
import { ResponseSnapshot } from './snapshot.ts'
import { FIELDS, IDLE, LINE_LF, REASON, STATUS, VERSION } from './states.ts'
import { isVersionOne, minorVersionOf, scanVersion, VERSION_LENGTH } from './version.ts'

/*
 * The status line (RFC 9112 §4), then the field section (field-section.ts).
 *
 *   IDLE ──► VERSION ──8 bytes──► STATUS ──SP 3DIGIT SP──► REASON ──CR──► LINE_LF ──LF──► FIELDS ──► IDLE
 */

/** Bytes of the status code with the spaces around it. */
const STATUS_LENGTH = 5

/**
 * Reads response heads, one after the other, from bytes that may come in any pieces; see {@link RequestHead} for how it
 * is used. Interim responses (1xx) are heads of their own: read on until the status is final, or 101. RFC 9112 §4 to §6.
 *
 * It is as strict as the request side: Transfer-Encoding together with Content-Length, in HTTP/1.0, or with another coding
 * than chunked is an error.
 */
export class ResponseHead extends MessageHead {
  status: number = 0
  reasonStart: number = 0
  reasonEnd: number = 0

  /** @param limits those that differ from {@link defaultHeadLimits}; those of the request line do not matter */
  constructor(limits?: Partial<HeadLimits>) {
    super(limits, false)
  }

  /** Whether the response ends the use of HTTP on this connection: 101. RFC 9110 §15.2.2. */
  get upgrade(): boolean {
    return this.status === 101
  }

  /**
   * How the body is delimited, which depends on the request. RFC 9112 §6.3. A successful answer to CONNECT has no body:
   * what follows is the tunnel.
   *
   * @param requestMethod of the request that is answered
   */
  bodyKindFor(requestMethod: string): BodyKind {
    const { status, facts } = this
    if (requestMethod === 'HEAD' || status < 200 || status === 204 || status === 304) return BodyKind.None
    if (requestMethod === 'CONNECT' && status < 300) return BodyKind.None
    if (facts.chunked) return BodyKind.Chunked
    if (!facts.hasLength) return BodyKind.UntilClose
    return facts.contentLength > 0 ? BodyKind.Length : BodyKind.None
  }

  /** As {@link RequestHead.parse}. */
  parse(buf: Uint8Array, start: number, end: number): number {
    if (this.state !== FIELDS) {
      if (this.state === IDLE) {
        if (start === end) return 0
        this.state = VERSION
        this.at = 0
        this.error = undefined
        this.errorOffset = 0
        this.facts.reset()
      }
      const done = this.statusLine(buf, start, end)
      if (done <= 0) return done
    }
    const headEnd = this.fieldSection(buf, start, start, end)
    if (headEnd <= 0) return headEnd
    this.headEnd = headEnd
    this.state = IDLE
    return headEnd
  }

  /** As {@link RequestHead.snapshot}. */
  snapshot(buf: Uint8Array, start: number, decode: DecodeLatin1 = decodeLatin1): ResponseSnapshot {
    const text = decode(buf, start, start + this.headEnd)
    const reason = text.slice(this.reasonStart, this.reasonEnd)
    return new ResponseSnapshot(text, this.reasonEnd + 2, this.fields.count, this.status, reason, this.minorVersion)
  }

  private statusLine(buf: Uint8Array, start: number, end: number): number {
    const last = smaller(end, start + this.limits.headBytes)
    let p = start + this.at
    if (this.state === VERSION) {
      p = scanVersion(buf, start, p, last)
      if (p < 0) return this.fail('INVALID_VERSION', ~p - start)
      if (p < start + VERSION_LENGTH) return this.short(p - start, last < end)
      if (!isVersionOne(buf, start)) return this.fail('VERSION_UNSUPPORTED', 5)
      this.minorVersion = this.facts.minorVersion = minorVersionOf(buf, start)
      this.state = STATUS
    }
    if (this.state === STATUS) {
      const from = start + VERSION_LENGTH
      for (; p < from + STATUS_LENGTH; p++) {
        if (p === last) return this.short(p - start, last < end)
        if (!isStatusByte(buf[p]!, p - from)) return this.fail('INVALID_STATUS', p - start)
      }
      this.status = (buf[from + 1]! - 0x30) * 100 + (buf[from + 2]! - 0x30) * 10 + buf[from + 3]! - 0x30
      this.reasonStart = p - start
      this.state = REASON
    }
    if (this.state === REASON) {
      p = skipValue(buf, p, last)
      if (p === last) return this.short(p - start, last < end)
      if (buf[p] !== CR) return this.fail(buf[p] === LF ? 'INVALID_LINE_END' : 'INVALID_REASON', p - start)
      this.reasonEnd = p - start
      p++
      this.state = LINE_LF
    }
    if (p === last) return this.short(p - start, last < end)
    if (buf[p] !== LF) return this.fail('INVALID_LINE_END', p - start)
    this.fields.begin(p + 1 - start)
    this.state = FIELDS
    return 1
  }
}

/** `SP 3DIGIT SP`, and the first digit is not 0. */
function isStatusByte(c: number, index: number): boolean {
  if (index === 0 || index === 4) return c === SP
  return (classes[c]! & DIGIT) !== 0 && (index !== 1 || c !== 0x30)
}

/**
 * Reads one response head from the start of `bytes`, for tools and tests.
 *
 * @returns null when the head goes on behind the bytes
 * @throws {ParseError} when the bytes are not a valid head
 */
export function parseResponse(
  bytes: Uint8Array,
  limits?: Partial<HeadLimits>,
): { head: ResponseSnapshot; consumed: number } | null {
  const parser = new ResponseHead(limits)
  const consumed = parser.parse(bytes, 0, bytes.length)
  if (consumed < 0) throw new ParseError(parser.error!, parser.errorOffset)
  return consumed === 0 ? null : { head: parser.snapshot(bytes, 0), consumed }
}
