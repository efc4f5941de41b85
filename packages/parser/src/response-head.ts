// The head of a response: status line, fields, and what follows from them and from the request.
import { decodeLatin1, isDigit, skip, SP, VALUE } from './bytes.ts'
import type { DecodeLatin1 } from './bytes.ts'
import { INVALID_REASON, INVALID_STATUS } from './codes.ts'
import type { BodyKind } from './framing.ts'
import type { HeadLimits } from './limits.ts'
import { MessageHead, parseHead, type ParsedHead } from './message-head.ts'
import { ResponseSnapshot } from './snapshot.ts'
import { CHUNKED, HAS_LENGTH } from './facts.ts'
import { CHUNKS, CLOSED, LENGTH, NONE } from './numbers.ts'
import { EMPTY, REASON, STATUS, VERSION } from './states.ts'

/*
 * The status line (RFC 9112 §4), then the field section (field-section.ts).
 *
 *   IDLE ──► VERSION ──8 bytes──► STATUS ──SP 3DIGIT SP──► REASON ──CR──► START_LF ──► … ──► IDLE
 */

/**
 * Reads response heads, one after the other, from bytes that may come in any pieces; see {@link RequestHead} for how to use
 * it. Interim responses (1xx) are heads of their own: read on until the status is final, or 101. RFC 9112 §4 to §6.
 *
 * It is as strict as the request side: Transfer-Encoding together with Content-Length, in HTTP/1.0, or with a coding other
 * than chunked is an error, unless the response has no content to frame. The limits of the request line do not apply.
 */
export class ResponseHead extends MessageHead {
  /**
   * The method of the request that is answered, which decides how the body is delimited: set it before `parse`. Only HEAD and CONNECT
   * make a difference.
   */
  requestMethod: string = 'GET'
  status: number = 0
  reasonStart: number = 0
  reasonEnd: number = 0
  /**
   * How the body is delimited; known when the head is complete. A successful response to CONNECT has no body: what follows is the
   * tunnel. RFC 9112 §6.3.
   */
  bodyKind: BodyKind = NONE

  protected override readonly _isRequest: boolean = false

  /** Whether the response ends the use of HTTP on this connection: 101. RFC 9110 §15.2.2. */
  get upgrade(): boolean {
    return this.status === 101
  }

  /** Like {@link RequestHead.snapshot}. */
  snapshot(buf: Uint8Array, start: number, decode: DecodeLatin1 = decodeLatin1): ResponseSnapshot {
    return new ResponseSnapshot(this, decode(buf, start, start + this.headEnd))
  }

  /** Whether the response ends with its head, whatever its fields say: RFC 9112 §6.3, rules 1 and 2. */
  private _endsWithHead(): boolean {
    const { status, requestMethod } = this
    // responseHead calls this without a method
    if (requestMethod === '') return false
    if (requestMethod === 'HEAD' || status < 200) return true
    return requestMethod === 'CONNECT' && status < 300 ? true : status === 204 || status === 304
  }

  /** If there is no content, mistakes in the fields that frame it do not matter: the fields are ignored. */
  override _field(buf: Uint8Array, name: number, nameEnd: number, i: number): number {
    const { _state: state } = this
    const result = super._field(buf, name, nameEnd, i)
    if (result === 0 || !this._endsWithHead()) return result
    this._state = state
    this._flags &= ~HAS_LENGTH
    this._error = this.errorOffset = this.contentLength = 0
    return 0
  }

  protected override _fault(): number {
    return this._endsWithHead() ? 0 : super._fault()
  }

  protected override _finish(buf: Uint8Array): number {
    const result = super._finish(buf)
    if (result > 0 && !this._endsWithHead())
      this.bodyKind = this._has(CHUNKED) ? CHUNKS : !this.hasLength ? CLOSED : this.contentLength > 0 ? LENGTH : NONE
    return result
  }

  protected override _forget(): void {
    super._forget()
    this.status = this.reasonStart = this.reasonEnd = 0
    this.bodyKind = NONE
  }

  protected override _startLine(buf: Uint8Array, end: number): number {
    if (this._state === EMPTY) this._state = VERSION
    const last = this._lastByte(end)
    let p = this._base + this._at
    if (this._state === VERSION) {
      p = this._version(buf, p, last)
      if (p <= 0) return p
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
 * Reads one response head from the start of `bytes`, for tools and tests, as a response to GET.
 *
 * @returns null when the head is incomplete
 * @throws {ParseError} when the bytes are not a valid head
 */
export function parseResponse(bytes: Uint8Array, limits?: Partial<HeadLimits>): ParsedHead<ResponseSnapshot> | null {
  return parseHead(new ResponseHead(limits), bytes)
}
