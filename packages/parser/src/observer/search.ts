// Finds the start of a message among unknown bytes, by what only a start line contains.
import { decodeLatin1, isDigit } from '../bytes.ts'

const version = 'HTTP/1.'
/** A longer start line is not found. */
const MOST_TARGET = 16_384
/** The part that is searched for, the version and what follows it, is not longer in either kind of message. */
export const MOST_SOUGHT = 13

/**
 * Where a request or response seems to start in `bytes` between `first` and `end`; or the complement of the position before which
 * there can be no part of a start line.
 *
 * @param from a position before which there is no version
 */
export function findStart(
  bytes: Uint8Array,
  first: number,
  from: number,
  end: number,
  kind: 'request' | 'response',
): number {
  const text = decodeLatin1(bytes, from, end)
  for (let at = text.indexOf(version); at >= 0; at = text.indexOf(version, at + 1)) {
    const behind = at + version.length
    if (kind === 'response') {
      const line = text.slice(behind, behind + 6)
      if (/^\d [1-9]\d\d[ \r\n]$/.test(line)) return from + at
      if (line.length < 6) return ~(from + at)
    } else if (isDigit(text.charCodeAt(behind)) && /^\r?\n/.test(text.slice(behind + 1, behind + 3))) {
      const start = requestStart(bytes, first, from + at)
      if (start >= 0) return start
    }
  }
  return ~Math.max(first, end - (kind === 'response' ? version.length : MOST_TARGET))
}

/** Where the request line starts whose version is at `at`, or -1; not before `first`. */
function requestStart(bytes: Uint8Array, first: number, at: number): number {
  let p = at - 1
  if (p < first || bytes[p] !== 0x20) return -1
  while (p > first && at - p < MOST_TARGET && bytes[p - 1]! > 0x20) p--
  if (p === at - 1 || p === first || bytes[p - 1] !== 0x20) return -1
  const end = --p
  while (p > first && end - p < 20 && /[A-Z-]/.test(String.fromCharCode(bytes[p - 1]!))) p--
  return end - p < 3 ? -1 : p
}
