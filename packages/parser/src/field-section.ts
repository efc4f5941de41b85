import { classes, COLON, CR, isBlank, LF, TCHAR, VALUE, smaller } from './bytes.ts'
import type { ParseErrorCode } from './errors.ts'
import { knownField } from './framing.ts'
import {
  END_LF,
  KNOWN_NONE,
  LINE,
  NAME,
  SECTION_END,
  SECTION_ERROR,
  SECTION_MORE,
  VALUE_BYTES,
  VALUE_LF,
} from './states.ts'
import type { FramingFacts } from './framing.ts'

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

const INITIAL_FIELDS = 32

export class FieldSection {
  /** Four places for each field: start and end of the name, start and end of the trimmed value. */
  spans: Int32Array = new Int32Array(4 * INITIAL_FIELDS)
  /** Complete fields. */
  count: number = 0
  /** The place of the next byte to look at, or of the offending one. */
  at: number = 0
  error: ParseErrorCode | undefined = undefined
  private state: number = LINE
  private lineStart: number = 0
  private readonly maxFields: number
  private readonly maxLine: number

  private readonly facts: FramingFacts | null

  /** @param facts told of the fields that the parser itself must understand, as soon as they are complete */
  constructor(maxFields: number, maxLine: number, facts: FramingFacts | null) {
    this.facts = facts
    this.maxFields = maxFields
    this.maxLine = maxLine
  }

  /** Starts a new section at the place `at`. */
  begin(at: number): void {
    this.count = 0
    this.at = at
    this.state = LINE
    this.error = undefined
  }

  /** Goes on at `at`; the message starts at `base` in `buf` and its bytes are there up to `end`. */
  scan(buf: Uint8Array, base: number, end: number): number {
    let p = base + this.at
    let state = this.state
    let line = base + this.lineStart
    let i = this.count * 4
    let { spans } = this
    const { facts } = this
    for (;;) {
      if (state === LINE) {
        if (p === end) break
        const c = buf[p]!
        if (c === CR) {
          p++
          state = END_LF
        } else {
          if ((classes[c]! & TCHAR) === 0) return this.badLineStart(c, p - base)
          if (this.count === this.maxFields) return this.fail('TOO_MANY_FIELDS', p - base)
          if (i === spans.length) spans = this.grow()
          line = p
          state = NAME
        }
      }
      if (state === NAME) {
        const stop = smaller(end, line + this.maxLine)
        // letters and hyphens are told without the table
        for (; p < stop; p++) {
          const c = buf[p]!
          if (((c | 0x20) - 0x61) >>> 0 < 26 || c === 0x2d) continue
          if (c === COLON || (classes[c]! & TCHAR) === 0) break
        }
        if (p === end) break
        if (p === stop) return this.fail('FIELD_LINE_TOO_LONG', p - base)
        if (buf[p] !== COLON) return this.badName(buf[p]!, p - base)
        spans[i] = line - base
        spans[i + 1] = p - base
        p++
        state = VALUE_BYTES
      }
      if (state === VALUE_BYTES) {
        const stop = smaller(end, line + this.maxLine)
        for (const four = stop - 3; p < four; p += 4) {
          const a = buf[p]!
          const b = buf[p + 1]!
          const c = buf[p + 2]!
          const d = buf[p + 3]!
          if (((a - 32) | (b - 32) | (c - 32) | (d - 32)) < 0 || a === 127 || b === 127 || c === 127 || d === 127) break
        }
        while (p < stop && (classes[buf[p]!]! & VALUE) !== 0) p++
        if (p === end) break
        if (buf[p] !== CR) return this.badValue(buf[p]!, p - base, p === stop)
        let from = base + spans[i + 1]! + 1
        let to = p
        while (from < to && isBlank(buf[from]!)) from++
        while (to > from && isBlank(buf[to - 1]!)) to--
        spans[i + 2] = from - base
        spans[i + 3] = to - base
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
      if (facts !== null) {
        const known = knownField(buf, line, base + spans[i + 1]!)
        if (known !== KNOWN_NONE) {
          const error = facts.apply(known, buf, base, base + spans[i + 2]!, base + spans[i + 3]!)
          if (error !== undefined) return this.fail(error, facts.errorOffset)
        }
      }
      i += 4
    }
    this.at = p - base
    this.state = state
    this.lineStart = line - base
    return SECTION_MORE
  }

  private grow(): Int32Array {
    const grown = new Int32Array(this.spans.length * 2)
    grown.set(this.spans)
    this.spans = grown
    return grown
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
