// Fields of replies: checked when they are set, and written as they were spelled.
import { parseContentLength } from '@spillway/parser/fields'
import { isFieldName, isFieldValue } from '@spillway/parser/serialize'
import { kindOf } from './guarded.ts'

/** Name, value, and the field line as it is written. */
const stride = 3

/** @internal The list of no fields at all: a single instance, so that it is recognized. */
export const noFields: readonly string[] = []

/**
 * The fields of a reply: a flat list in wire order. Names keep the case in which they were given, and are compared without regard to it.
 * Every name and value is checked when it is set, so a CR, LF or NUL cannot reach the wire (RFC 9110 §5.1, §5.5).
 */
export class ReplyHeaders implements Iterable<[name: string, value: string]> {
  #flat: readonly string[]
  #copied: boolean

  /** @param flat @internal the initial fields, made by {@link fieldLine}; shared until a field is changed. */
  constructor(flat: readonly string[] = noFields) {
    this.#flat = flat
    this.#copied = false
  }

  /** @internal Whether `flat` is shared and will not change: changing a field makes a copy. */
  get isShared(): boolean {
    return !this.#copied
  }

  /** @internal name, value, line, name, value, line, … */
  get flat(): readonly string[] {
    return this.#flat
  }

  /** Number of field lines. */
  get size(): number {
    return this.flat.length / stride
  }

  /** The value of a field; several lines are joined with a comma (RFC 9110 §5.3). Null when absent. */
  get(name: string): string | null {
    const { flat } = this
    let found: string | null = null
    for (let i = 0; i < flat.length; i += stride)
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
    for (let i = 0; i < this.flat.length; i += stride) if (sameName(this.flat[i]!, name)) return true
    return false
  }

  /**
   * Sets a field, replacing all its lines.
   * @throws TypeError when the name is not a token or the value contains a character that must not be sent.
   */
  set(name: string, value: string): this {
    const line = checkedLine(name, value)
    const flat = this.#writable()
    for (let i = 0; i < flat.length; i += stride) {
      if (!sameName(flat[i]!, name)) continue
      for (let j = flat.length - stride; j > i; j -= stride) if (sameName(flat[j]!, name)) flat.splice(j, stride)
      flat.splice(i, stride, ...line)
      return this
    }
    flat.push(...line)
    return this
  }

  /** Adds a field line after the existing ones. @throws TypeError as `set` does. */
  append(name: string, value: string): this {
    this.#writable().push(...checkedLine(name, value))
    return this
  }

  /** The same fields for another reply. They are shared until one of the two is changed, so a copy costs almost nothing. */
  clone(): ReplyHeaders {
    this.#copied = false
    return new ReplyHeaders(this.#flat)
  }

  delete(name: string): this {
    const flat = this.#writable()
    for (let i = flat.length - stride; i >= 0; i -= stride) if (sameName(flat[i]!, name)) flat.splice(i, stride)
    return this
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (let i = 0; i < this.flat.length; i += stride) yield [this.flat[i]!, this.flat[i + 1]!]
  }

  #writable(): string[] {
    if (!this.#copied) this.#flat = [...this.#flat]
    this.#copied = true
    return this.#flat as string[]
  }
}

/** The forms in which a reply's fields can be given. */
export type FieldsInit = Iterable<readonly [string, string]> | Readonly<Record<string, string>>

/**
 * Calls back with each field line that `init` stands for. Programs without types also give lists and nothing as values of an object: these
 * are a line for each entry, and no line.
 * @param take is told whether the line replaces others of its name: the first of each name of an object does.
 * @throws TypeError when it is neither an object nor iterable.
 */
function eachField(init: FieldsInit, take: (name: string, value: string, replaces: boolean) => void): void {
  if (typeof init !== 'object' || init === null)
    throw new TypeError(`Fields are an object or a list of pairs, not ${kindOf(init)}`)
  if (Symbol.iterator in init) {
    for (const [name, value] of init) take(name, value, false)
    return
  }
  for (const [name, value] of Object.entries<string | readonly string[] | null | undefined>(init))
    if (Array.isArray(value)) for (const [i, line] of (value as readonly string[]).entries()) take(name, line, i === 0)
    else if (value !== undefined && value !== null) take(name, value as string, true)
}

/** The field lines that `init` stands for. @throws TypeError when it is neither an object nor iterable. */
export function fieldPairs(init: FieldsInit): (readonly [name: string, value: string])[] {
  const pairs: (readonly [string, string])[] = []
  eachField(init, (name, value) => pairs.push([name, value]))
  return pairs
}

/** Adds the pairs of a list, or sets the fields of an object, which replace those of the same name. */
export function addHeaders(headers: ReplyHeaders, init: FieldsInit): void {
  eachField(init, (name, value, replaces) => {
    if (replaces) headers.set(name, value)
    else headers.append(name, value)
  })
}

/**
 * Adds the fields that the reply to an error must carry: those in `c.errorHeaders`. What the reply says itself counts more, except in
 * Vary and Set-Cookie, where all lines count. For layers that make replies of errors, as core does this for its own.
 * @returns the same reply.
 */
export function addErrorFields<R extends { readonly headers: ReplyHeaders }>(
  { errorHeaders }: { readonly errorHeaders: ReplyHeaders },
  reply: R,
): R {
  for (const [name, value] of errorHeaders)
    if (/^(?:vary|set-cookie)$/i.test(name)) reply.headers.append(name, value)
    else if (!reply.headers.has(name)) reply.headers.set(name, value)
  return reply
}

/** The number in a Content-Length that a handler has set. @throws RangeError when it is not a number of bytes. */
export function lengthOf(value: string): number {
  const length = parseContentLength(value)
  if (length === null) throw new RangeError(`Not a Content-Length: ${value}`)
  return length
}

/**
 * What fields said of the bytes of the content, which is encoded otherwise now: their length and digests (RFC 9530), that parts of
 * them can be had, and that the tag stands for every single byte.
 */
export function forgetBytes(headers: ReplyHeaders): void {
  for (const name of ['Content-Length', 'Content-MD5', 'Content-Digest', 'Repr-Digest', 'Accept-Ranges'])
    if (headers.has(name)) headers.delete(name)
  weakenTag(headers)
}

/** Says that two replies with this ETag may differ in their bytes, though not in what they mean (RFC 9110 §8.8.1). */
export function weakenTag(headers: ReplyHeaders): void {
  const etag = headers.get('ETag')
  if (etag?.startsWith('"')) headers.set('ETag', `W/${etag}`)
}

/** One entry of the flat list; name and value are known to be valid. */
export function fieldLine(name: string, value: string): [name: string, value: string, line: string] {
  return [name, value, `${name}: ${value}\r\n`]
}

/** @internal The field of plain text: a single list, so that it is recognized. */
export const textPlain: readonly string[] = fieldLine('Content-Type', 'text/plain; charset=utf-8')

function checkedLine(name: string, value: string): [name: string, value: string, line: string] {
  const text = typeof value === 'string' ? value : textOf(name, value)
  if (!isFieldName(name)) throw new TypeError(`Not a field name: ${JSON.stringify(name)}`)
  if (!isFieldValue(text)) throw new TypeError(`Not a value for field ${name}: ${JSON.stringify(text)}`)
  return fieldLine(name, text)
}

/** Of those who write no types: numbers and URLs have a text that is meant. */
function textOf(name: string, value: unknown): string {
  if (/^(?:number|bigint|boolean)$/.test(typeof value) || value instanceof URL) return String(value)
  throw new TypeError(`Not a value for field ${name}: ${kindOf(value)}`)
}

/** ASCII case-insensitive; field names are tokens, so `toLowerCase` folds nothing else. */
function sameName(a: string, b: string): boolean {
  return a === b || (a.length === b.length && a.toLowerCase() === b.toLowerCase())
}
