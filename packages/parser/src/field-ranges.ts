// The Range field (RFC 9110 §14.2).
import { members } from './field-lists.ts'
import { MAX_RANGES } from './numbers.ts'

/** Bytes `start` to `end`, both included, as Content-Range has them. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * The ranges of a representation of `size` bytes that the Range field asks for. RFC 9110 §14.1.2 and §14.2.
 *
 * @returns the satisfiable ones in wire order, cut to the size; `'unsatisfiable'` when there are none (answer 416); null
 *   when the field must be ignored (answer 200): another unit, malformed, more than 32 ranges, more than two that overlap, or
 *   the last bytes of an empty representation, which Content-Range cannot express
 * @throws {RangeError} when `size` is not a valid size
 */
export function parseRange(value: string, size: number): ByteRange[] | 'unsatisfiable' | null {
  if (!(Number.isSafeInteger(size) && size >= 0)) throw new RangeError('Invalid size')
  if (!/^bytes=/i.test(value)) return null
  const parts = members(value.slice(6), ',')
  if (parts.length === 0 || parts.length > MAX_RANGES) return null
  const ranges: ByteRange[] = []
  for (const part of parts) {
    // numbers may have any length (§14.1.2): one that is too large to be exact is larger than any size
    const m = /^(\d*)-(\d*)$/.exec(part)
    if (m === null || part === '-') return null
    const suffix = m[1] === ''
    const first = suffix ? Math.max(0, size - Number(m[2])) : Number(m[1])
    const last = suffix || m[2] === '' ? Infinity : Number(m[2])
    // the last bytes of an empty representation: satisfiable, but Content-Range cannot express it
    if (last < first || (suffix && size === 0 && Number(m[2]) > 0)) return null
    if (first < size) ranges.push({ start: first, end: Math.min(last, size - 1) })
  }
  // how many begin inside another one
  let overlaps = 0
  let reach = -1
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    if (start <= reach) overlaps++
    reach = Math.max(reach, end)
  }
  return overlaps > 2 ? null : ranges.length === 0 ? 'unsatisfiable' : ranges
}

/** What Content-Range says. RFC 9110 §14.4. */
export interface ContentRange {
  /** Null in a 416, which has no range. */
  readonly range: ByteRange | null
  /** Bytes of the whole representation; null when the sender does not know. */
  readonly size: number | null
}

/**
 * Reads Content-Range. RFC 9110 §14.4.
 *
 * @returns null when it must be ignored: another unit, malformed, an end before its start or beyond the size, or a number above
 *   2^53 - 1
 */
export function parseContentRange(value: string): ContentRange | null {
  const m = /^bytes (?:(\d{1,20})-(\d{1,20})|\*)\/(\d{1,20}|\*)$/i.exec(value)
  if (m === null) return null
  const [, first, last, all] = m
  const size = all === '*' ? null : Number(all)
  if (first === undefined) return Number.isSafeInteger(size) ? { range: null, size } : null
  const range = { start: Number(first), end: Number(last) }
  const isRight = range.start <= range.end && range.end < (size ?? Infinity)
  return isRight && Number.isSafeInteger(size ?? range.end) ? { range, size } : null
}

/**
 * The value of Content-Range; without a range, the one for a 416. RFC 9110 §14.4.
 *
 * @throws {RangeError} for values that `parseContentRange` would not accept
 */
export function formatContentRange(range: ByteRange | null, size: number | null): string {
  const value = `bytes ${range === null ? '*' : `${range.start}-${range.end}`}/${size ?? '*'}`
  if (parseContentRange(value) === null) throw new RangeError('Invalid range')
  return value
}
