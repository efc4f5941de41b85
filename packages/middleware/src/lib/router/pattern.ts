// Patterns of routes, read once.
import { normalizePath } from '../http/path.ts'
import { readConstraint } from './constraint.ts'
import { type Expression, Language, anything, character, filled, literal, textOf } from './language.ts'
import { type Piece, readSpellings } from '../patterns/syntax.ts'

/** A piece of a segment: text, or what a parameter takes. */
export interface Part {
  readonly language: Language
  /** The same read from its end. */
  readonly reversed: Language
  readonly name: string | undefined
  /** Takes as little as it can. */
  readonly lazy: boolean
}

/** One segment of a pattern. */
export interface Segment {
  /** What it takes, decoded. */
  readonly language: Language
  /** The segment as paths in normal form have it, when it is one text. */
  readonly text: string | undefined
  /** The parameter that is the whole segment. */
  readonly name: string | undefined
  /** What a segment with more than that is made of. */
  readonly parts: readonly Part[] | undefined
}

/** A catch-all: some segments in a row. */
export interface Tail {
  /** Each of them: any, or any but the empty one. */
  readonly each: Language
  readonly min: 0 | 1
  readonly name: string
  /** The first part of the segment behind it belongs to the parameter, too: `*.json`. */
  readonly joined: boolean
}

/** A pattern, or one of several that stand for it, without anything optional. */
export interface Variant {
  readonly head: readonly Segment[]
  readonly tail: Tail | undefined
  /** Behind the catch-all. */
  readonly suffix: readonly Segment[]
  /** Whether the paths it means end in a slash; undefined when some do and some do not. */
  readonly slash: boolean | undefined
}

/** What a pattern says, read once when it is registered. */
export interface Pattern {
  readonly source: string
  /** With what is optional there first. */
  readonly variants: readonly Variant[]
  /** Every parameter; a match may leave some out. */
  readonly names: readonly string[]
  /** The one path it means, in normal form and without a slash at the end; undefined when it has parameters. */
  readonly literal: string | undefined
}

/**
 * Reads a pattern: what {@link readSpellings} finds written there, as languages of segments.
 * @throws TypeError when it makes no sense, or no path could ever match it.
 */
export function readPattern(source: string): Pattern {
  if (!source.startsWith('/')) throw new TypeError(`A pattern begins with a slash: ${JSON.stringify(source)}`)
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

/** How many segments the prefix of a mount takes. @throws TypeError when that depends on the path. */
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

/** What the pieces between two slashes stand for. */
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
    const language = first.constraint === undefined ? filled : new Language(expressions[0]!)
    checkPossible(language)
    return { language, text: undefined, name: first.value, parts: undefined }
  }
  const parts = pieces.map(({ kind, value, constraint }, i): Part => {
    const language = new Language(expressions[i]!)
    const name = kind === 'text' ? undefined : value
    return { language, reversed: Language.reversed(language), name, lazy: constraint === undefined && kind !== 'star' }
  })
  const language = new Language({ kind: 'all', parts: expressions })
  checkPossible(language)
  return { language, text: undefined, name: undefined, parts }
}

function expressionOf({ kind, value, constraint }: Piece): Expression {
  if (kind === 'text') return textOf(value)
  if (constraint !== undefined) return readConstraint(constraint)
  return { kind: 'repeat', part: character, min: kind === 'star' ? 0 : 1, max: Number.POSITIVE_INFINITY }
}

function literalSegment(text: string): Segment {
  if (text === '.' || text === '..') throw new TypeError(`no path has a segment "${text}", for these are resolved`)
  const normal = normalForm(text)
  return { language: literal(text), text: normal, name: undefined, parts: undefined }
}

function normalForm(text: string): string {
  let encoded
  try {
    encoded = encodeURIComponent(text)
  } catch (error) {
    throw new TypeError('it has half of a character', { cause: error })
  }
  const normal = normalizePath(`/${encoded}`)
  if (normal === undefined) throw new TypeError('no path has a NUL')
  return normal.slice(1)
}

/** Texts that no segment of a path is. */
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
  // of a `*` that begins a segment, both parts have its name
  const own = tail?.joined ? names.slice(0, -1) : names
  for (const [i, name] of own.entries())
    if (own.indexOf(name) !== i) throw new TypeError(`duplicate param name "${name}"`)
  return variant
}

function isTail(element: Element): element is Tail {
  return 'each' in element
}
