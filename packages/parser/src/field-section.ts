import { classes, COLON, CR, isBlank, LF, TCHAR, VALUE } from './bytes.ts'
import type { ParseErrorCode } from './errors.ts'
import { knownField } from './framing.ts'

/*
 * Field lines up to and with the empty line that ends them (RFC 9112 §5), for heads and trailers alike.
 *
 *              CR                          LF
 *   LINE ─────────────────────────► END_LF ───► done
 *    │ tchar           ▲
 *    ▼     ":"         │ LF
 *   NAME ──────► VALUE ───CR──► VALUE_LF
 *
 * Between two calls only the state, the place and the places of the tokens are kept, all of them counted from the start
 * of the message: the bytes may come again in another buffer, and none of them is looked at twice.
 */
const LINE = 0
const NAME = 1
const VALUE_BYTES = 2
const VALUE_LF = 3
const END_LF = 4

/** The field section goes on in bytes that are not there yet. */
export const SECTION_MORE = 0
/** A field that the parser itself must understand is complete; call `scan` again to go on. */
export const SECTION_KNOWN = 1
/** The section is complete. */
export const SECTION_END = 2
/** See `error` and `at`. */
export const SECTION_ERROR = 3

const INITIAL_FIELDS = 32

export class FieldSection {
  /** Four places for each field: start and end of the name, start and end of the trimmed value. */
  spans: Int32Array = new Int32Array(4 * INITIAL_FIELDS)
  /** Complete fields. */
  count: number = 0
  /** The place of the next byte to look at, or of the offending one. */
  at: number = 0
  /** After SECTION_KNOWN: which field, as a KNOWN_ constant of framing.ts. */
  known: number = 0
  error: ParseErrorCode | undefined = undefined
  private state: number = LINE
  private lineStart: number = 0
  private readonly maxFields: number
  private readonly maxLine: number

  constructor(maxFields: number, maxLine: number) {
    this.maxFields = maxFields
    this.maxLine = maxLine
  }

  /** Starts a new section at the place `at`. */
  begin(at: number): void {
    this.count = 0
    this.at = at
    this.known = 0
    this.state = LINE
    this.error = undefined
  }

  /** Goes on at `at`; the message starts at `base` in `buf` and its bytes are there up to `end`. */
  scan(buf: Uint8Array, base: number, end: number): number {
    const table = classes
    let p = base + this.at
    let state = this.state
    let line = base + this.lineStart
    for (;;) {
      if (state === LINE) {
        if (p === end) break
        const c = buf[p]!
        if ((table[c]! & TCHAR) !== 0) {
          if (this.count === this.maxFields) return this.fail('TOO_MANY_FIELDS', p - base)
          line = p
          this.lineStart = p - base
          state = NAME
        } else if (c === CR) {
          p++
          state = END_LF
        } else return this.badLineStart(c, p - base)
      }
      if (state === NAME) {
        const stop = Math.min(end, line + this.maxLine)
        while (p < stop && (table[buf[p]!]! & TCHAR) !== 0) p++
        if (p === end) break
        if (p === stop) return this.fail('FIELD_LINE_TOO_LONG', p - base)
        if (buf[p] !== COLON) return this.badName(buf[p]!, p - base)
        this.openField(line - base, p - base)
        this.known = knownField(buf, line, p)
        p++
        state = VALUE_BYTES
      }
      if (state === VALUE_BYTES) {
        const stop = Math.min(end, line + this.maxLine)
        for (; p + 4 <= stop; p += 4) {
          if ((table[buf[p]!]! & table[buf[p + 1]!]! & table[buf[p + 2]!]! & table[buf[p + 3]!]! & VALUE) === 0) break
        }
        while (p < stop && (table[buf[p]!]! & VALUE) !== 0) p++
        if (p === end) break
        if (buf[p] !== CR) return this.badValue(buf[p]!, p - base, p === stop)
        this.closeValue(buf, base, p)
        p++
        state = VALUE_LF
      }
      if (p === end) break
      if (buf[p] !== LF) return this.fail('INVALID_LINE_END', p - base)
      p++
      if (state === END_LF) {
        this.at = p - base
        return SECTION_END
      }
      this.count++
      state = LINE
      if (this.known !== 0) {
        this.at = p - base
        this.state = LINE
        return SECTION_KNOWN
      }
    }
    this.at = p - base
    this.state = state
    return SECTION_MORE
  }

  private openField(nameStart: number, nameEnd: number): void {
    const i = this.count * 4
    if (i === this.spans.length) {
      const grown = new Int32Array(i * 2)
      grown.set(this.spans)
      this.spans = grown
    }
    this.spans[i] = nameStart
    this.spans[i + 1] = nameEnd
  }

  private closeValue(buf: Uint8Array, base: number, valueEnd: number): void {
    const i = this.count * 4
    let from = base + this.spans[i + 1]! + 1
    let to = valueEnd
    while (from < to && isBlank(buf[from]!)) from++
    while (to > from && isBlank(buf[to - 1]!)) to--
    this.spans[i + 2] = from - base
    this.spans[i + 3] = to - base
  }

  private fail(error: ParseErrorCode, at: number): number {
    this.error = error
    this.at = at
    return SECTION_ERROR
  }

  private badLineStart(c: number, at: number): number {
    if (isBlank(c)) return this.fail(this.count === 0 ? 'LEADING_WHITESPACE' : 'OBSOLETE_FOLDING', at)
    return this.fail(c === LF ? 'INVALID_LINE_END' : 'INVALID_FIELD_NAME', at)
  }

  private badName(c: number, at: number): number {
    if (isBlank(c)) return this.fail('FIELD_NAME_WHITESPACE', at)
    return this.fail(c === LF ? 'INVALID_LINE_END' : c === CR ? 'COLON_MISSING' : 'INVALID_FIELD_NAME', at)
  }

  private badValue(c: number, at: number, lineFull: boolean): number {
    if (lineFull) return this.fail('FIELD_LINE_TOO_LONG', at)
    return this.fail(c === LF ? 'INVALID_LINE_END' : 'INVALID_FIELD_VALUE', at)
  }
}
