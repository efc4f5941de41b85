import { decodeLatin1, isDigit, skip, SP, VALUE } from './bytes.ts'
import type { DecodeLatin1 } from './bytes.ts'
import { INVALID_REASON, INVALID_STATUS } from './codes.ts'
import type { BodyKind } from './framing.ts'
import type { HeadLimits } from './limits.ts'
import { MessageHead, parseHead } from './message-head.ts'
import { ResponseSnapshot } from './snapshot.ts'
import { CHUNKED } from './facts.ts'
import { CHUNKS, CLOSED, LENGTH, NONE } from './numbers.ts'
import { EMPTY, REASON, STATUS, VERSION } from './states.ts'

/*
 * The status line (RFC 9112 §4), then the field section (field-section.ts).
 *
 *   IDLE ──► VERSION ──8 bytes──► STATUS ──SP 3DIGIT SP──► REASON ──CR──► START_LF ──► … ──► IDLE
 */

/**
 * Reads response heads, one after the other, from bytes that may come in any pieces; see {@link RequestHead} for how it
 * is used. Interim responses (1xx) are heads of their own: read on until the status is final, or 101. RFC 9112 §4 to §6.
 *
 * It is as strict as the request side: Transfer-Encoding together with Content-Length, in HTTP/1.0, or with another coding
 * than chunked is an error. The limits of the request line do not matter.
 */
export class ResponseHead extends MessageHead {
  status: number = 0
  reasonStart: number = 0
  reasonEnd: number = 0

  protected override readonly _isRequest: boolean = false

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
    const { status } = this
    if (requestMethod === 'HEAD' || status < 200 || status === 204 || status === 304) return NONE
    if (requestMethod === 'CONNECT' && status < 300) return NONE
    if (this._has(CHUNKED)) return CHUNKS
    return !this.hasLength ? CLOSED : this.contentLength > 0 ? LENGTH : NONE
  }

  /** As {@link RequestHead.snapshot}. */
  snapshot(buf: Uint8Array, start: number, decode: DecodeLatin1 = decodeLatin1): ResponseSnapshot {
    return new ResponseSnapshot(this, decode(buf, start, start + this.headEnd))
  }

  protected override _startLine(buf: Uint8Array, end: number): number {
    if (this._state === EMPTY) this._state = VERSION
    const last = this._lastByte(end)
    let p = this._base + this._at
    if (this._state === VERSION) {
      p = this._version(buf, p, last)
      if (p <= 0) return p
      this.status = 0
      this._state = STATUS
    }
    for (; this._state === STATUS; p++) {
      if (p === last) return this._wait(p)
      const c = buf[p]!
      const i = p - this._base - 8
      // SP 3DIGIT SP, and the first digit is not 0
      if (i % 4 === 0 ? c !== SP : !isDigit(c) || (i === 1 && c === 0x30)) return this._fail(INVALID_STATUS, p)
      if (i === 4) {
        this.reasonStart = 13
        this._state = REASON
      } else if (i > 0) this.status = this.status * 10 + c - 0x30
    }
    p = skip(buf, p, last, VALUE)
    if (p === last) return this._wait(p)
    this.reasonEnd = p - this._base
    return this._lineEnd(buf[p]!, p, INVALID_REASON)
  }
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
  return parseHead(new ResponseHead(limits), bytes)
}
