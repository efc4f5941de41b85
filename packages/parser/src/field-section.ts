import { CR, BLANK, COLON, is, isBlank, LF, skip, slot, smaller, TCHAR, VALUE } from './bytes.ts'
import {
  COLON_MISSING,
  FIELD_LINE_TOO_LONG,
  FIELD_NAME_WHITESPACE,
  INVALID_FIELD_NAME,
  INVALID_FIELD_VALUE,
  INVALID_LINE_END,
  LEADING_WHITESPACE,
  OBSOLETE_FOLDING,
  TOO_MANY_FIELDS,
} from './codes.ts'
import { errorCodes } from './errors.ts'
import type { ParseErrorCode } from './errors.ts'
import { END_LF, IDLE, LINE, NAME, VALUE_BYTES, VALUE_LF } from './states.ts'
import { SLOTS } from './words.ts'

/*
 * Field lines up to and including the empty line that ends them (RFC 9112 §5), for heads and trailers alike.
 *
 *                  CR                          LF
 *   ──LF──► LINE ─────────────────────► END_LF ───► done
 *            │ tchar           ▲
 *            ▼     ":"         │ LF
 *           NAME ──────► VALUE ───CR──► VALUE_LF
 *
 * Between two calls only the state, the position and the offsets of the tokens are kept, all of them counted from the start
 * of the message: reading resumes where it stopped, and the bytes may come again in another buffer. Heads that arrive in one piece
 * are mostly read by field-lines.ts.
 */

export abstract class FieldSection {
  /**
   * The offsets of the fields, four for each: start and end of the name, start and end of the value without the whitespace
   * around it. Counted from the first byte that was passed for the message; valid for {@link fieldCount} fields.
   */
  spans: Int32Array = new Int32Array(16)
  /** How many field lines have been read. */
  fieldCount: number = 0
  /** The offending byte, counted from the first byte that was passed for the message. */
  errorOffset: number = 0

  protected _state: number = IDLE
  /** Where the message starts in the buffer of this call. */
  protected _base: number = 0
  /** The next byte to look at, counted from there. */
  _at: number = 0
  /** The number of the error, 0 for none. */
  _error: number = 0
  private _lineStart: number = 0
  readonly _maxFields: number
  readonly _maxLine: number

  constructor(maxFields: number, maxLine: number) {
    this._maxFields = maxFields
    this._maxLine = maxLine
  }

  get error(): ParseErrorCode | undefined {
    return errorCodes[this._error]
  }

  /** Takes the field whose offsets are at `i`, when its name `name`..`nameEnd` is at one of the SLOTS; < 0 for an error. */
  abstract _field(buf: Uint8Array, name: number, nameEnd: number, i: number): number

  /** Reads on; > 0 when the section is complete, and ends at `at`; 0 when the bytes end before it does; < 0 for an error. */
  protected _scan(buf: Uint8Array, end: number): number {
    const base = this._base
    let p = base + this._at
    let { spans, _state: state } = this
    let line = base + this._lineStart
    let i = this.fieldCount * 4
    for (;;) {
      if (state === LINE) {
        if (p === end) break
        const c = buf[p]!
        if (c === CR) {
          p++
          state = END_LF
        } else {
          if (!is(c, TCHAR))
            return this._badLine(c, p, i === 0 ? LEADING_WHITESPACE : OBSOLETE_FOLDING, INVALID_FIELD_NAME)
          if (this.fieldCount === this._maxFields) return this._fail(TOO_MANY_FIELDS, p)
          if (i === spans.length) {
            this.spans = new Int32Array(i * 2)
            this.spans.set(spans)
            spans = this.spans
          }
          line = p
          state = NAME
        }
      }
      if (state === NAME) {
        const stop = smaller(end, line + this._maxLine)
        p = skip(buf, p, stop, TCHAR)
        if (p === end) break
        if (p === stop) return this._fail(FIELD_LINE_TOO_LONG, p)
        const c = buf[p]!
        if (c !== COLON)
          return this._badLine(c, p, FIELD_NAME_WHITESPACE, c === CR ? COLON_MISSING : INVALID_FIELD_NAME)
        spans[i] = line - base
        spans[i + 1] = p - base
        p++
        state = VALUE_BYTES
      }
      if (state === VALUE_BYTES) {
        const stop = smaller(end, line + this._maxLine)
        p = skip(buf, p, stop, VALUE)
        if (p === end) break
        const c = buf[p]!
        if (c !== CR)
          return p === stop
            ? this._fail(FIELD_LINE_TOO_LONG, p)
            : this._badLine(c, p, INVALID_FIELD_VALUE, INVALID_FIELD_VALUE)
        const from = skip(buf, base + spans[i + 1]! + 1, p, BLANK)
        let to = p
        while (to > from && isBlank(buf[to - 1]!)) to--
        spans[i + 2] = from - base
        spans[i + 3] = to - base
        p++
        state = VALUE_LF
      }
      if (p === end) break
      if (buf[p] !== LF) return this._fail(INVALID_LINE_END, p)
      p++
      if (state === END_LF) {
        this._at = p - base
        return 1
      }
      if (state === VALUE_LF) {
        this.fieldCount++
        const nameEnd = base + spans[i + 1]!
        // this alone decides for most names, and saves a call for each
        if (((1 << slot(nameEnd - line, buf[line]!)) & SLOTS) !== 0 && this._field(buf, line, nameEnd, i) < 0) return -1
        i += 4
      }
      state = LINE
    }
    this._state = state
    this._lineStart = line - base
    return this._wait(p)
  }

  /** The bytes end before the message does. */
  protected _wait(p: number): number {
    this._at = p - this._base
    return 0
  }

  protected _fail(error: number, p: number): number {
    this._error = error
    this.errorOffset = p - this._base
    this._state = IDLE
    return -1
  }

  /** The byte `c` at `p` is wrong: the error depends on which byte it is. */
  private _badLine(c: number, p: number, blank: number, other: number): number {
    return this._fail(c === LF ? INVALID_LINE_END : isBlank(c) ? blank : other, p)
  }
}
