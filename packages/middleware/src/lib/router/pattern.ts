import { normalizePath } from '../http/path.ts'
import { readConstraint } from './constraint.ts'
import { type Expression, Language, anything, character, filled, literal, textOf } from './language.ts'

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

/** What an optional part of a pattern doubles. */
const mostVariants = 64

/**
 * Reads a pattern. Its text is in no other form than paths are: percent-encoding is decoded, so that `/%61dmin` is `/admin`
 * and `/a%20b` is `/a b`.
 * @throws TypeError when it makes no sense, or no path could ever match it.
 */
export function readPattern(source: string): Pattern {
  if (!source.startsWith('/')) throw new TypeError(`A pattern begins with a slash: ${JSON.stringify(source)}`)
  try {
    const variants = texts(source).flatMap((text) => new PatternReader(text).variants())
    if (variants.length > mostVariants) throw new TypeError('too much in it is optional')
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

/** The pattern with and without what `{…}?` makes optional. */
function texts(source: string): string[] {
  const open = /^(?:\\.|\((?:\\.|\[(?:\\.|[^\]\\])*\]|[^)\\[])*\)|[^{}\\(])*/s.exec(source)![0].length
  if (open === source.length || source[open] === '(' || source[open] === '\\') return [source]
  const group = /^\{((?:\\.|\((?:\\.|[^)\\])*\)|[^{}\\(])*)\}([?*+]?)/s.exec(source.slice(open))
  if (!group) throw new TypeError('"{" and "}" enclose a part of it; a sign is written with \\')
  const [all, inner, modifier] = group
  if (modifier === '*' || modifier === '+')
    throw new TypeError(`what stands in "{}" cannot be repeated by "${modifier}"`)
  const [before, behind] = [source.slice(0, open), source.slice(open + all.length)]
  const rest = modifier === '?' ? [inner!, ''] : [inner!]
  return rest.flatMap((text) => texts(before + text + behind || '/'))
}

interface Piece {
  readonly kind: 'text' | 'parameter' | 'star'
  /** Of a text what it is, decoded; of the others their name. */
  readonly value: string
  readonly constraint?: string | undefined
  readonly modifier?: string | undefined
}

/** A segment of the pattern, or a catch-all for several. */
type Element = Segment | Tail

class PatternReader {
  readonly #text: string
  #at: number = 0
  #unnamed: number = 0

  constructor(text: string) {
    this.#text = text
  }

  variants(): Variant[] {
    let lists: Element[][] = [[]]
    let ending: boolean | undefined
    while (this.#at < this.#text.length) {
      // the slash in front of it
      this.#at++
      const pieces = this.#pieces()
      ending = pieces.length === 0 && this.#at === this.#text.length
      if (ending) break
      const options = elements(pieces)
      lists = lists.flatMap((list) => options.map((option) => [...list, ...option]))
      if (lists.length > mostVariants) throw new TypeError('too much in it is optional')
    }
    return lists.map((list) => variantOf(list, ending === true))
  }

  /** What stands in front of the next slash. */
  #pieces(): Piece[] {
    const pieces: Piece[] = []
    let text = ''
    while (this.#at < this.#text.length && this.#text[this.#at] !== '/') {
      const piece = this.#parameter()
      if (!piece) {
        text += this.#character()
        continue
      }
      if (text !== '') pieces.push({ kind: 'text', value: text })
      text = ''
      pieces.push(piece)
    }
    if (text !== '') pieces.push({ kind: 'text', value: text })
    return pieces
  }

  #parameter(): Piece | undefined {
    const rest = this.#text.slice(this.#at)
    const found = /^(?:(\*\*?)(?::([A-Za-z_]\w*))?|:([A-Za-z_]\w*)|(?=\())/.exec(rest)
    if (!found) return undefined
    this.#at += found[0].length
    const [, star, tail, name] = found
    if (star !== undefined) {
      if (tail !== undefined && star === '*') throw new TypeError('a name follows "**", not "*"')
      return { kind: 'star', value: tail ?? String(this.#unnamed++), modifier: tail && '+' }
    }
    const constraint = this.#constraint()
    const modifier = /^[?*+]/.exec(this.#text.slice(this.#at))?.[0]
    if (modifier !== undefined) {
      this.#at++
      if (name === undefined) throw new TypeError(`"${modifier}" stands behind a parameter that has a name`)
    }
    return { kind: 'parameter', value: name ?? String(this.#unnamed++), constraint, modifier }
  }

  /** What stands in parentheses. */
  #constraint(): string | undefined {
    if (this.#text[this.#at] !== '(') return undefined
    const start = ++this.#at
    let isClass = false
    for (let depth = 1; depth > 0; this.#at++) {
      const sign = this.#text[this.#at]
      if (sign === undefined) throw new TypeError('a "(" is not closed; a sign is written with \\')
      if (sign === '\\') this.#at++
      else if (sign === ']') isClass = false
      else if (isClass) continue
      else if (sign === '[') isClass = true
      else if (sign === '(') depth++
      else if (sign === ')') depth--
    }
    const constraint = this.#text.slice(start, this.#at - 1)
    if (constraint === '') throw new TypeError('"()" is no constraint')
    return constraint
  }

  /** A character of the text, or several that are encoded together. */
  #character(): string {
    const rest = this.#text.slice(this.#at)
    const encoded = /^(?:%[\da-f]{2})+/i.exec(rest)?.[0]
    if (encoded !== undefined) {
      this.#at += encoded.length
      return decoded(encoded)
    }
    const [sign = '', escaped] = /^(?:\\([^/])|[^])/u.exec(rest) ?? []
    this.#at += sign.length
    if (escaped !== undefined) return escaped
    if (sign === '%') throw new TypeError('"%" begins no encoded octet; the sign itself is %25')
    if ('?*:()\\'.includes(sign))
      throw new TypeError(`"${sign}" has no meaning there; the sign itself is written \\${sign}`)
    return sign
  }
}

function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch (error) {
    throw new TypeError(`${encoded} is not UTF-8, which paths are`, { cause: error })
  }
}

/** What the pieces between two slashes stand for: several when the last of them may be missing. */
function elements(pieces: readonly Piece[]): Element[][] {
  const last = pieces.at(-1)
  if (last?.kind === 'parameter' && last.modifier === '?' && last.constraint !== '.*') {
    const without = pieces.slice(0, -1)
    const full = [...without, { ...last, modifier: undefined }]
    return [...elements(full), ...(without.length === 0 ? [[]] : elements(without))]
  }
  if (pieces.length === 1) {
    const tail = tailOf(last!)
    if (tail) return [[tail]]
  }
  for (const { modifier, kind } of pieces)
    if (modifier !== undefined && (kind === 'parameter' || pieces.length > 1))
      throw new TypeError(`a parameter with "${modifier}" is a whole segment without a constraint`)
  const [first, ...others] = pieces
  if (others.some(({ kind }) => kind === 'star'))
    throw new TypeError('"*" is a whole segment or its beginning; the sign itself is written \\*')
  if (first?.kind !== 'star') return [[segmentOf(pieces)]]
  return [[{ each: anything, min: 0, name: first.value, joined: true }, segmentOf(pieces)]]
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
