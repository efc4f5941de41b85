// Cache-Control (RFC 9111 §5.2).
import { tokenList, unquote } from './field-lists.ts'

/** The directives of Cache-Control: names in lower case, with their arguments if they have one. RFC 9111 §5.2. */
export type CacheControl = ReadonlyMap<string, string | undefined>

/** More seconds than anybody could mean. RFC 9111 §1.2.2. */
const forever = 0x80_00_00_00

/**
 * Parses Cache-Control, of requests and responses. RFC 9111 §5.2. An argument may be quoted whatever its directive. A malformed one
 * becomes `malformed`, and a directive that comes twice with different arguments gets the argument `conflict`, so that
 * {@link deltaSeconds} treats both as stale.
 */
export function parseCacheControl(value: string): CacheControl {
  const directives = new Map<string, string | undefined>()
  for (const member of tokenList(value)) {
    const at = member.indexOf('=')
    const name = (at < 0 ? member : member.slice(0, at)).trim().toLowerCase()
    const raw = at < 0 ? undefined : member.slice(at + 1).trim()
    const argument = raw?.startsWith('"') === true ? (unquote(raw) ?? 'malformed') : raw
    directives.set(name, directives.has(name) && directives.get(name) !== argument ? 'conflict' : argument)
  }
  return directives
}

/**
 * The seconds that a directive gives, at most 2^31; undefined when it is not there. A value that is not a number of seconds is 0: nobody
 * knows what was meant, and treating it as stale is the safe choice. RFC 9111 §1.2.2 and §4.2.1.
 */
export function deltaSeconds(directives: CacheControl, name: string): number | undefined {
  if (!directives.has(name)) return undefined
  const argument = directives.get(name) ?? ''
  return /^\d+$/.test(argument) ? Math.min(Number(argument), forever) : 0
}
