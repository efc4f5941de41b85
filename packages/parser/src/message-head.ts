// What heads of requests and responses share: the start line, the fields, and how a head is read to its end.
import { checkPlaces, CR, four, isDigit, LF, smaller } from './bytes.ts'
import { HEAD_TOO_LARGE, INVALID_LINE_END, INVALID_VERSION, VERSION_UNSUPPORTED } from './codes.ts'
import { ParseError } from './errors.ts'
import { copied, usualLines } from './field-lines.ts'
import { type BodyKind, Framing } from './framing.ts'
import { defaultHeadLimits, limitsOf } from './limits.ts'
import type { HeadLimits } from './limits.ts'
import { EMPTY, IDLE, METHOD, START_LF } from './states.ts'

/*
 * Which function calls which while a head is read. Each class extends the one before: FieldSection, Framing, MessageHead, and then
 * RequestHead or ResponseHead.
 *
 *   parse (MessageHead)
 *     ├─► _startLine (RequestHead, ResponseHead) ──► _version, _lineEnd (MessageHead)
 *     ├─► usualLines (field-lines.ts): lines as nearly everyone writes them ──────┐
 *     ├─► _scan (FieldSection): all other lines, and heads that come in pieces ──┼─► _field (Framing), for a known name
 *     └─► _finish (RequestHead, then Framing): what shows only at the end of all ─┴─► _fault (Framing)
 *
 * Each of them may call _fail (FieldSection), which records the error and its position; then -1 is returned all the way up.
 */

/**
 * What the heads of requests and responses have in common: the version, the field section, the facts about framing,
 * errors. All offsets are counted in bytes from the first byte that was passed for the message.
 */
export abstract class MessageHead extends Framing {
  /** The first byte of the start line, after the empty lines. */
  headStart: number = 0
  /** The offset of the version, which has eight bytes. */
  versionStart: number = 0

  protected readonly _limits: HeadLimits

  /**
   * @param limits those that differ from {@link defaultHeadLimits}
   * @throws {TypeError} for an unknown name, or a value that is not a number; {RangeError} unless it is a whole number from 0 up, or Infinity
   */
  constructor(limits?: Partial<HeadLimits>) {
    const all = limitsOf(defaultHeadLimits, limits)
    super(all.fields, all.fieldLineBytes)
    this._limits = all
  }

  /** Whether a part of a head, not only empty lines, has been seen. */
  get partial(): boolean {
    return this._state >= METHOD
  }

  /** Discards a partial head; the next `parse` starts a new one. */
  reset(): void {
    this._state = IDLE
    this._error = 0
  }

  // decision 002
  /**
   * Continues reading the head whose first byte is at `start`, up to `end` (exclusive).
   *
   * @returns the length of the head when it is complete; 0 when more bytes are needed: call again with the same bytes followed by
   *   more, in this or another buffer; -1 for an error, which is in `error` and `errorOffset` and does not depend
   *   on how the bytes were cut into pieces
   * @throws {RangeError} when `start` to `end` is not a range within `buf`
   */
  parse(buf: Uint8Array, start: number, end: number): number {
    checkPlaces(buf, start, end)
    const isNew = this._state === IDLE
    if (isNew) {
      if (start === end) return 0
      this._state = EMPTY
      this._forget()
    }
    this._base = start
    let result = this._state < START_LF ? this._startLine(buf, end) : 1
    const last = this._lastByte(end)
    if (result > 0 && isNew && copied(buf, start, last)) result = usualLines(this, buf, last)
    if (result > 0) result = this._scan(buf, last)
    if (result > 0) result = this._finish(buf)
    if (result === 0 && last < end && this.partial) return this._fail(HEAD_TOO_LARGE, last)
    return result
  }

  /** Resets what is known about the previous message. */
  protected _forget(): void {
    this.keepAlive = false
    this.minorVersion = 1
    this.versionStart = this.headEnd = 0
    this._error = this.errorOffset = this._at = this.headStart = this.fieldCount = this._flags = this.contentLength = 0
  }

  /** Reads the start line up to its LF; > 0 when that is what comes next. */
  protected abstract _startLine(buf: Uint8Array, end: number): number

  protected _lastByte(end: number): number {
    return smaller(end, this._base + this.headStart + this._limits.headBytes)
  }

  /** Continues reading the version at `from`; returns the offset after it, or ≤ 0 like `parse`. RFC 9112 §2.3. */
  protected _version(buf: Uint8Array, from: number, last: number): number {
    const first = this._base + this.versionStart
    const stop = first + 8
    // nearly always the whole version is there, and a usual one
    const whole = stop <= last && four(buf, first) === 0x50545448 && four(buf, first + 4) === 0x312e312f
    for (let p = whole ? stop : from; p < stop; p++) {
      if (p === last) return this._wait(p)
      const i = p - first
      const c = buf[p]!
      if (i === 5 || i === 7 ? !isDigit(c) : c !== 'HTTP/1.1'.charCodeAt(i)) return this._fail(INVALID_VERSION, p)
    }
    // others are well formed but cannot be understood
    if (buf[first + 5] !== 0x31) return this._fail(VERSION_UNSUPPORTED, first + 5)
    // every HTTP/1.x after 1.0 is handled as 1.1 (RFC 9110 §2.5)
    this.minorVersion = buf[first + 7] === 0x30 ? 0 : 1
    return stop
  }

  /** The start line ends at `p`, or `code` tells what is wrong. */
  protected _lineEnd(c: number, p: number, code: number): number {
    if (c !== CR) return this._fail(c === LF ? INVALID_LINE_END : code, p)
    this._state = START_LF
    this._at = p + 1 - this._base
    return 1
  }
}

/** Reads one head from the start of `bytes`: returns its length, or 0 when it is incomplete; throws for an error. */
export function parseOrThrow(head: MessageHead, bytes: Uint8Array): number {
  const consumed = head.parse(bytes, 0, bytes.length)
  if (consumed < 0) throw new ParseError(head.error!, head.errorOffset)
  return consumed
}

/** A complete head, and how its body is delimited. RFC 9112 §6.3. */
export interface ParsedHead<T> {
  readonly head: T
  /** Its length, including empty lines before it. */
  readonly consumed: number
  readonly bodyKind: BodyKind
  /** Content-Length; 0 without it. */
  readonly contentLength: number
}

/** The head at the start of `bytes`, or null when it is incomplete. */
export function parseHead<T>(
  parser: MessageHead & { readonly bodyKind: BodyKind; snapshot(buf: Uint8Array, start: number): T },
  bytes: Uint8Array,
): ParsedHead<T> | null {
  const consumed = parseOrThrow(parser, bytes)
  const { bodyKind, contentLength } = parser
  return consumed === 0 ? null : { head: parser.snapshot(bytes, 0), consumed, bodyKind, contentLength }
}
