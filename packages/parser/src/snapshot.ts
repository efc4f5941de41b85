// Heads that outlive the buffer from which they were read.
import { COLON, own, trimmed } from './bytes.ts'
import type { TargetForm } from './target.ts'

/**
 * The fields of a head as one string that is cut only where someone asks. Names are case-insensitive
 * (RFC 9110 §5.1) and are plain data: `__proto__` is a field like any other.
 */
abstract class FieldsView {
  // Each subclass assigns these itself: a constructor called by `super` would cost more than all of the assignments.
  abstract readonly fieldCount: number
  abstract readonly minorVersion: 0 | 1
  /** The head from its first byte to its empty line, one character per byte. */
  abstract readonly text: string
  /** Where each field line starts, and the empty line after them. */
  protected abstract _starts: number[] | null

  /**
   * The value of the field `name`, or null when there is none. The values of several lines are joined with `", "`
   * (RFC 9110 §5.3), those of Cookie with `"; "` (RFC 9113 §8.2.3 says why). Each character is a byte.
   */
  get(name: string): string | null {
    const i = this._find(name, 0)
    if (i < 0) return null
    const value = this._value(i, name.length)
    return this._find(name, i + 1) < 0 ? value : this.getAll(name).join(/^cookie$/i.test(name) ? '; ' : ', ')
  }

  /** The values of all lines of the field `name` in wire order; the only correct way to read Set-Cookie. */
  getAll(name: string): string[] {
    const values: string[] = []
    for (let i = -1; (i = this._find(name, i + 1)) >= 0;) values.push(this._value(i, name.length))
    return values
  }

  has(name: string): boolean {
    return this._find(name, 0) >= 0
  }

  /** All field lines in wire order, names in lower case. */
  *[Symbol.iterator](): Iterator<[string, string]> {
    for (let i = 0; i < this.fieldCount; i++) {
      const start = this._index()[i]!
      const length = this.text.indexOf(':', start) - start
      yield [own(this.text.slice(start, start + length).toLowerCase()), this._value(i, length)]
    }
  }

  /** The value of line `i`, whose name has `length` characters. */
  private _value(i: number, length: number): string {
    const starts = this._index()
    return own(trimmed(this.text, starts[i]! + length + 1, starts[i + 1]! - 2))
  }

  /** The first line of the field `name`, starting at line `i`, or -1. */
  private _find(name: string, from: number): number {
    const starts = this._index()
    for (let i = from; i < this.fieldCount; i++) {
      const start = starts[i]!
      let n = name.length
      // if the name on this line is shorter, its colon comes earlier
      if (this.text.charCodeAt(start + n) !== COLON) continue
      while (n > 0 && same(this.text.charCodeAt(start + n - 1), name.charCodeAt(n - 1))) n--
      if (n === 0) return i
    }
    return -1
  }

  // the head has been validated, so its line ends and colons are where they are expected
  private _index(): number[] {
    if (this._starts !== null) return this._starts
    // as long as it needs to be: one that grew would have room for 17, for as long as the request lasts
    // eslint-disable-next-line unicorn/no-new-array
    const starts = (this._starts = new Array<number>(this.fieldCount + 1))
    for (let i = 0, p = 0; i < starts.length; i++) starts[i] = p = this.text.indexOf('\n', p) + 1
    return starts
  }
}

/** Whether two characters of names are the same, ignoring case; a colon is in no name. */
function same(a: number, b: number): boolean {
  return lower(a) === lower(b) && a !== COLON
}

function lower(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c | 0x20 : c
}

/** What a snapshot takes from the reader of a head. */
interface ReadHead {
  readonly fieldCount: number
  readonly minorVersion: 0 | 1
}
interface ReadRequest extends ReadHead {
  readonly headStart: number
  readonly method: string
  readonly targetStart: number
  readonly targetEnd: number
  readonly targetForm: TargetForm
}
interface ReadResponse extends ReadHead {
  readonly status: number
  readonly reasonStart: number
  readonly reasonEnd: number
}

// decision 036
/** A request head that outlives the buffer it came in and the `RequestHead` that read it. */
export class HeadSnapshot extends FieldsView {
  readonly method: string
  /** The request target as sent, nothing decoded. */
  readonly target: string
  readonly targetForm: TargetForm
  readonly fieldCount: number
  readonly minorVersion: 0 | 1
  readonly text: string
  protected _starts: number[] | null

  constructor(head: ReadRequest, text: string) {
    super()
    this.text = text
    this.fieldCount = head.fieldCount
    this.minorVersion = head.minorVersion
    this._starts = null
    this.method = head.method
    this.target = own(text.slice(head.targetStart - head.headStart, head.targetEnd - head.headStart))
    this.targetForm = head.targetForm
  }
}

/** A response head that outlives the buffer it came in and the `ResponseHead` that read it. */
export class ResponseSnapshot extends FieldsView {
  readonly status: number
  /** The reason phrase as sent; it may be empty. */
  readonly reason: string
  readonly fieldCount: number
  readonly minorVersion: 0 | 1
  readonly text: string
  protected _starts: number[] | null

  constructor(head: ReadResponse, text: string) {
    super()
    this.text = text
    this.fieldCount = head.fieldCount
    this.minorVersion = head.minorVersion
    this._starts = null
    this.status = head.status
    this.reason = own(text.slice(head.reasonStart, head.reasonEnd))
  }
}
