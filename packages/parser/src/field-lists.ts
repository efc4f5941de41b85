import { BACKSLASH, classes, COMMA, DQUOTE, isBlank, QDTEXT, SEMICOLON, TCHAR, VALUE } from './bytes.ts'

/** The members of a comma-separated list without the empty ones. RFC 9110 §5.6.1. Commas in quoted strings do not separate. */
export function tokenList(value: string): string[] {
  return split(value, COMMA)
}

/** Whether the list `value` has the member `token`, in any case: `hasToken('Keep-Alive, Close', 'close')`. RFC 9110 §5.6.1. */
export function hasToken(value: string, token: string): boolean {
  const wanted = token.toLowerCase()
  return split(value, COMMA).some((member) => member.toLowerCase() === wanted)
}

/** The number that Content-Length gives, or null when it is not digits only or above 2^53 - 1. RFC 9110 §8.6. */
export function parseContentLength(value: string): number | null {
  if (value === '' || value.length > 20) return null
  let number = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return null
    number = number * 10 + digit
  }
  return number <= Number.MAX_SAFE_INTEGER ? number : null
}

/** The text that a quoted string stands for, or null when `value` is none. RFC 9110 §5.6.4. */
export function unquote(value: string): string | null {
  const end = value.length - 1
  if (end < 1 || value.charCodeAt(0) !== DQUOTE || value.charCodeAt(end) !== DQUOTE) return null
  let text = ''
  for (let i = 1; i < end; i++) {
    let c = value.charCodeAt(i)
    if (c === BACKSLASH) {
      i++
      c = value.charCodeAt(i)
      if (i === end || !isOf(c, VALUE)) return null
    } else if (!isOf(c, QDTEXT)) return null
    text += value[i]
  }
  return text
}

/**
 * `text` as a quoted string. RFC 9110 §5.6.4.
 *
 * @throws {TypeError} when it holds a control character or one above U+00FF
 */
export function quote(text: string): string {
  let quoted = '"'
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (!isOf(c, VALUE)) throw new TypeError('A quoted string holds no control characters and nothing above U+00FF')
    quoted += c === DQUOTE || c === BACKSLASH ? `\\${text[i]}` : text[i]
  }
  return `${quoted}"`
}

/** A value with parameters, as in `text/html; charset=utf-8`. */
export interface Parameterized {
  /** What comes before the first semicolon, as sent. */
  readonly value: string
  /** Names in lower case; quoted values unquoted. Of a repeated name the first one counts. */
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Reads `value *( OWS ";" OWS [ name "=" ( token / quoted-string ) ] )`: Content-Type, Content-Disposition, and the members
 * of lists such as Accept. RFC 9110 §5.6.6.
 *
 * @returns null when a parameter is not well formed or the value before it is empty
 */
export function parseParameters(value: string): Parameterized | null {
  const [first = '', ...rest] = split(value, SEMICOLON)
  if (first === '' || first.includes('"') || /^[ \t]*;/.test(value)) return null
  const parameters = new Map<string, string>()
  for (const parameter of rest) {
    const equals = parameter.indexOf('=')
    const name = parameter.slice(0, Math.max(0, equals)).toLowerCase()
    const raw = parameter.slice(equals + 1)
    const text = raw.startsWith('"') ? unquote(raw) : isToken(raw) ? raw : null
    if (text === null || !isToken(name)) return null
    if (!parameters.has(name)) parameters.set(name, text)
  }
  return { value: first, parameters }
}

/** A member of a list with its weight. */
export interface Weighted {
  /** In lower case, with its parameters other than `q`. */
  readonly value: string
  /** From 0 (not acceptable) to 1. */
  readonly q: number
}

/**
 * Reads lists with weights: Accept, Accept-Encoding, Accept-Language, TE. The best come first, equal ones in wire order.
 * Members that are not well formed are left out. RFC 9110 §12.4.2.
 */
export function parseQualityList(value: string): Weighted[] {
  const members: Weighted[] = []
  for (const member of split(value, COMMA)) {
    const parts = split(member, SEMICOLON)
    let q: number | null = 1
    const kept: string[] = []
    for (const part of parts) {
      const weight = kept.length > 0 && /^q=/i.test(part)
      if (weight) q = parseWeight(part.slice(2))
      else kept.push(part)
      // what follows the weight was an extension of Accept once and is ignored
      if (weight) break
    }
    if (q !== null && kept.length > 0) members.push({ value: kept.join(';').toLowerCase(), q })
  }
  return members.toSorted((a, b) => b.q - a.q)
}

/** `0` or `1` with at most three decimals, the latter's being zeros. */
function parseWeight(text: string): number | null {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : null
}

/** The trimmed parts between separators that stand outside quoted strings, without the empty ones. */
function split(value: string, separator: number): string[] {
  const parts: string[] = []
  let from = 0
  let quoted = false
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (quoted && c === BACKSLASH) i++
    else if (c === DQUOTE) quoted = !quoted
    else if (c === separator && !quoted) {
      append(parts, value, from, i)
      from = i + 1
    }
  }
  append(parts, value, from, value.length)
  return parts
}

function append(parts: string[], value: string, from: number, to: number): void {
  const part = trimBlank(value, from, to)
  if (part !== '') parts.push(part)
}

/** `value` from `from` to `to` without SP and HTAB around it: `String.prototype.trim` takes more than HTTP allows. */
export function trimBlank(value: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(value.charCodeAt(start))) start++
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isOf(text.charCodeAt(i), TCHAR)) return false
  return text !== ''
}

function isOf(c: number, flag: number): boolean {
  return ((classes[c] ?? 0) & flag) !== 0
}
