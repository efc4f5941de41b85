// Route patterns, parsed once.
import { normalizePath } from '../http/path.ts'
import { readConstraint } from './constraint.ts'
import type { Expression } from './automaton.ts'
import { Language, anything, character, filled, literal, textOf } from './language.ts'
import { type Piece, readSpellings } from '../patterns/syntax.ts'

/** A piece of a segment: text, or a parameter. */
export interface Part {
  readonly language: Language
  /** The same language read backwards. */
  readonly reversed: Language
  readonly name: string | undefined
  /** Whether it matches as little as possible. */
  readonly lazy: boolean
}

/** One segment of a pattern. */
export interface Segment {
  /** The texts it matches, decoded. */
  readonly language: Language
  /** The text of the segment in normalized paths, if it matches only one. */
  readonly text: string | undefined
  /** The parameter, if that is the whole segment. */
  readonly name: string | undefined
  /** The parts of a segment that consists of more than that. */
  readonly parts: readonly Part[] | undefined
}

/** A catch-all: several segments in a row. */
export interface Tail {
  /** What each of them may be: any segment, or any but the empty one. */
  readonly each: Language
  readonly min: 0 | 1
  readonly name: string
  /** Whether the first part of the segment after it also belongs to the parameter, as in `*.json`. */
  readonly joined: boolean
}

/** A pattern without optional parts, or one of several that stand for a pattern with them. */
export interface Variant {
  readonly head: readonly Segment[]
  readonly tail: Tail | undefined
  /** The segments after the catch-all. */
  readonly suffix: readonly Segment[]
  /** Whether matching paths end in a slash; undefined when both is allowed. */
  readonly slash: boolean | undefined
}

/** A parsed pattern. */
export interface Pattern {
  readonly source: string
  /** Those with optional parts first. */
  readonly variants: readonly Variant[]
  /** All parameters; a match may leave some out. */
  readonly names: readonly string[]
  /** The only path it matches, in normal form and without a slash at the end; undefined when it has parameters. */
  readonly literal: string | undefined
}

/** @throws TypeError for a pattern that does not begin with a slash. */
export function checkSlash(pattern: string): void {
  if (pattern.startsWith('/')) return
  throw new TypeError(`A pattern begins with a slash: ${JSON.stringify(`/${pattern}`)}, not ${JSON.stringify(pattern)}`)
}

/**
 * Parses a pattern: turns the pieces found by {@link readSpellings} into languages of segments.
 * @throws TypeError for a malformed pattern, or one that no path could ever match.
 */
export function readPattern(source: string): Pattern {
  checkSlash(source)
  try {
    const variants = readSpellings(source).map(({ segments, slash }) => variantOf(segments.flatMap(elements), slash))
    const [only] = variants
    const isLiteral = variants.length === 1 && !only!.tail && only!.head.every(({ text }) => text !== undefined)
    return {
      source,
      variants,
      names: [...new Set(variants.flatMap(namesOf))],
      literal: isLiteral ? `/${only!.head.map(({ text }) => text).join('/')}` : undefined,
    }
  } catch (error) {
    throw new TypeError(`The pattern ${source} cannot be used: ${(error as Error).message}`, { cause: error })
  }
}

/** How many segments the prefix of a mount matches. @throws TypeError when that depends on the path. */
export function segmentCount(prefix: string): number {
  const [variant, ...others] = readPattern(prefix).variants
  if (others.length > 0 || variant!.tail || variant!.head.some(({ text }) => text === ''))
    throw new TypeError(`The prefix of a mount has nothing optional, empty or endless in it: ${JSON.stringify(prefix)}`)
  return variant!.head.length
}

function namesOf({ head, tail, suffix }: Variant): string[] {
  const names = [...head, ...suffix].flatMap(({ name, parts }) => [name, ...(parts ?? []).map((part) => part.name)])
  return [...names, tail?.name].filter((name) => name !== undefined)
}

/** A segment of the pattern, or a catch-all for several. */
type Element = Segment | Tail

/** The elements for the pieces between two slashes. */
function elements(pieces: readonly Piece[]): Element[] {
  if (pieces.length === 1) {
    const tail = tailOf(pieces[0]!)
    if (tail) return [tail]
  }
  for (const { modifier, kind } of pieces)
    if (modifier !== undefined && (kind === 'parameter' || pieces.length > 1))
      throw new TypeError(`a parameter with "${modifier}" is a whole segment without a constraint`)
  const [first, ...others] = pieces
  if (others.some(({ kind }) => kind === 'star'))
    throw new TypeError('"*" is a whole segment or its beginning; the sign itself is written \\*')
  if (first?.kind !== 'star') return [segmentOf(pieces)]
  return [{ each: anything, min: 0, name: first.value, joined: true }, segmentOf(pieces)]
}

function tailOf({ kind, value, constraint, modifier }: Piece): Tail | undefined {
  if (kind === 'text') return undefined
  const tail = { name: value, joined: false }
  if (kind === 'star') return modifier ? { ...tail, each: filled, min: 1 } : { ...tail, each: anything, min: 0 }
  if (constraint === '.*' && modifier === undefined) return { ...tail, each: anything, min: 0 }
  if (constraint !== undefined || modifier === undefined) return undefined
  return { ...tail, each: filled, min: modifier === '+' ? 1 : 0 }
}

function segmentOf(pieces: readonly Piece[]): Segment {
  const [first] = pieces
  if (!first || (pieces.length === 1 && first.kind === 'text')) return literalSegment(first?.value ?? '')
  const expressions = pieces.map(expressionOf)
  if (pieces.length === 1) {
    const language = first.constraint === undefined ? filled : new Language(expressions[0]!).complete()
    checkPossible(language)
    return { language, text: undefined, name: first.value, parts: undefined }
  }
  const parts = pieces.map(({ kind, value, constraint }, i): Part => {
    const language = new Language(expressions[i]!).complete()
    const name = kind === 'text' ? undefined : value
    return { language, reversed: Language.reversed(language), name, lazy: constraint === undefined && kind !== 'star' }
  })
  const language = new Language({ kind: 'all', parts: expressions }).complete()
  checkPossible(language)
  return { language, text: undefined, name: undefined, parts }
}

function expressionOf({ kind, value, constraint }: Piece): Expression {
  if (kind === 'text') return textOf(value)
  if (constraint !== undefined) return readConstraint(constraint)
  return { kind: 'repeat', part: character, min: kind === 'star' ? 0 : 1, max: Number.POSITIVE_INFINITY }
}

function literalSegment(text: string): Segment {
  if (text === '.' || text === '..')
    throw new TypeError(`no path has a segment "${text}", because such segments are resolved`)
  const normal = normalForm(text)
  return { language: literal(text), text: normal, name: undefined, parts: undefined }
}

function normalForm(text: string): string {
  let encoded
  try {
    encoded = encodeURIComponent(text)
  } catch (error) {
    throw new TypeError('it has half of a surrogate pair', { cause: error })
  }
  const normal = normalizePath(`/${encoded}`)
  if (normal === undefined) throw new TypeError('no path has a NUL')
  return normal.slice(1)
}

/** Texts that no segment of a normalized path can be. */
const dots: Language = /* @__PURE__ */ new Language({ kind: 'one of', parts: [textOf('.'), textOf('..')] })

function checkPossible(language: Language): void {
  if (dots.includes(language)) throw new TypeError('no path has a segment that its constraint allows')
}

function variantOf(list: readonly Element[], slash: boolean): Variant {
  const at = list.findIndex(isTail)
  const segments = list.filter((element): element is Segment => !isTail(element))
  if (segments.length < list.length - 1) throw new TypeError('it has more than one catch-all')
  const [head, suffix] = at < 0 ? [segments, []] : [segments.slice(0, at), segments.slice(at)]
  const tail = list.find(isTail)
  const isOpen = list.length === 0 || (tail !== undefined && suffix.length === 0)
  const variant = { head, tail, suffix, slash: isOpen ? undefined : slash }
  const names = namesOf(variant)
  // when a `*` begins a segment, both of its parts have the same name
  const own = tail?.joined ? names.slice(0, -1) : names
  for (const [i, name] of own.entries())
    if (own.indexOf(name) !== i) throw new TypeError(`duplicate param name "${name}"`)
  return variant
}

function isTail(element: Element): element is Tail {
  return 'each' in element
}
