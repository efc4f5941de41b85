// If-Match and the like (RFC 9110 §13.2).
import type { RequestHeaders } from '@spillway/core'
import { type EntityTag, matchesTag, parseDate, parseEntityTag, parseEntityTags } from '@spillway/parser/fields'

/** What distinguishes one version of a resource from another (RFC 9110 §8.8). */
export interface Validators {
  /** As in the field: `"abc"`, or `W/"abc"` when versions with this tag may differ in their bytes. */
  readonly etag?: string | undefined
  /** The time of the last change: milliseconds since 1970, or a Date. Compared in whole seconds, as the fields have no fractions. */
  readonly modified?: number | Date | undefined
}

/**
 * Evaluates the conditions of a request for a version, in the order of RFC 9110 §13.2.2: If-Match, or else
 * If-Unmodified-Since; then If-None-Match, or else If-Modified-Since. A malformed condition counts as not met if it consists
 * of tags, and as missing if it is a date (§13.1.3).
 * @param current null when there is no version yet.
 * @returns the status 304 or 412 of the reply to send instead; undefined to go on.
 */
export function evaluatePreconditions(
  method: string,
  headers: RequestHeaders,
  current: Validators | null,
): 304 | 412 | undefined {
  const tag = current?.etag === undefined ? null : parseEntityTag(current.etag)
  const match = headers.get('if-match')
  if (match !== null) {
    if (!lists(match, tag, current !== null, true)) return 412
  } else if (changedSince(headers.get('if-unmodified-since'), current) === true) return 412
  const reads = method === 'GET' || method === 'HEAD'
  const noneMatch = headers.get('if-none-match')
  if (noneMatch !== null) {
    if (lists(noneMatch, tag, current !== null, false)) return reads ? 304 : 412
  } else if (reads && changedSince(headers.get('if-modified-since'), current) === false) return 304
  return undefined
}

function lists(value: string, tag: EntityTag | null, exists: boolean, strong: boolean): boolean {
  const tags = parseEntityTags(value)
  if (tags === '*') return exists
  return tags !== null && tag !== null && matchesTag(tag, tags, strong)
}

/** Undefined when the field is not a date, or the time of the change is not known. */
function changedSince(value: string | null, current: Validators | null): boolean | undefined {
  const date = value === null ? null : parseDate(value)
  if (date === null || current?.modified === undefined) return undefined
  return Math.floor(Number(current.modified) / 1000) > date / 1000
}
