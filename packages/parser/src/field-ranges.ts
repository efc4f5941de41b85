import { trimBlank } from './field-lists.ts'

/** Bytes `start` to `end`, both included, as Content-Range has them. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** More ranges than this in one request are an attack rather than a reader (RFC 9110 §17.15). */
const MAX_RANGES = 32

const spec = /^(\d{1,15})-(\d{1,15})?$|^-(\d{1,15})$/

/**
 * The ranges that the Range field asks for of a representation of `size` bytes. RFC 9110 §14.1.2 and §14.2.
 *
 * @returns the satisfiable ones in wire order, cut to the size; `'unsatisfiable'` when there are none (answer 416); null
 *   when the field must be ignored (answer 200): another unit, not well formed, more than 32 ranges, or more than two that overlap
 */
export function parseRange(value: string, size: number): ByteRange[] | 'unsatisfiable' | null {
  const m = /^bytes=(.*)$/i.exec(value)
  if (m === null) return null
  const parts = m[1]!.split(',')
  if (parts.length > MAX_RANGES) return null
  const ranges: ByteRange[] = []
  let asked = 0
  for (const part of parts) {
    const text = trimBlank(part, 0, part.length)
    if (text === '') continue
    const range = spec.exec(text)
    if (range === null) return null
    asked++
    const suffix = range[3]
    const first = suffix === undefined ? Number(range[1]) : Math.max(0, size - Number(suffix))
    const last = range[2] === undefined ? size - 1 : Number(range[2])
    if (suffix === undefined && range[2] !== undefined && last < first) return null
    if (first < size && Number(suffix ?? 1) > 0) ranges.push({ start: first, end: Math.min(last, size - 1) })
  }
  if (asked === 0 || overlaps(ranges) > 2) return null
  return ranges.length === 0 ? 'unsatisfiable' : ranges
}

/** How many ranges begin inside another one. */
function overlaps(ranges: readonly ByteRange[]): number {
  const sorted = ranges.toSorted((a, b) => a.start - b.start)
  let count = 0
  let reach = -1
  for (const { start, end } of sorted) {
    if (start <= reach) count++
    reach = Math.max(reach, end)
  }
  return count
}
