import { trimmed } from './bytes.ts'
import type { RequestHead } from './head.ts'
import type { MessageHead } from './message-head.ts'
import type { ResponseHead } from './response-head.ts'
import type { TargetForm } from './target.ts'

/**
 * The fields of a head as one string that is cut only where someone asks. Names are compared without regard to case
 * (RFC 9110 §5.1) and are plain data: `__proto__` is a field like any other.
 */
class FieldsView {
  readonly fieldCount: number
  readonly minorVersion: 0 | 1
  /** The head from its first byte to its empty line, one character per byte. */
  readonly text: string
  /** Of each field line the start, the colon and the end. */
  private _places: number[] | null = null

  constructor(head: MessageHead, text: string) {
    this.text = text
    this.fieldCount = head.fieldCount
    this.minorVersion = head.minorVersion
  }

  /**
   * The value of the field `name`, or null when there is none. The values of several lines are joined with `", "`
   * (RFC 9110 §5.3), those of Cookie with `"; "` (RFC 9113 §8.2.3 has the reason). Characters are bytes.
   */
  get(name: string): string | null {
    const i = this._find(name, 0)
    if (i < 0) return null
    return this._find(name, i + 3) < 0 ? this._value(i) : this.getAll(name).join(/^cookie$/i.test(name) ? '; ' : ', ')
  }

  /** The values of all lines of the field `name` in wire order; the only right way to read Set-Cookie. */
  getAll(name: string): string[] {
    const values: string[] = []
    for (let i = -3; (i = this._find(name, i + 3)) >= 0;) values.push(this._value(i))
    return values
  }

  has(name: string): boolean {
    return this._find(name, 0) >= 0
  }

  /** All field lines in wire order, names in lower case. */
  *[Symbol.iterator](): Iterator<[string, string]> {
    const places = this._index()
    for (let i = 0; i < places.length; i += 3)
      yield [this.text.slice(places[i], places[i + 1]).toLowerCase(), this._value(i)]
  }

  private _value(i: number): string {
    return trimmed(this.text, this._places![i + 1]! + 1, this._places![i + 2]!)
  }

  /** The first field line `name` from the place `from` in the index on, or -1. */
  private _find(name: string, from: number): number {
    const places = this._index()
    for (let i = from; i < places.length; i += 3) {
      const start = places[i]!
      let n = name.length
      if (places[i + 1]! - start !== n) continue
      while (n > 0 && lower(this.text.charCodeAt(start + n - 1)) === lower(name.charCodeAt(n - 1))) n--
      if (n === 0) return i
    }
    return -1
  }

  // the head has been validated, so its line ends and colons are where they seem to be
  private _index(): number[] {
    if (this._places === null) {
      const places: number[] = []
      let p = this.text.indexOf('\n') + 1
      for (let n = this.fieldCount; n > 0; n--) {
        const colon = this.text.indexOf(':', p)
        const lineEnd = this.text.indexOf('\r', colon)
        places.push(p, colon, lineEnd)
        p = lineEnd + 2
      }
      this._places = places
    }
    return this._places
  }
}

function lower(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c | 0x20 : c
}

/** A request head that outlives the buffer it came in and the {@link RequestHead} that read it. */
export class HeadSnapshot extends FieldsView {
  readonly method: string
  /** The request target as sent, nothing decoded. */
  readonly target: string
  readonly targetForm: TargetForm

  constructor(head: RequestHead, text: string) {
    super(head, text)
    this.method = head.method
    this.target = text.slice(head.targetStart - head.headStart, head.targetEnd - head.headStart)
    this.targetForm = head.targetForm
  }
}

/** A response head that outlives the buffer it came in and the {@link ResponseHead} that read it. */
export class ResponseSnapshot extends FieldsView {
  readonly status: number
  /** The reason phrase as sent; it may be empty. */
  readonly reason: string

  constructor(head: ResponseHead, text: string) {
    super(head, text)
    this.status = head.status
    this.reason = text.slice(head.reasonStart, head.reasonEnd)
  }
}
