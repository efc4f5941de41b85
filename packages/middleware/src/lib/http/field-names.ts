// Names of fields that programs behind us cannot tell from others.
import { isToken } from '@spillway/parser/serialize'

/**
 * Servers that give fields to programs as variables (CGI, and so FastCGI, WSGI, Rack and PHP) write an underscore for every
 * hyphen, and some of them for every character that is neither letter nor digit: `X_Real_IP`, `X.Real.IP` and `X-Real-IP` are one
 * there. A field under such a name is one that nobody in front has looked at (CVE-2025-64484), so it stays here.
 */
const plain = /^[a-z\d-]+$/

/** Whether a name, in lower case, is the same to every server. */
export function isPlainName(name: string): boolean {
  return plain.test(name)
}

/** The plain name that others may take a name for. */
export function foldedName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z\d]/g, '-')
}

/**
 * The names of an option that lets fields pass, in lower case.
 * @param reserved names that must not be said by a client, however they are spelled.
 * @throws TypeError for what is no name, and for one that would be taken for a reserved one.
 */
export function passableNames(names: readonly string[], reserved: ReadonlySet<string>): ReadonlySet<string> {
  for (const name of names) {
    if (!isToken(name)) throw new TypeError(`Not the name of a field: ${JSON.stringify(name)}`)
    if (reserved.has(foldedName(name))) throw new TypeError(`A client must not say ${foldedName(name)}: ${name}`)
  }
  return new Set(names.map((name) => name.toLowerCase()))
}
