// Parts of content (RFC 9110 §14).
import { randomUUID } from 'node:crypto'
import { type ByteRange, formatContentRange, parseDate, parseEntityTag, parseRange } from '@spillway/parser/fields'
import type { Validators } from './preconditions.ts'

/** About how many bytes one part of a multipart reply adds to its content. */
const partOverhead = 160

/**
 * Whether the Range of a request applies, as far as its If-Range is concerned (RFC 9110 §13.1.5): that must be the strong tag
 * of this version, or exactly the date of its last change.
 */
export function rangeApplies(ifRange: string | null, { etag, modified }: Validators): boolean {
  if (ifRange === null) return true
  const wanted = parseEntityTag(ifRange)
  if (wanted) return !wanted.weak && ifRange === etag
  const date = parseDate(ifRange)
  return date !== null && modified !== undefined && Math.floor(Number(modified) / 1000) * 1000 === date
}

/**
 * The ranges to send for a Range field. Ranges that overlap, or whose gap is smaller than the overhead of a part, become one
 * (RFC 9110 §15.3.7.2), so that no request gets much more than the size of the file.
 * @returns null to send the whole file; 'unsatisfiable' for a 416, also for a range that ends before it begins.
 */
export function rangesToSend(field: string, size: number): readonly ByteRange[] | 'unsatisfiable' | null {
  const ranges = parseRange(field, size)
  if (ranges === null) return isReversed(field) ? 'unsatisfiable' : null
  if (ranges === 'unsatisfiable' || ranges.length === 1) return ranges
  const merged: { start: number; end: number; order: number }[] = []
  const sorted = ranges.map((range, order) => ({ ...range, order })).toSorted((a, b) => a.start - b.start)
  for (const range of sorted) {
    const last = merged.at(-1)
    if (last && range.start - last.end <= partOverhead) {
      last.end = Math.max(last.end, range.end)
      last.order = Math.min(last.order, range.order)
    } else merged.push(range)
  }
  // in the requested order
  return merged.toSorted((a, b) => a.order - b.order).map(({ start, end }) => ({ start, end }))
}

function isReversed(field: string): boolean {
  const ends = /^bytes=[ \t]*(\d+)-(\d+)[ \t]*$/i.exec(field)
  return ends !== null && Number(ends[2]) < Number(ends[1])
}

/** What is sent: text as it stands, or bytes of the file. */
export type Piece = string | ByteRange

/** A multipart/byteranges message (RFC 9110 §14.6). */
export interface Multipart {
  readonly type: string
  readonly length: number
  readonly pieces: readonly Piece[]
}

export function multipart(ranges: readonly ByteRange[], size: number, type: string): Multipart {
  // The content could contain any fixed boundary, but not one that is made up for each reply.
  const boundary = randomUUID()
  const pieces: Piece[] = []
  let length = 0
  for (const range of ranges) {
    const head = `Content-Type: ${type}\r\nContent-Range: ${formatContentRange(range, size)}\r\n\r\n`
    pieces.push(`${pieces.length === 0 ? '' : '\r\n'}--${boundary}\r\n${head}`, range)
    length += range.end - range.start + 1
  }
  pieces.push(`\r\n--${boundary}--\r\n`)
  for (const piece of pieces) if (typeof piece === 'string') length += piece.length
  return { type: `multipart/byteranges; boundary=${boundary}`, length, pieces }
}
