import { isFieldName, isFieldValue } from '@spillway/parser/serialize'

/**
 * The fields of a reply: a flat list in wire order. Names keep the case they were given in and compare without it.
 * Every name and value is checked when it is set, so a CR, LF or NUL cannot reach the wire (RFC 9110 §5.1, §5.5).
 */
export class ReplyHeaders implements Iterable<[name: string, value: string]> {
  /** @internal name, value, name, value, …; only checked or constant strings may be put here. */
  readonly flat: string[]

  /** @internal `flat` is taken over, not copied. */
  constructor(flat: string[] = []) {
    this.flat = flat
  }

  /** Number of field lines. */
  get size(): number {
    return this.flat.length / 2
  }

  /** The value of a field; several lines are joined with a comma (RFC 9110 §5.3). Null when absent. */
  get(name: string): string | null {
    const { flat } = this
    let found: string | null = null
    for (let i = 0; i < flat.length; i += 2)
      if (sameName(flat[i]!, name)) found = found === null ? flat[i + 1]! : `${found}, ${flat[i + 1]!}`
    return found
  }

  /** Every Set-Cookie value, one a line; they cannot be joined (RFC 9110 §5.3). */
  getSetCookie(): string[] {
    const values: string[] = []
    for (const [name, value] of this) if (sameName(name, 'set-cookie')) values.push(value)
    return values
  }

  has(name: string): boolean {
    for (let i = 0; i < this.flat.length; i += 2) if (sameName(this.flat[i]!, name)) return true
    return false
  }

  /**
   * Sets a field, replacing all its lines.
   * @throws TypeError when the name is not a token or the value has a character that may not be sent.
   */
  set(name: string, value: string): this {
    const text = checked(name, value)
    const { flat } = this
    for (let i = 0; i < flat.length; i += 2) {
      if (!sameName(flat[i]!, name)) continue
      flat[i + 1] = text
      for (let j = flat.length - 2; j > i; j -= 2) if (sameName(flat[j]!, name)) flat.splice(j, 2)
      return this
    }
    flat.push(name, text)
    return this
  }

  /** Adds a field line behind those there are. @throws TypeError as `set` does. */
  append(name: string, value: string): this {
    this.flat.push(name, checked(name, value))
    return this
  }

  delete(name: string): this {
    const { flat } = this
    for (let i = flat.length - 2; i >= 0; i -= 2) if (sameName(flat[i]!, name)) flat.splice(i, 2)
    return this
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (let i = 0; i < this.flat.length; i += 2) yield [this.flat[i]!, this.flat[i + 1]!]
  }
}

/** What a reply's fields can be given as. */
export type HeadersInit = Iterable<readonly [string, string]> | Readonly<Record<string, string>>

/** Sets every field of `init`; a name that comes twice keeps both lines. */
export function addHeaders(headers: ReplyHeaders, init: HeadersInit): void {
  if (Symbol.iterator in init) for (const [name, value] of init) headers.append(name, value)
  else for (const name of Object.keys(init)) headers.set(name, init[name]!)
}

function checked(name: string, value: string): string {
  const text = typeof value === 'string' ? value : String(value)
  if (!isFieldName(name)) throw new TypeError(`Not a field name: ${JSON.stringify(name)}`)
  if (!isFieldValue(text)) throw new TypeError(`Not a value for field ${name}: ${JSON.stringify(text)}`)
  return text
}

/** ASCII case-insensitive; field names are tokens, so `toLowerCase` folds nothing else. */
function sameName(a: string, b: string): boolean {
  return a === b || (a.length === b.length && a.toLowerCase() === b.toLowerCase())
}
