import type { RequestHeaders } from '@spillway/core'
import { parseHttpDate } from './http-date.ts'

/** What tells one version of a file from another (RFC 9110 §8.8). */
export interface Validators {
  readonly etag: string
  /** Seconds since 1970. */
  readonly modified: number
}

/**
 * Whether the client of a GET or HEAD already has this version. If-None-Match decides alone when it is there; only
 * without it If-Modified-Since is looked at (RFC 9110 §13.2.2).
 */
export function isNotModified(headers: RequestHeaders, validators: Validators): boolean {
  const tags = headers.get('if-none-match')
  if (tags !== null) return tags.trim() === '*' || listsTag(tags, validators.etag)
  const since = headers.get('if-modified-since')
  const date = since === null ? undefined : parseHttpDate(since)
  return date !== undefined && validators.modified <= date
}

/** Weak comparison: `W/` makes no difference (RFC 9110 §8.8.3.2). One pass, and a malformed list matches nothing more. */
function listsTag(list: string, etag: string): boolean {
  const wanted = etag.slice(etag.indexOf('"'))
  for (let i = 0; i < list.length;) {
    const c = list[i]
    if (c === ',' || c === ' ' || c === '\t') {
      i++
      continue
    }
    if (list.startsWith('W/', i)) i += 2
    const end = list[i] === '"' ? list.indexOf('"', i + 1) : -1
    if (end < 0) return false
    if (list.slice(i, end + 1) === wanted) return true
    i = end + 1
  }
  return false
}
