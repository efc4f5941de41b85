import { COMMA, encode, isBlank, isWord, SEMICOLON, skip, TCHAR } from './bytes.ts'
import { FieldSection } from './field-section.ts'
import {
  CHUNKED,
  CLOSE,
  CODING_SEEN,
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  EXPECT_CONTINUE,
  EXPECT_UNKNOWN,
  HAS_LENGTH,
  HOST,
  HOST_SEEN,
  IDLE,
  KEEP_ALIVE,
  MAX_LENGTH_DIGITS,
  OTHER_CODING,
  TRANSFER_ENCODING,
  UPGRADE,
  UPGRADE_FIELD,
  UPGRADE_OPTION,
  VALID,
} from './states.ts'
import { scanAuthority } from './target.ts'

/** How the end of a body is found. RFC 9112 §6.3. `UntilClose` is for responses only. */
export const BodyKind = { None: 0, Length: 1, Chunked: 2, UntilClose: 3 } as const
export type BodyKind = (typeof BodyKind)[keyof typeof BodyKind]

const upgrade: Uint8Array = /* @__PURE__ */ encode('upgrade')
/** The fields that decide about framing, persistence and routing, each at the length of its name. All others are opaque. */
const names: readonly (Uint8Array | undefined)[] = /* @__PURE__ */ (() => {
  const list = Array.from<Uint8Array | undefined>({ length: TRANSFER_ENCODING + 1 })
  for (const name of ['expect', 'connection', 'content-length', 'transfer-encoding']) list[name.length] = encode(name)
  list[UPGRADE] = upgrade
  return list
})()
const chunked: Uint8Array = /* @__PURE__ */ encode('chunked')
const close: Uint8Array = /* @__PURE__ */ encode('close')
const keepAlive: Uint8Array = /* @__PURE__ */ encode('keep-alive')
const goOn: Uint8Array = /* @__PURE__ */ encode('100-continue')

/**
 * The facts that the known fields of one head give, taken field by field so that a contradiction is found at the line
 * that makes it. RFC 9112 §6.3 and §9.3. Ambiguity is an error, never a guess: a second reading of the same bytes by
 * the next hop is request smuggling.
 */
export abstract class Framing extends FieldSection {
  /** 1 for every HTTP/1.x with x > 0 (RFC 9110 §2.5). */
  minorVersion: 0 | 1 = 1
  /** The value of Content-Length, 0 without it. */
  contentLength: number = 0
  /** Where the head ends: what `parse` returned. */
  headEnd: number = 0
  protected _flags: number = 0
  /** Whether Host matters. */
  protected abstract readonly _isRequest: boolean
  /** Where Transfer-Encoding goes wrong if it does: its first coding other than chunked, or its value. */
  private _codingOffset: number = 0

  /** Whether Content-Length is there. */
  get hasLength(): boolean {
    return this._has(HAS_LENGTH)
  }

  /** Whether the sender lets the connection persist. RFC 9112 §9.3. */
  get keepAlive(): boolean {
    return !this._has(CLOSE) && (this.minorVersion === 1 || this._has(KEEP_ALIVE))
  }

  protected _has(flag: number): boolean {
    return (this._flags & flag) !== 0
  }

  protected override _field(
    buf: Uint8Array,
    base: number,
    name: number,
    nameEnd: number,
    from: number,
    to: number,
  ): number {
    const known = nameEnd - name
    // in every request, so its four bytes are compared as one number
    if (
      known === HOST &&
      (buf[name]! | (buf[name + 1]! << 8) | (buf[name + 2]! << 16) | (buf[name + 3]! << 24) | 0x20202020) === 0x74736f68
    )
      return this._host(buf, base, from, to)
    if (known > TRANSFER_ENCODING) return 0
    const word = names[known]
    if (word === undefined || !isWord(buf, name, word)) return 0
    if (known === CONTENT_LENGTH) return this._length(buf, base, from, to)
    if (known === TRANSFER_ENCODING) {
      if (this.minorVersion === 0) return this._fail('CODING_IN_HTTP10', from - base)
      if (this._has(HAS_LENGTH)) return this._fail('CODING_WITH_LENGTH', from - base)
      if (!this._has(CODING_SEEN)) this._codingOffset = from - base
      this._flags |= CODING_SEEN
    }
    for (let p = from; p < to; p++) {
      while (p < to && isBlank(buf[p]!)) p++
      const member = p
      while (p < to && buf[p] !== COMMA) p++
      let end = p
      while (end > member && isBlank(buf[end - 1]!)) end--
      if (end > member && this._member(known, buf, base, member, end) < 0) return -1
    }
    return 0
  }

  /**
   * What is wrong now that every field is known: chunked may still be missing from Transfer-Encoding, or something else be
   * in it (RFC 9112 §6.3); and HTTP/1.1 asks for Host (§3.2), whose absence shows at the end. Otherwise the length.
   */
  protected _finish(_buf: Uint8Array, _start: number): number {
    if (this._has(CODING_SEEN)) {
      if (!this._has(CHUNKED)) return this._fail('CODING_INVALID', this._codingOffset)
      if (this._has(OTHER_CODING)) return this._fail('CODING_UNSUPPORTED', this._codingOffset)
    }
    if (this._isRequest && this.minorVersion === 1 && !this._has(HOST_SEEN))
      return this._fail('HOST_MISSING', this._at - 1)
    this._state = IDLE
    return (this.headEnd = this._at)
  }

  private _host(buf: Uint8Array, base: number, from: number, to: number): number {
    if (!this._isRequest) return 0
    if (this._has(HOST_SEEN)) return this._fail('HOST_REPEATED', from - base)
    this._flags |= HOST_SEEN
    // an empty Host is what a client sends for a target URI without an authority
    const bad = from === to ? VALID : scanAuthority(buf, from, to)
    return bad === VALID ? 0 : this._fail('HOST_INVALID', bad - base)
  }

  private _length(buf: Uint8Array, base: number, from: number, to: number): number {
    if (this._has(HAS_LENGTH)) return this._fail('LENGTH_CONFLICT', from - base)
    if (this._has(CODING_SEEN)) return this._fail('CODING_WITH_LENGTH', from - base)
    let value = 0
    let p = from
    do {
      const digit = p < to ? buf[p]! - 0x30 : -1
      if (digit < 0 || digit > 9 || p - from === MAX_LENGTH_DIGITS) return this._fail('LENGTH_INVALID', p - base)
      value = value * 10 + digit
      if (value > Number.MAX_SAFE_INTEGER) return this._fail('LENGTH_TOO_LARGE', p - base)
    } while (++p < to)
    this._flags |= HAS_LENGTH
    this.contentLength = value
    return 0
  }

  /** Takes the member `from`..`to` of the list in the field `known`. */
  private _member(known: number, buf: Uint8Array, base: number, from: number, to: number): number {
    const length = to - from
    if (known === UPGRADE) this._flags |= UPGRADE_FIELD
    else if (known === EXPECT)
      this._flags |= length === goOn.length && isWord(buf, from, goOn) ? EXPECT_CONTINUE : EXPECT_UNKNOWN
    else if (known === CONNECTION) {
      if (length === close.length && isWord(buf, from, close)) this._flags |= CLOSE
      else if (length === keepAlive.length && isWord(buf, from, keepAlive)) this._flags |= KEEP_ALIVE
      else if (length === UPGRADE && isWord(buf, from, upgrade)) this._flags |= UPGRADE_OPTION
    } else {
      let p = skip(buf, from, to, TCHAR)
      // nothing may follow chunked, chunked itself included
      if (p === from || this._has(CHUNKED)) return this._fail('CODING_INVALID', from - base)
      const isChunked = p - from === chunked.length && isWord(buf, from, chunked)
      if (isChunked) this._flags |= CHUNKED
      else if (!this._has(OTHER_CODING)) {
        this._flags |= OTHER_CODING
        this._codingOffset = from - base
      }
      while (p < to && isBlank(buf[p]!)) p++
      // a parameter list is skipped: its coding is refused in any case. Chunked has no parameters (RFC 9112 §7.1)
      if (p < to && (isChunked || buf[p] !== SEMICOLON)) return this._fail('CODING_INVALID', p - base)
    }
    return 0
  }
}
