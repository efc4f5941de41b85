import { isDigit } from '../bytes.ts'

/*
 * Finds the start of a message among bytes of which nothing is known, by what only a start line has.
 */

const version = 'HTTP/1.'
/** A longer start line is not found. */
const MOST_TARGET = 16_384

/** Where a request or response seems to start in `text`; or the complement of how much of it can be no part of a start line. */
export function findStart(text: string, kind: 'request' | 'response'): number {
  for (let at = text.indexOf(version); at >= 0; at = text.indexOf(version, at + 1)) {
    const behind = at + version.length
    if (kind === 'response') {
      const line = text.slice(behind, behind + 6)
      if (/^\d [1-9]\d\d[ \r\n]$/.test(line)) return at
      if (line.length < 6) return ~at
    } else if (isDigit(text.charCodeAt(behind)) && /^\r?\n/.test(text.slice(behind + 1, behind + 3))) {
      const start = requestStart(text, at)
      if (start >= 0) return start
    }
  }
  const tail = kind === 'response' ? version.length : MOST_TARGET
  return ~Math.max(0, text.length - tail)
}

/** Where the request line starts whose version is at `at`, or -1. */
function requestStart(text: string, at: number): number {
  let p = at - 1
  if (text[p] !== ' ') return -1
  while (p > 0 && at - p < MOST_TARGET && text.charCodeAt(p - 1) > 0x20) p--
  if (p === at - 1 || text[p - 1] !== ' ') return -1
  const end = --p
  while (p > 0 && end - p < 20 && /[A-Z-]/.test(text[p - 1]!)) p--
  return end - p < 3 ? -1 : p
}
