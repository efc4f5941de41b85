import { decodeLatin1 } from './bytes.ts'
import type { ParseErrorCode } from './errors.ts'
import { FieldSection } from './field-section.ts'
import type { BodyLimits } from './limits.ts'
import { SECTION_END, SECTION_MORE } from './states.ts'

/**
 * Fields that mean nothing in a trailer section, or harm: framing, routing, request modifiers, authentication, response
 * control, and how the content is to be read. RFC 9110 §6.5.1 lets a recipient drop them.
 */
const dropped: ReadonlySet<string> = /* @__PURE__ */ new Set(
  (
    'connection,content-encoding,content-length,content-range,content-type,host,keep-alive,te,trailer,transfer-encoding,' +
    'upgrade,cache-control,expect,max-forwards,pragma,range,if-match,if-none-match,if-modified-since,if-unmodified-since,' +
    'if-range,authorization,proxy-authorization,proxy-authenticate,www-authenticate,proxy-connection,cookie,set-cookie,' +
    'age,expires,date,location,retry-after,vary,warning'
  ).split(','),
)

/** Collects the trailer section of one chunked body. The bytes are copied: trailers are short and rare. */
export class TrailerSection {
  done: boolean = false
  error: ParseErrorCode | undefined = undefined
  /** The fields that were kept, or null. */
  fields: [string, string][] | null = null
  private bytes: Uint8Array = new Uint8Array(256)
  private length: number = 0
  private readonly section: FieldSection
  private readonly maxBytes: number

  constructor(limits: BodyLimits) {
    this.maxBytes = limits.trailerBytes
    this.section = new FieldSection(limits.trailerFields, limits.trailerBytes, null)
    this.section.begin(0)
  }

  /** Takes `buf` from `from` to `end`; gives how many of these bytes belong to the section or come before the offending one. */
  feed(buf: Uint8Array, from: number, end: number): number {
    const before = this.length
    const piece = buf.subarray(from, Math.min(end, from + this.maxBytes - before))
    this.append(piece)
    const { section } = this
    const found = section.scan(this.bytes, 0, this.length)
    if (found === SECTION_END) {
      this.done = true
      this.collect()
    } else if (found !== SECTION_MORE)
      this.error = section.error === 'TOO_MANY_FIELDS' ? 'TOO_MANY_TRAILERS' : section.error
    else if (from + piece.length < end) this.error = 'TRAILERS_TOO_LARGE'
    return section.at - before
  }

  private append(piece: Uint8Array): void {
    const needed = this.length + piece.length
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
    }
    this.bytes.set(piece, this.length)
    this.length = needed
  }

  private collect(): void {
    const { spans, count } = this.section
    const text = decodeLatin1(this.bytes, 0, this.section.at)
    for (let i = 0; i < count * 4; i += 4) {
      const name = text.slice(spans[i], spans[i + 1]).toLowerCase()
      if (dropped.has(name)) continue
      this.fields ??= []
      this.fields.push([name, text.slice(spans[i + 2], spans[i + 3])])
    }
  }
}
