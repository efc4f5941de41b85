// Field values that are lists, and what their members are made of (RFC 9110 §5.6).
import { check, consistsOf, isToken, trimmed, VALUE } from './bytes.ts'

/** The members of a comma-separated list without the empty ones. RFC 9110 §5.6.1. Commas in quoted strings do not separate. */
export function tokenList(value: string): string[] {
  return members(value, ',')
}

/** Whether the list `value` has the member `token`, in any case: `hasToken('Keep-Alive, Close', 'close')`. RFC 9110 §5.6.1. */
export function hasToken(value: string, token: string): boolean {
  return tokenList(value.toLowerCase()).includes(token.toLowerCase())
}

/** The number in Content-Length, or null when it is not only digits or above 2^53 - 1. RFC 9110 §8.6. */
export function parseContentLength(value: string): number | null {
  return /^\d{1,20}$/.test(value) && Number(value) <= Number.MAX_SAFE_INTEGER ? Number(value) : null
}

/** The text that a quoted string stands for, or null when `value` is not one. RFC 9110 §5.6.4. */
export function unquote(value: string): string | null {
  return /^"(?:[^"\\]|\\.)*"$/.test(value) && consistsOf(value, VALUE)
    ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1')
    : null
}

/**
 * `text` as a quoted string. RFC 9110 §5.6.4.
 *
 * @throws {TypeError} when it contains a control character or one above U+00FF
 */
export function quote(text: string): string {
  check(consistsOf(text, VALUE), 'quoted string')
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

/** A value with parameters, as in `text/html; charset=utf-8`. */
export interface Parameterized {
  /** What comes before the first semicolon, as sent. */
  readonly value: string
  /** Names in lower case; quoted values unquoted. */
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Reads `value *( OWS ";" OWS [ name "=" ( token / quoted-string ) ] )`: Content-Type, Content-Disposition, and the members
 * of lists such as Accept. RFC 9110 §5.6.6.
 *
 * @returns null when a parameter is malformed or repeated (readers would disagree about which one counts), or the value
 * before them is empty
 */
export function parseParameters(value: string): Parameterized | null {
  // the value would be empty or hold a quote
  if (/^[\t ]*(;|$)|^[^;]*"/.test(value)) return null
  const [first, ...rest] = members(value, ';')
  const parameters = new Map<string, string>()
  for (const parameter of rest) {
    const [, name = '', sent = ''] = /^([^=]*)=(.*)$/.exec(parameter) ?? []
    const text = isToken(sent) ? sent : unquote(sent)
    const key = name.toLowerCase()
    if (!isToken(name) || text === null || parameters.has(key)) return null
    parameters.set(key, text)
  }
  return { value: first!, parameters }
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
  const list: Weighted[] = []
  for (const member of tokenList(value)) {
    const parts = members(member, ';')
    // what follows the weight used to be an extension of Accept, and is ignored
    const weight = parts.findIndex((part, i) => i > 0 && /^q[\t =]|^q$/i.test(part))
    const end = weight < 0 ? parts.length : weight
    const [range, ...parameters] = parts.slice(0, end)
    // 0 or 1 with at most three decimals, the latter's being zeros
    const q = weight < 0 ? '1' : /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i.exec(parts[weight]!)?.[1]
    if (
      q === undefined ||
      range === undefined ||
      !range.split('/', 3).every((part, i) => i < 2 && isToken(part)) ||
      !parameters.every(isParameter)
    )
      continue
    list.push({ value: [range, ...parameters].join(';').toLowerCase(), q: Number(q) })
  }
  return list.toSorted((a, b) => b.q - a.q)
}

/** `name=value`, the value a token or quoted. */
function isParameter(text: string): boolean {
  const [, name = '', sent = ''] = /^([^=]*)=(.*)$/.exec(text) ?? []
  return isToken(name) && (isToken(sent) || unquote(sent) !== null)
}

/**
 * The trimmed parts between separators outside quoted strings, without empty ones. A quote that is never closed
 * is an ordinary character, and so is every quote after it.
 */
export function members(value: string, separator: ',' | ';'): string[] {
  const parts: string[] = []
  const end = /["\\]/g
  let from = 0
  let quotes = true
  for (let i = 0; i <= value.length; i++) {
    if (i === value.length || value[i] === separator) {
      const part = trimmed(value, from, i)
      if (part !== '') parts.push(part)
      from = i + 1
    } else if (quotes && value[i] === '"') {
      end.lastIndex = i + 1
      let m: RegExpExecArray | null
      while ((m = end.exec(value)) !== null && m[0] === '\\') end.lastIndex++
      quotes = m !== null
      if (m !== null) i = m.index
    }
  }
  return parts
}
