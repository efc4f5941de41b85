// The syntax of patterns, parsed here for the router, for OpenAPI and for the clients that fill them in. What
// the pieces mean is defined in pattern.ts.

/** A piece of a segment, as written. */
export interface Piece {
  readonly kind: 'text' | 'parameter' | 'star'
  /** The decoded text of a text; otherwise the name of the parameter, a number if it has none. */
  readonly value: string
  /** The constraint in parentheses. */
  readonly constraint?: string | undefined
  readonly modifier?: string | undefined
}

/** One of the forms of a pattern, with all of its optional parts either present or absent. */
export interface Spelling {
  /** The pieces between two slashes. An empty list is an empty segment. */
  readonly segments: readonly (readonly Piece[])[]
  /** Whether it ends in a slash. */
  readonly slash: boolean
}

/** Each optional part of a pattern doubles the number of its forms; this is the limit. */
const mostSpellings = 64

/**
 * Parses a pattern; the forms that include optional parts come first. Its text is normalized as paths are: percent-encoding is
 * decoded, so that `/%61dmin` is `/admin` and `/a%20b` is `/a b`.
 * @throws TypeError for a malformed pattern.
 */
export function readSpellings(source: string): readonly Spelling[] {
  const spellings: Spelling[] = []
  for (const text of texts(source))
    for (const spelling of new PatternReader(text).spellings()) {
      spellings.push(spelling)
      if (spellings.length > mostSpellings) throw new TypeError('too much in it is optional')
    }
  return spellings
}

/** The pattern with and without what `{…}?` makes optional. */
function* texts(source: string): Generator<string> {
  const open = /^(?:\\.|\((?:\\.|\[(?:\\.|[^\]\\])*\]|[^)\\[])*\)|[^{}\\(])*/s.exec(source)![0].length
  if (open === source.length || source[open] === '(' || source[open] === '\\') {
    yield source
    return
  }
  const group = /^\{((?:\\.|\((?:\\.|[^)\\])*\)|[^{}\\(])*)\}([?*+]?)/s.exec(source.slice(open))
  if (!group) throw new TypeError('"{" and "}" enclose a part of it; a sign is written with \\')
  const [all, inner, modifier] = group
  if (modifier === '*' || modifier === '+')
    throw new TypeError(`what stands in "{}" cannot be repeated by "${modifier}"`)
  const [before, behind] = [source.slice(0, open), source.slice(open + all.length)]
  for (const text of modifier === '?' ? [inner!, ''] : [inner!])
    yield* texts(joined(joined(before, text), behind) || '/')
}

/** Concatenates two texts; a brace ends a name, so what follows must not become part of it: `:a{b}`. */
function joined(one: string, other: string): string {
  return /:[A-Za-z_]\w*$/.test(one) && /^\w/.test(other) ? `${one}\\${other}` : one + other
}

/** All ways to leave out optional parts at the end of a segment, and the segment itself when nothing else is in it. */
function* decided([next, ...rest]: readonly Piece[][], slash: boolean, before: Piece[][] = []): Generator<Spelling> {
  if (!next) yield { segments: before, slash }
  else for (const pieces of optionsOf(next)) yield* decided(rest, slash, pieces ? [...before, pieces] : before)
}

/** Undefined stands for a missing segment. */
function optionsOf(pieces: Piece[]): (Piece[] | undefined)[] {
  const last = pieces.at(-1)
  if (last?.kind !== 'parameter' || last.modifier !== '?' || last.constraint === '.*') return [pieces]
  const without = pieces.slice(0, -1)
  return [[...without, { ...last, modifier: undefined }], ...(without.length === 0 ? [undefined] : optionsOf(without))]
}

class PatternReader {
  readonly #text: string
  #at: number = 0
  #unnamed: number = 0

  constructor(text: string) {
    this.#text = text
  }

  *spellings(): Generator<Spelling> {
    const segments: Piece[][] = []
    let slash = false
    while (this.#at < this.#text.length) {
      // the slash before it
      this.#at++
      const pieces = this.#pieces()
      slash = pieces.length === 0 && this.#at === this.#text.length
      if (!slash) segments.push(pieces)
    }
    yield* decided(segments, slash)
  }

  /** The pieces up to the next slash. */
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
      if (name === undefined) throw new TypeError(`"${modifier}" has to follow a parameter that has a name`)
    }
    return { kind: 'parameter', value: name ?? String(this.#unnamed++), constraint, modifier }
  }

  /** The constraint in parentheses. */
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

  /** One character of the text, or several that are encoded together. */
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
    if (sign === '%')
      throw new TypeError('"%" must be followed by two hexadecimal digits; the sign itself is written %25')
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
