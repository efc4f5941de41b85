import type { Context } from '@spillway/core'

// decision 022
/**
 * The words of an indexed query (RFC 3875 §4.4): for GET and HEAD, without a bare `=`. All of them or none: there are none
 * when one is malformed, contains a NUL, or begins with a hyphen and so could be an option (CVE-2012-1823).
 */
export function queryWords({ method, search }: Context<any, any>): readonly string[] {
  const query = search.slice(1)
  if ((method !== 'GET' && method !== 'HEAD') || query === '' || query.includes('=')) return []
  try {
    const words = query.split('+').map((word) => decodeURIComponent(word))
    return words.some((word) => word === '' || word.startsWith('-') || word.includes('\0')) ? [] : words
  } catch {
    return []
  }
}
