// Writes paths from patterns and parameters.
import { type Piece, type Spelling, readSpellings } from './syntax.ts'

/**
 * The path of a pattern with these parameters; of its possible spellings, the longest for which all parameters are given.
 * @throws TypeError when one is missing, or has a value that cannot be a segment of a path: empty, `.` or `..`.
 */
export function fill(pattern: string, params: Readonly<Record<string, unknown>>): string {
  const spellings = readSpellings(pattern)
  const { segments, slash } = spellings.find((one) => isComplete(one, params)) ?? spellings[0]!
  const path = segments.flatMap((pieces) => segmentOf(pieces, params)).map((segment) => `/${segment}`)
  return path.join('') + (slash || path.length === 0 ? '/' : '')
}

function isComplete({ segments }: Spelling, params: Readonly<Record<string, unknown>>): boolean {
  return segments.flat().every((piece) => piece.kind === 'text' || isTail(piece) || params[piece.value] !== undefined)
}

/** An empty result for a catch-all without segments. */
function segmentOf(pieces: readonly Piece[], params: Readonly<Record<string, unknown>>): string[] {
  const [first] = pieces
  if (pieces.length === 1 && isTail(first!)) return tailOf(first!, params)
  const text = pieces.map((piece) => (piece.kind === 'text' ? piece.value : valueOf(piece.value, params))).join('')
  return [encoded(text, pieces.length > 0)]
}

function isTail({ kind, constraint, modifier }: Piece): boolean {
  return kind === 'star' || constraint === '.*' || modifier === '*' || modifier === '+'
}

function tailOf({ value: name, modifier }: Piece, params: Readonly<Record<string, unknown>>): string[] {
  if (modifier !== '+' && (params[name] === undefined || params[name] === '')) return []
  return valueOf(name, params)
    .split('/')
    .map((segment) => encoded(segment, false))
}

function valueOf(name: string, params: Readonly<Record<string, unknown>>): string {
  const value = params[name]
  if (value === undefined || value === null) throw new TypeError(`The parameter ${name} is missing`)
  return textOf(value as Sendable)
}

/** What can be written into a URL or a field. */
export type Sendable = string | number | bigint | boolean | Date

export function textOf(value: Sendable): string {
  return value instanceof Date ? value.toISOString() : String(value)
}

/** `..` would lead elsewhere, even encoded, because URLs are resolved before they are sent (WHATWG URL §4.4). */
function encoded(segment: string, isFilled: boolean): string {
  if (segment === '.' || segment === '..' || (isFilled && segment === ''))
    throw new TypeError(`${JSON.stringify(segment)} cannot be a segment of a path`)
  return encodeURIComponent(segment)
}
