// Names of fields that programs behind us cannot tell apart.
import { isToken } from '@spillway/parser/serialize'

/**
 * Servers that pass fields to programs as variables (CGI, and so FastCGI, WSGI, Rack and PHP) replace every hyphen with an underscore,
 * and some of them every character that is neither letter nor digit: `X_Real_IP`, `X.Real.IP` and `X-Real-IP` become the same
 * name. A field under such a name was not checked by anybody in front (CVE-2025-64484), so it is not passed on.
 */
const plain = /^[a-z\d-]+$/

/** Whether every server reads a name, in lower case, in the same way. */
export function isPlainName(name: string): boolean {
  return plain.test(name)
}

/** The plain name for which others may take a name. */
export function foldedName(name: string): string {
  const lower = name.toLowerCase()
  return plain.test(lower) ? lower : lower.replaceAll(/[^a-z\d]/g, '-')
}

/**
 * The names in an option that lets fields pass, in lower case.
 * @param reserved names that a client must not be able to send, however they are spelled.
 * @throws TypeError for an invalid name, and for one that could be taken for a reserved one.
 */
export function passableNames(names: readonly string[], reserved: ReadonlySet<string>): ReadonlySet<string> {
  for (const name of names) {
    if (!isToken(name)) throw new TypeError(`Not the name of a field: ${JSON.stringify(name)}`)
    if (reserved.has(foldedName(name))) throw new TypeError(`A client must not say ${foldedName(name)}: ${name}`)
  }
  return new Set(names.map((name) => name.toLowerCase()))
}
