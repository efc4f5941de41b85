// Paths that programs may read in several ways, and all of these readings.
import { decodeOctets, resolveDots } from './path.ts'

/**
 * Other ways to read a path. Servers behind a proxy merge slashes, take `%2F` and backslashes for slashes, cut off everything after
 * a semicolon, or decode twice; each of them may find another resource than we do, perhaps one that is guarded here
 * (CVE-2019-9901, CVE-2021-29492). Dots at the end of a segment are not among them, because no server drops these.
 */

/** A path without any of these can be read in one way only. */
const doubtful = /[;\\]|\/\/|%(?:25|2f|3b|5c)/i
const encodedOctet = /%25([\da-f]{2})/gi
const encodedAscii = /%25([2-7][\da-f])/gi
/** Bounds the cost of one request. Servers are known to decode twice; a third time allows for a proxy in between. */
const decodings = 3

/** Whether servers may disagree about what a path means. */
export function isDoubtful(raw: string): boolean {
  return doubtful.test(raw)
}

/** All plausible readings of a path, each in normal form. @param raw as sent, and known to have a normal form. */
export function readingsOf(raw: string): Set<string> {
  const decoded = new Set(decodingsOf(raw))
  const cut = each(decoded, (path) => [path, withoutParameters(path)])
  const slashed = each(cut, (path) => [
    path,
    path.replaceAll('%2F', '/'),
    path.replaceAll('%5C', '/'),
    allSlashes(path),
  ])
  const cutAgain = each(slashed, (path) => [path, withoutParameters(path)])
  return each(cutAgain, (path) => {
    const resolved = resolveDots(path)
    return [resolved, mergeSlashes(resolved), resolveDots(mergeSlashes(path))]
  })
}

function each(paths: ReadonlySet<string>, read: (path: string) => readonly string[]): Set<string> {
  return new Set([...paths].flatMap(read))
}

/** The path decoded once, twice, and so on, as long as that makes a difference. */
function decodingsOf(raw: string): string[] {
  const all: string[] = []
  let path = decodeOctets(raw)!
  while (all.length < decodings && path !== all.at(-1)) {
    all.push(path)
    // An octet that is not valid UTF-8 must not keep the rest from being decoded.
    path = decodeOctets(path.replace(encodedOctet, '%$1')) ?? decodeOctets(path.replace(encodedAscii, '%$1')) ?? path
  }
  return all
}

function allSlashes(path: string): string {
  return path.replace(/%2F|%5C/g, '/')
}

function mergeSlashes(path: string): string {
  return path.replace(/\/\/+/g, '/')
}

/** RFC 3986 §3.3: some servers take what follows a semicolon for parameters of the segment, as in `..;/`. */
function withoutParameters(path: string): string {
  return path.replace(/;[^/]*/g, '')
}
