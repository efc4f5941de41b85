import type { Expression } from './automaton.ts'
import { type Ranges, anyCharacter, complement, intersection, union } from './ranges.ts'

const digits: Ranges = [[0x30, 0x39]]
const word: Ranges = [...digits, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]]
const space: Ranges = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]
const lineEnds: Ranges = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]
const classes: Readonly<Record<string, Ranges>> = {
  d: digits,
  D: complement(digits),
  w: word,
  W: complement(word),
  s: space,
  S: complement(space),
}
const controls: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d }

/**
 * Parses the constraint of a parameter, which has the syntax of JavaScript's regular expressions and must match the whole decoded
 * segment. It may use characters, classes, groups, alternatives and repetition; anything that is not a regular language
 * (look-around, back-references) is an error, and so are anchors, which would have no meaning.
 * @throws TypeError
 */
export function readConstraint(source: string): Expression {
  const reader = new ConstraintReader(source)
  const expression = reader.alternatives()
  if (reader.rest !== '') throw reader.wrong(`"${reader.rest}" has no meaning`)
  return expression
}

class ConstraintReader {
  readonly #source: string
  #at: number = 0

  constructor(source: string) {
    this.#source = source
  }

  get rest(): string {
    return this.#source.slice(this.#at)
  }

  wrong(what: string): TypeError {
    return new TypeError(`In the constraint (${this.#source}) ${what}`)
  }

  alternatives(): Expression {
    const parts = [this.#sequence()]
    while (this.#take('|')) parts.push(this.#sequence())
    return parts.length === 1 ? parts[0]! : { kind: 'one of', parts }
  }

  #sequence(): Expression {
    const parts: Expression[] = []
    while (this.#at < this.#source.length && !/^[|)]/.test(this.rest)) parts.push(this.#repeated(this.#atom()))
    return parts.length === 1 ? parts[0]! : { kind: 'all', parts }
  }

  #repeated(part: Expression): Expression {
    const found = /^(?:([*+?])|\{(\d{1,3})(?:(,)(\d{1,3})?)?\})\??/.exec(this.rest)
    if (!found) return part
    this.#at += found[0].length
    const [, sign, least, comma, most] = found
    if (sign !== undefined)
      return { kind: 'repeat', part, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Number.POSITIVE_INFINITY }
    const min = Number(least)
    const max = comma === undefined ? min : most === undefined ? Number.POSITIVE_INFINITY : Number(most)
    if (max < min) throw this.wrong(`${found[0]} is out of order`)
    return { kind: 'repeat', part, min, max }
  }

  #atom(): Expression {
    if (this.#take('(')) return this.#group()
    if (this.#take('[')) return { kind: 'set', set: this.#class() }
    if (this.#take('.')) return { kind: 'set', set: complement(lineEnds) }
    if (/^[*+?{}^$]/.test(this.rest))
      throw this.wrong(
        `"${this.rest[0]!}" has no meaning here: it is matched as a whole, and a sign is written with \\`,
      )
    return { kind: 'set', set: this.#character() }
  }

  #group(): Expression {
    if (this.rest.startsWith('?') && !this.#take('?:')) throw this.wrong('"(?" is not supported, except for "(?:"')
    const inner = this.alternatives()
    if (!this.#take(')')) throw this.wrong('a group is not closed')
    return inner
  }

  #class(): Ranges {
    const isComplement = this.#take('^')
    const parts: Ranges[] = []
    while (!this.#take(']')) {
      if (this.rest === '') throw this.wrong('a class is not closed')
      const first = this.#character()
      if (/^-[^\]]/.test(this.rest)) {
        this.#at++
        const last = this.#character()
        if (!isOne(first) || !isOne(last) || last[0]![0] < first[0]![0])
          throw this.wrong('a range has its ends in the wrong order')
        parts.push([[first[0]![0], last[0]![0]]])
      } else parts.push(first)
    }
    const set = union(...parts)
    return isComplement ? complement(set) : intersection(set, anyCharacter)
  }

  #character(): Ranges {
    const code = this.#source.codePointAt(this.#at)!
    const own = String.fromCodePoint(code)
    this.#at += own.length
    if (own !== '\\') return [[code, code]]
    const found = /^(?:x([\da-f]{2})|u([\da-f]{4})|u\{([\da-f]{1,6})\}|([^\da-z]|[dwstnvfr]))/iu.exec(this.rest)
    const [all = '', short, long, braces, letter] = found ?? []
    const hex = short ?? long ?? braces
    const known = letter !== undefined && (classes[letter] ?? (controls[letter] || letter.toLowerCase() === letter))
    if (hex === undefined && !known) throw this.wrong(`"\\${this.rest[0] ?? ''}" is not supported`)
    this.#at += all.length
    if (hex !== undefined) return one(Number.parseInt(hex, 16))
    return classes[letter!] ?? one(controls[letter!] ?? letter!.codePointAt(0)!)
  }

  #take(sign: string): boolean {
    if (!this.#source.startsWith(sign, this.#at)) return false
    this.#at += sign.length
    return true
  }
}

function one(code: number): Ranges {
  return [[code, code]]
}

function isOne(set: Ranges): boolean {
  return set.length === 1 && set[0]![0] === set[0]![1]
}
