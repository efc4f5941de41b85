import { smaller } from './bytes.ts'
import type { ParseErrorCode } from './errors.ts'
import { FieldSection } from './field-section.ts'
import { FramingFacts } from './framing.ts'
import { defaultHeadLimits } from './limits.ts'
import type { HeadLimits } from './limits.ts'
import { IDLE, METHOD, SECTION_END, SECTION_MORE } from './states.ts'
import { VERSION_LENGTH } from './version.ts'

/**
 * What the heads of requests and responses have in common: the field section, the facts about framing, errors, and the
 * places of the tokens, which are counted in bytes from the first byte that was given for the message.
 */
export abstract class MessageHead {
  /** 1 for every HTTP/1.x with x > 0 (RFC 9110 §2.5). */
  minorVersion: 0 | 1 = 1
  error: ParseErrorCode | undefined = undefined
  errorOffset: number = 0
  versionStart: number = 0
  /** Where the head ends: what `parse` returned. */
  headEnd: number = 0

  protected state: number = IDLE
  protected at: number = 0
  protected readonly limits: HeadLimits
  protected readonly fields: FieldSection
  protected readonly facts: FramingFacts

  constructor(limits: Partial<HeadLimits> | undefined, request: boolean) {
    this.limits = { ...defaultHeadLimits, ...limits }
    this.facts = new FramingFacts(request)
    this.fields = new FieldSection(this.limits.fields, this.limits.fieldLineBytes, this.facts)
  }

  /** Whether a part of a head, more than empty lines, has been seen. */
  get partial(): boolean {
    return this.state >= METHOD
  }

  /** Whether Content-Length is there. */
  get hasLength(): boolean {
    return this.facts.hasLength
  }

  /** The value of Content-Length, 0 without it. */
  get contentLength(): number {
    return this.facts.contentLength
  }

  /** Whether the sender lets the connection persist. RFC 9112 §9.3. */
  get keepAlive(): boolean {
    return this.facts.persistent
  }

  get versionEnd(): number {
    return this.versionStart + VERSION_LENGTH
  }

  /** Field lines of the head. */
  get fieldCount(): number {
    return this.fields.count
  }

  fieldNameStart(index: number): number {
    return this.fields.spans[index * 4]!
  }

  fieldNameEnd(index: number): number {
    return this.fields.spans[index * 4 + 1]!
  }

  /** The value without the whitespace around it. */
  fieldValueStart(index: number): number {
    return this.fields.spans[index * 4 + 2]!
  }

  fieldValueEnd(index: number): number {
    return this.fields.spans[index * 4 + 3]!
  }

  /** Forgets a partial head; the next `parse` starts a new one. */
  reset(): void {
    this.state = IDLE
    this.error = undefined
  }

  /** Reads on in the fields of the head that starts at `head`; > 0 when they are complete. */
  protected fieldSection(buf: Uint8Array, start: number, head: number, end: number): number {
    const { fields, facts } = this
    const last = smaller(end, head + this.limits.headBytes)
    const found = fields.scan(buf, start, last)
    if (found === SECTION_MORE) return this.short(fields.at, last < end)
    if (found !== SECTION_END) return this.fail(fields.error!, fields.at)
    const error = facts.finish()
    return error === undefined ? fields.at : this.fail(error, facts.errorOffset < 0 ? fields.at - 1 : facts.errorOffset)
  }

  /** The bytes end before the head does: because there are no more yet, or because the limit is reached. */
  protected short(at: number, limited: boolean): number {
    if (limited) return this.fail('HEAD_TOO_LARGE', at)
    this.at = at
    return 0
  }

  protected fail(error: ParseErrorCode, at: number): number {
    this.error = error
    this.errorOffset = at
    this.state = IDLE
    return -1
  }
}
