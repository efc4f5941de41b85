import { append, decodeLatin1, own, smaller } from './bytes.ts'
import { TOO_MANY_FIELDS, TOO_MANY_TRAILERS, TRAILERS_TOO_LARGE } from './codes.ts'
import { FieldSection } from './field-section.ts'
import type { BodyLimits } from './limits.ts'
import { LINE } from './states.ts'
import { isTrailerField } from './trailer-names.ts'

/** Collects the trailer section of one chunked body. Only a section that comes in pieces is copied. */
export class TrailerSection extends FieldSection {
  /** The fields that were kept, or null. */
  fields: [string, string][] | null = null
  /** What has come so far, when that was not all. */
  private _bytes: Uint8Array = new Uint8Array(0)
  private _length: number = 0
  private readonly _maxBytes: number

  constructor(limits: BodyLimits) {
    super(limits.trailerFields, limits.trailerBytes)
    this._maxBytes = limits.trailerBytes
    this._state = LINE
  }

  /** Takes `buf` from `from` to `end`; gives how many of these bytes belong to the section, or all and one more when it goes on. */
  feed(buf: Uint8Array, from: number, end: number): number {
    const before = this._length
    const piece = buf.subarray(from, smaller(end, from + this._maxBytes - before))
    const bytes = before > 0 ? (this._bytes = append(this._bytes, before, piece)) : piece
    this._length += piece.length
    const found = this._scan(bytes, this._length)
    if (found > 0) this._collect(bytes)
    else if (this._error === TOO_MANY_FIELDS) this._error = TOO_MANY_TRAILERS
    else if (found === 0) {
      if (piece.length < end - from) this._fail(TRAILERS_TOO_LARGE, this._at)
      else {
        if (before === 0) this._bytes = append(this._bytes, 0, piece)
        return end - from + 1
      }
    }
    return (found > 0 ? this._at : this.errorOffset) - before
  }

  override _field(): number {
    return 0
  }

  private _collect(bytes: Uint8Array): void {
    const { spans } = this
    const text = decodeLatin1(bytes, 0, this._at)
    for (let i = 0; i < this.fieldCount * 4; i += 4) {
      const name = own(text.slice(spans[i], spans[i + 1]).toLowerCase())
      // A recipient may drop what has no business here (RFC 9110 §6.5.1).
      if (!isTrailerField(name)) continue
      this.fields ??= []
      this.fields.push([name, own(text.slice(spans[i + 2], spans[i + 3]))])
    }
  }
}
