// Sets of texts that segments may be, and how two of them overlap.
import { Automaton, type Expression, mostPositions } from './automaton.ts'
import { anyCharacter } from './ranges.ts'

export const character: Expression = { kind: 'set', set: anyCharacter }

export function textOf(text: string): Expression {
  const parts = Array.from(text, (one): Expression => ({
    kind: 'set',
    set: [[one.codePointAt(0)!, one.codePointAt(0)!]],
  }))
  return { kind: 'all', parts }
}

// decision 040
/**
 * The texts that one segment of a pattern matches, decoded: a regular language. Whether two languages share a text, or one contains
 * the other, is decided exactly.
 */
export class Language {
  /** The only text in it, if it was made of one. */
  readonly text: string | undefined
  readonly #expression: Expression | undefined
  /** That of a text is seldom wanted, and takes much more memory than the text: it is made when it is. */
  #made: Automaton | undefined

  /** @throws TypeError when the expression, or the text, is too large. */
  constructor(of: Expression | string) {
    const isText = typeof of === 'string'
    if (isText && of.length > mostPositions && Array.from(of).length > mostPositions)
      throw new TypeError('A segment of a pattern is too long')
    this.text = isText ? of : undefined
    this.#expression = isText ? undefined : of
    this.#made = isText ? undefined : new Automaton(of)
  }

  /** @param reversed the language of the same texts read backwards. */
  static reversed(language: Language): Language {
    return new Language(reverse(language.#describe()))
  }

  /**
   * Takes all states there are, which requests would take one by one otherwise: that they are too many is found when a route is
   * registered, not by who asks for the right paths.
   * @throws TypeError when they are.
   */
  complete(): this {
    this.#automaton().complete()
    return this
  }

  has(text: string): boolean {
    return this.text === undefined ? this.#made!.has(text) : this.text === text
  }

  /**
   * The ends of all texts of the language that begin at a position.
   * @param characters code points.
   */
  ends(characters: readonly number[], from: number): Generator<number> {
    return this.#automaton().ends(characters, from)
  }

  /** For each position: whether some text of the language leads from there to a position in `starts`. Found for all at once. */
  reach(characters: readonly number[], starts: readonly boolean[]): boolean[] {
    return this.#automaton().reach(characters, starts)
  }

  /** Whether some text is in both. @throws TypeError when they are too large to decide. */
  meets(other: Language): boolean {
    if (this.text !== undefined) return other.has(this.text)
    if (other.text !== undefined) return this.has(other.text)
    return !this.#walk(other, (here, there) => here && there)
  }

  /** Whether every text of the other is in this one. @throws TypeError when they are too large to decide. */
  includes(other: Language): boolean {
    if (this === other) return true
    if (other.text !== undefined) return this.has(other.text)
    return this.#walk(other, (here, there) => there && !here)
  }

  /** @returns false as soon as `found` returns true for a text: whether it is in this language, and whether in the other. */
  #walk(other: Language, found: (here: boolean, there: boolean) => boolean): boolean {
    return this.#automaton().walk(other.#automaton(), (here, there) =>
      found(here?.accepts === true, there?.accepts === true),
    )
  }

  #automaton(): Automaton {
    return (this.#made ??= new Automaton(this.#describe()))
  }

  #describe(): Expression {
    return this.#expression ?? textOf(this.text!)
  }
}

function reverse(expression: Expression): Expression {
  if (expression.kind === 'set') return expression
  if (expression.kind === 'repeat') return { ...expression, part: reverse(expression.part) }
  const parts = expression.parts.map(reverse)
  return { kind: expression.kind, parts: expression.kind === 'all' ? parts.toReversed() : parts }
}

/** A segment that is one text. */
export function literal(text: string): Language {
  return new Language(text)
}

/** Any segment but the empty one, and any segment. */
export const filled: Language = /* @__PURE__ */ new Language({
  kind: 'repeat',
  part: character,
  min: 1,
  max: Number.POSITIVE_INFINITY,
})
export const anything: Language = /* @__PURE__ */ new Language({
  kind: 'repeat',
  part: character,
  min: 0,
  max: Number.POSITIVE_INFINITY,
})
