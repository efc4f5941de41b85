import type { Field } from './field.ts'

/** The fields of an HTTP/2 message, for lookups as in HTTP/1: names are case-insensitive (RFC 9110 §5.1). */
export class FieldList {
  /** In wire order, without pseudo-fields. */
  readonly fields: readonly Field[]

  constructor(fields: readonly Field[]) {
    this.fields = fields
  }

  get fieldCount(): number {
    return this.fields.length
  }

  /** The value of the field `name`, or null when there is none. Several are joined with `", "` (RFC 9110 §5.3). */
  get(name: string): string | null {
    const wanted = name.toLowerCase()
    let found: string | null = null
    for (const field of this.fields)
      if (field.name === wanted) found = found === null ? field.value : `${found}, ${field.value}`
    return found
  }

  /** The values of all lines of the field `name` in wire order; the only correct way to read Set-Cookie. */
  getAll(name: string): string[] {
    const wanted = name.toLowerCase()
    return this.fields.filter((field) => field.name === wanted).map(({ value }) => value)
  }

  has(name: string): boolean {
    const wanted = name.toLowerCase()
    return this.fields.some((field) => field.name === wanted)
  }

  /** All fields in wire order; names are in lower case. */
  *[Symbol.iterator](): Iterator<[string, string]> {
    for (const { name, value } of this.fields) yield [name, value]
  }
}
