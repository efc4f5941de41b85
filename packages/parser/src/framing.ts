// How long the content of a message is, according to its head (RFC 9112 §6).
import { BACKSLASH, BLANK, COMMA, encode, four, isDigit, isWord, QUOTE, SEMICOLON, skip, slot, TCHAR } from './bytes.ts'
import { FieldSection } from './field-section.ts'
import {
  CODING_IN_HTTP10,
  CODING_INVALID,
  CODING_UNSUPPORTED,
  CODING_WITH_LENGTH,
  HOST_INVALID,
  HOST_MISSING,
  HOST_REPEATED,
  LENGTH_CONFLICT,
  LENGTH_INVALID,
  LENGTH_TOO_LARGE,
} from './codes.ts'
import {
  CHUNKED,
  CLOSE,
  CODING_SEEN,
  EXPECT_CONTINUE,
  EXPECT_UNKNOWN,
  HAS_LENGTH,
  HOST_SEEN,
  KEEP_ALIVE,
  OTHER_CODING,
  UPGRADE_FIELD,
  UPGRADE_OPTION,
} from './facts.ts'
import { MAX_LENGTH_DIGITS, VALID } from './numbers.ts'
import { IDLE } from './states.ts'
import {
  CHUNKED_WORD,
  CONNECTION,
  CONTENT_LENGTH,
  CONTINUE,
  EXPECT,
  HOST,
  LONGEST_WORD,
  SLOTS,
  TRANSFER_ENCODING,
  UPGRADE,
} from './words.ts'
import { scanAuthority } from './target.ts'

/** How the end of a body is determined. RFC 9112 §6.3. `UntilClose` is for responses only. */
export const BodyKind = { None: 0, Length: 1, Chunked: 2, UntilClose: 3 } as const
export type BodyKind = (typeof BodyKind)[keyof typeof BodyKind]

/** The words of fields that decide about framing, persistence and routing, each at its slot. All others are opaque. */
const words: readonly (Uint8Array | undefined)[] = /* @__PURE__ */ (() => {
  const list: Uint8Array[] = []
  const all = 'expect connection content-length transfer-encoding upgrade chunked close keep-alive 100-continue'
  for (const word of all.split(' ')) list[slot(word.length, word.charCodeAt(0))] = encode(word)
  return list
})()

/** The slot of the word at `from`..`to`, 0 for an unknown one. */
function known(buf: Uint8Array, from: number, to: number): number {
  const length = to - from
  const place = slot(length, buf[from]!)
  // these two alone decide for most words
  if (length > LONGEST_WORD || ((1 << place) & SLOTS) === 0) return 0
  const word = words[place]
  return word?.length === length && isWord(buf, from, word) ? place : 0
}

/** The position of the quote that closes the quoted string whose text starts at `from`, or -1. RFC 9110 §5.6.4. */
function quotedEnd(buf: Uint8Array, from: number, to: number): number {
  for (let p = from; p < to; p++) {
    if (buf[p] === QUOTE) return p
    if (buf[p] === BACKSLASH) p++
  }
  return -1
}

/**
 * The facts that the known fields of one head state, taken field by field so that a contradiction is found at the line
 * that causes it. RFC 9112 §6.3 and §9.3. Ambiguity is an error, never a guess: if the next hop reads the same bytes
 * differently, that is request smuggling.
 */
export abstract class Framing extends FieldSection {
  /** 1 for every HTTP/1.x with x > 0 (RFC 9110 §2.5). */
  minorVersion: 0 | 1 = 1
  /** The value of Content-Length, 0 without it. */
  contentLength: number = 0
  /** Where the head ends: what `parse` returned. */
  headEnd: number = 0
  /** Whether the sender lets the connection persist; false as long as the head is not complete. RFC 9112 §9.3. */
  keepAlive: boolean = false
  protected _flags: number = 0
  /** Whether Host matters. */
  protected abstract readonly _isRequest: boolean
  /** Where Transfer-Encoding goes wrong, if it does: its first coding other than chunked, or its value. */
  private _codingOffset: number = 0

  /** Whether Content-Length is there. */
  get hasLength(): boolean {
    return this._has(HAS_LENGTH)
  }

  protected _has(flag: number): boolean {
    return (this._flags & flag) !== 0
  }

  override _field(buf: Uint8Array, name: number, nameEnd: number, i: number): number {
    // in every request
    const isHost = nameEnd - name === 4 && (four(buf, name) | 0x20202020) === 0x74736f68
    const field = isHost ? HOST : known(buf, name, nameEnd)
    if (field === 0) return 0
    const from = this._base + this.spans[i + 2]!
    const to = this._base + this.spans[i + 3]!
    if (field === HOST) return this._host(buf, from, to)
    if (field === CONTENT_LENGTH) return this._length(buf, from, to)
    if (field === TRANSFER_ENCODING) {
      if (this.minorVersion === 0) return this._fail(CODING_IN_HTTP10, from)
      if (this._has(HAS_LENGTH)) return this._fail(CODING_WITH_LENGTH, from)
      if (!this._has(CODING_SEEN)) this._codingOffset = from - this._base
      this._flags |= CODING_SEEN
    }
    let quotes = true
    for (let p = from; p < to; p++) {
      const member = skip(buf, p, to, BLANK)
      const tokenEnd = skip(buf, member, to, TCHAR)
      p = skip(buf, tokenEnd, to, BLANK)
      const word = known(buf, member, tokenEnd)
      // whether the member is more than a token
      const more = p < to && buf[p] !== COMMA
      if (p === member && !more) continue
      if (field === TRANSFER_ENCODING) {
        // nothing may follow chunked, chunked itself included
        if (tokenEnd === member || this._has(CHUNKED)) return this._fail(CODING_INVALID, member)
        if (word === CHUNKED_WORD) this._flags |= CHUNKED
        else if (!this._has(OTHER_CODING)) {
          this._flags |= OTHER_CODING
          this._codingOffset = member - this._base
        }
        // a parameter list is skipped: its coding is refused in any case. Chunked has no parameters (RFC 9112 §7.1)
        if (more && (word === CHUNKED_WORD || buf[p] !== SEMICOLON)) return this._fail(CODING_INVALID, p)
      } else if (field === UPGRADE) this._flags |= UPGRADE_FIELD
      else if (field === EXPECT) this._flags |= word === CONTINUE && !more ? EXPECT_CONTINUE : EXPECT_UNKNOWN
      // each option has the flag of its slot
      else if (field === CONNECTION && !more) this._flags |= (1 << word) & (CLOSE | KEEP_ALIVE | UPGRADE_OPTION)
      for (; p < to && buf[p] !== COMMA; p++) {
        // a comma in a quoted string does not end the member; a quote that is never closed does not begin one
        if (!quotes || buf[p] !== QUOTE) continue
        const end: number = quotedEnd(buf, p + 1, to)
        if (end < 0) quotes = false
        else p = end
      }
    }
    return 0
  }

  /** All fields are known: ends the head, unless they contradict each other. */
  protected _finish(_buf: Uint8Array): number {
    // for nearly every message there is nothing more to check
    if ((this._flags & (HOST_SEEN | CODING_SEEN)) !== HOST_SEEN && this._fault() < 0) return -1
    this.keepAlive = !this._has(CLOSE) && (this.minorVersion === 1 || this._has(KEEP_ALIVE))
    this._state = IDLE
    return (this.headEnd = this._at)
  }

  /**
   * What is known only at the end: chunked may be missing from Transfer-Encoding, or something else be in it (RFC 9112 §6.3); and
   * HTTP/1.1 requires Host (§3.2).
   */
  protected _fault(): number {
    const coding = this._base + this._codingOffset
    if (this._has(CODING_SEEN)) {
      if (!this._has(CHUNKED)) return this._fail(CODING_INVALID, coding)
      if (this._has(OTHER_CODING)) return this._fail(CODING_UNSUPPORTED, coding)
    }
    if (this._isRequest && this.minorVersion === 1 && !this._has(HOST_SEEN))
      return this._fail(HOST_MISSING, this._base + this._at - 1)
    return 0
  }

  private _host(buf: Uint8Array, from: number, to: number): number {
    if (!this._isRequest) return 0
    if (this._has(HOST_SEEN)) return this._fail(HOST_REPEATED, from)
    this._flags |= HOST_SEEN
    // An empty Host is for a target URI without an authority, but every URI that can be requested has one (decision 042). HTTP/1.0
    // clients did not have to send Host.
    const bad = from === to && this.minorVersion === 0 ? VALID : scanAuthority(buf, from, to)
    return bad === VALID ? 0 : this._fail(HOST_INVALID, bad)
  }

  private _length(buf: Uint8Array, from: number, to: number): number {
    if (this._has(HAS_LENGTH)) return this._fail(LENGTH_CONFLICT, from)
    if (this._has(CODING_SEEN)) return this._fail(CODING_WITH_LENGTH, from)
    let value = 0
    let p = from
    do {
      if (p === to || !isDigit(buf[p]!) || p - from === MAX_LENGTH_DIGITS) return this._fail(LENGTH_INVALID, p)
      value = value * 10 + (buf[p]! - 0x30)
      if (value > Number.MAX_SAFE_INTEGER) return this._fail(LENGTH_TOO_LARGE, p)
    } while (++p < to)
    this._flags |= HAS_LENGTH
    this.contentLength = value
    return 0
  }
}
