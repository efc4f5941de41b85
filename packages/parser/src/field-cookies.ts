// Cookie and Set-Cookie (RFC 6265).
import { trimmed } from './bytes.ts'

/** How long a name with its value, and an attribute, may be for browsers. RFC 6265bis §5.6. */
const MOST_COOKIE = 4096
const MOST_ATTRIBUTE = 1024

/**
 * The cookies of a Cookie field in wire order, each as name and value: nothing is decoded, quotes are part of a value, and a name
 * may come twice. A cookie without an equals sign is a value without a name. RFC 6265 §4.2 and §5.4.
 */
export function parseCookies(value: string): [name: string, value: string][] {
  return value
    .split(';')
    .map((pair) => split(pair))
    .filter(([name, text]) => name !== '' || text !== '')
}

/** A Set-Cookie field as a browser reads it. */
export interface SetCookie {
  /** Empty for a cookie that has none. */
  readonly name: string
  readonly value: string
  /** Names in lower case; the last one counts. Attributes without a value, such as `httponly`, are empty strings. */
  readonly attributes: ReadonlyMap<string, string>
}

/**
 * Parses one Set-Cookie field as browsers do. RFC 6265 §5.2, with the changes of RFC 6265bis §5.6.
 *
 * @returns null for what browsers ignore: a control character, neither name nor value, or more than 4096 bytes of both
 */
export function parseSetCookie(value: string): SetCookie | null {
  if (/[^\t -~\x80-\uffff]/.test(value)) return null
  const [pair = '', ...rest] = value.split(';')
  const [name, text] = split(pair)
  if (name.length + text.length === 0 || name.length + text.length > MOST_COOKIE) return null
  const attributes = new Map<string, string>()
  for (const one of rest) {
    const [key, argument] = one.includes('=') ? split(one) : [trimmed(one, 0, one.length), '']
    if (key !== '' && argument.length <= MOST_ATTRIBUTE) attributes.set(key.toLowerCase(), argument)
  }
  return { name, value: text, attributes }
}

/** Name and value around the first equals sign. */
function split(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return [trimmed(pair, 0, Math.max(at, 0)), trimmed(pair, at + 1, pair.length)]
}
