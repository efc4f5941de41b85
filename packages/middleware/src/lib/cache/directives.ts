import { tokenList, unquote } from '@spillway/parser/fields'

/** The directives of a Cache-Control field (RFC 9111 §5.2): names in lower case, with their arguments if they have one. */
export type Directives = ReadonlyMap<string, string | undefined>

const none: Directives = /* @__PURE__ */ new Map()

/** More seconds than anybody means (§1.2.2). */
const forever = 2 ** 31

/** Reads a Cache-Control field. A directive that comes twice with different arguments has the argument `conflict`. */
export function readDirectives(value: string | null): Directives {
  if (value === null) return none
  const directives = new Map<string, string | undefined>()
  for (const member of tokenList(value)) {
    const at = member.indexOf('=')
    const name = (at < 0 ? member : member.slice(0, at)).trim().toLowerCase()
    const raw = at < 0 ? undefined : member.slice(at + 1).trim()
    const argument = raw?.startsWith('"') ? (unquote(raw) ?? 'malformed') : raw
    directives.set(name, directives.has(name) && directives.get(name) !== argument ? 'conflict' : argument)
  }
  return directives
}

/**
 * The seconds that a directive gives; undefined when it is not there. What is no number of seconds is 0: nobody knows
 * what was meant, and to be stale is the safe side (§4.2.1).
 */
export function secondsOf(directives: Directives, name: string): number | undefined {
  if (!directives.has(name)) return undefined
  const argument = directives.get(name) ?? ''
  return /^\d+$/.test(argument) ? Math.min(Number(argument), forever) : 0
}
