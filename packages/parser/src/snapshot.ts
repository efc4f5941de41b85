import type { TargetForm } from './target.ts'

/**
 * The fields of a head as one string that is cut only where someone asks. Names are compared without regard to case
 * (RFC 9110 §5.1) and are plain data: `__proto__` is a field like any other.
 */
class FieldsView {
  readonly fieldCount: number
  /** The head from its first byte to its empty line, one character per byte. */
  readonly text: string
  private readonly fieldsStart: number
  private spans: number[] | null = null

  constructor(text: string, fieldsStart: number, fieldCount: number) {
    this.text = text
    this.fieldsStart = fieldsStart
    this.fieldCount = fieldCount
  }

  /**
   * The value of the field `name`, or null when there is none. The values of several lines are joined with `", "`
   * (RFC 9110 §5.3), those of Cookie with `"; "` (RFC 9113 §8.2.3 has the reason). Characters are bytes.
   */
  get(name: string): string | null {
    const spans = this.spans ?? this.index()
    let value: string | null = null
    for (let i = 0; i < spans.length; i += 4) {
      if (!this.isName(name, spans[i]!, spans[i + 1]!)) continue
      const line = this.text.slice(spans[i + 2], spans[i + 3])
      if (value === null) value = line
      else value += (name.length === 6 && name.toLowerCase() === 'cookie' ? '; ' : ', ') + line
    }
    return value
  }

  /** The values of all lines of the field `name` in wire order; the only right way to read Set-Cookie. */
  getAll(name: string): string[] {
    const spans = this.spans ?? this.index()
    const values: string[] = []
    for (let i = 0; i < spans.length; i += 4) {
      if (this.isName(name, spans[i]!, spans[i + 1]!)) values.push(this.text.slice(spans[i + 2], spans[i + 3]))
    }
    return values
  }

  has(name: string): boolean {
    const spans = this.spans ?? this.index()
    for (let i = 0; i < spans.length; i += 4) if (this.isName(name, spans[i]!, spans[i + 1]!)) return true
    return false
  }

  /** All field lines in wire order, names in lower case. */
  *[Symbol.iterator](): Iterator<[string, string]> {
    const spans = this.spans ?? this.index()
    for (let i = 0; i < spans.length; i += 4) {
      yield [this.text.slice(spans[i], spans[i + 1]).toLowerCase(), this.text.slice(spans[i + 2], spans[i + 3])]
    }
  }

  private isName(name: string, from: number, to: number): boolean {
    if (to - from !== name.length) return false
    for (let i = 0; i < name.length; i++) {
      const a = this.text.charCodeAt(from + i)
      const b = name.charCodeAt(i)
      if (a !== b && lower(a) !== lower(b)) return false
    }
    return true
  }

  // the head has been validated, so its line ends and colons are where they seem to be
  private index(): number[] {
    const { text } = this
    const spans: number[] = []
    let p = this.fieldsStart
    for (let n = this.fieldCount; n > 0; n--) {
      const colon = text.indexOf(':', p)
      const lineEnd = text.indexOf('\r', colon)
      let from = colon + 1
      let to = lineEnd
      while (from < to && blank(text.charCodeAt(from))) from++
      while (to > from && blank(text.charCodeAt(to - 1))) to--
      spans.push(p, colon, from, to)
      p = lineEnd + 2
    }
    this.spans = spans
    return spans
  }
}

function lower(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c | 0x20 : c
}

function blank(c: number): boolean {
  return c === 0x20 || c === 0x09
}

/** A request head that outlives the buffer it came in and the {@link RequestHead} that read it. */
export class HeadSnapshot extends FieldsView {
  readonly method: string
  /** The request target as sent, nothing decoded. */
  readonly target: string
  readonly targetForm: TargetForm
  readonly minorVersion: 0 | 1

  constructor(
    text: string,
    fieldsStart: number,
    fieldCount: number,
    method: string,
    target: string,
    targetForm: TargetForm,
    minorVersion: 0 | 1,
  ) {
    super(text, fieldsStart, fieldCount)
    this.method = method
    this.target = target
    this.targetForm = targetForm
    this.minorVersion = minorVersion
  }
}

/** A response head that outlives the buffer it came in and the {@link ResponseHead} that read it. */
export class ResponseSnapshot extends FieldsView {
  readonly status: number
  /** The reason phrase as sent; it may be empty. */
  readonly reason: string
  readonly minorVersion: 0 | 1

  constructor(
    text: string,
    fieldsStart: number,
    fieldCount: number,
    status: number,
    reason: string,
    minorVersion: 0 | 1,
  ) {
    super(text, fieldsStart, fieldCount)
    this.status = status
    this.reason = reason
    this.minorVersion = minorVersion
  }
}
