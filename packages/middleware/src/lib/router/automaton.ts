// Reads texts by an expression that describes a set of them.
import { type Ranges, contains } from './ranges.ts'

/** An expression that describes a set of texts. */
export type Expression =
  | { readonly kind: 'set'; readonly set: Ranges }
  | { readonly kind: 'all' | 'one of'; readonly parts: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly part: Expression; readonly min: number; readonly max: number }

/** Most positions of an expression, and most states of its automaton: more are a mistake, or an attack on the comparison. */
export const mostPositions = 500
const mostStates = 2000

/** A state of the automaton: the positions in the expression that a text may have reached. */
interface State {
  readonly positions: readonly number[]
  readonly accepts: boolean
  /** The next state, by the number of the character class. */
  readonly next: (State | undefined)[]
}

/** Where a part of an expression may begin and end, and whether it may be empty (Glushkov's construction). */
interface Ends {
  readonly first: readonly number[]
  readonly last: readonly number[]
  readonly empty: boolean
}

/** Reads a text once, without going back, and says whether it is one of those that an expression describes. */
export class Automaton {
  /** The sets of characters at the positions of the expression, from 1 up; 0 is its beginning. */
  readonly #sets: Ranges[] = [[]]
  readonly #follow: Set<number>[] = [new Set()]
  readonly #lasts: Set<number>
  /** The first characters of the character classes: no set of this expression distinguishes the characters of one class. */
  readonly #classes: readonly number[]
  readonly #states: Map<string, State> = new Map()
  readonly #start: State

  /** @throws TypeError when the expression is too large. */
  constructor(expression: Expression) {
    const { first, last, empty } = this.#read(expression)
    this.#link([0], first)
    this.#lasts = new Set(empty ? [0, ...last] : last)
    const starts = this.#sets.flatMap((set) => set.flatMap(([from, to]) => [from, to + 1]))
    this.#classes = [...new Set([0, ...starts])].toSorted((a, b) => a - b)
    this.#start = this.#state([0])
  }

  /**
   * Takes all states there are, which requests would take one by one otherwise: that they are too many is found when a route is
   * registered, not by who asks for the right paths.
   * @throws TypeError when they are.
   */
  complete(): void {
    // New ones come at the end, and are looked at as well.
    for (const state of this.#states.values()) for (const code of this.#classes) this.#step(state, code)
  }

  has(text: string): boolean {
    let state: State | undefined = this.#start
    for (let i = 0; i < text.length; i++) {
      const code = text.codePointAt(i)!
      if (code > 0xffff) i++
      state = this.#step(state, code)
      if (state === undefined) return false
    }
    return state.accepts
  }

  /**
   * The ends of all texts of the language that begin at a position.
   * @param characters code points.
   */
  *ends(characters: readonly number[], from: number): Generator<number> {
    let state: State | undefined = this.#start
    for (let i = from; state !== undefined; i++) {
      if (state.accepts) yield i
      if (i === characters.length) return
      state = this.#step(state, characters[i]!)
    }
  }

  /** For each position: whether some text of the language leads from there to a position in `starts`. Found for all at once. */
  reach(characters: readonly number[], starts: readonly boolean[]): boolean[] {
    const reached: boolean[] = []
    let positions: number[] = []
    for (let i = 0; i <= characters.length; i++) {
      if (i > 0) {
        const next = new Set<number>()
        for (const position of positions)
          for (const follower of this.#follow[position]!)
            if (contains(this.#sets[follower]!, characters[i - 1]!)) next.add(follower)
        positions = [...next]
      }
      if (starts[i] === true) positions.push(0)
      reached.push(positions.some((position) => this.#lasts.has(position)))
    }
    return reached
  }

  /**
   * Reads all texts of the other language with both automata.
   * @returns false as soon as `found` returns true for a pair of states.
   * @throws TypeError when they are too large for that.
   */
  walk(other: Automaton, found: (here: State | undefined, there: State | undefined) => boolean): boolean {
    const classes = [...new Set([...this.#classes, ...other.#classes])]
    const seen = new Map<State | undefined, Set<State>>()
    const open: [State | undefined, State][] = [[this.#start, other.#start]]
    for (let pair = open.pop(), pairs = 0; pair; pair = open.pop()) {
      const [here, there] = pair
      const known = seen.get(here) ?? new Set()
      if (known.has(there)) continue
      seen.set(here, known.add(there))
      if (++pairs > mostStates * 10) throw new TypeError('Two constraints of parameters are too large to be compared')
      if (found(here, there)) return false
      for (const code of classes) {
        const next = other.#step(there, code)
        if (next) open.push([here && this.#step(here, code), next])
      }
    }
    return true
  }

  #step(state: State, code: number): State | undefined {
    const number = this.#classOf(code)
    const known = state.next[number]
    if (known !== undefined) return known.positions.length === 0 ? undefined : known
    const positions = new Set<number>()
    for (const position of state.positions)
      for (const follower of this.#follow[position]!) if (contains(this.#sets[follower]!, code)) positions.add(follower)
    const next = this.#state([...positions].toSorted((a, b) => a - b))
    state.next[number] = next
    return positions.size === 0 ? undefined : next
  }

  #state(positions: readonly number[]): State {
    const key = positions.join()
    const known = this.#states.get(key)
    if (known) return known
    if (this.#states.size >= mostStates) throw new TypeError('The constraint of a parameter is too large')
    const state = { positions, accepts: positions.some((one) => this.#lasts.has(one)), next: [] }
    this.#states.set(key, state)
    return state
  }

  #classOf(code: number): number {
    let [low, high] = [0, this.#classes.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#classes[middle]! <= code) low = middle
      else high = middle - 1
    }
    return low
  }

  #read(expression: Expression): Ends {
    if (expression.kind === 'set') {
      if (this.#sets.length > mostPositions) throw new TypeError('The constraint of a parameter is too long')
      this.#follow.push(new Set())
      const position = this.#sets.push(expression.set) - 1
      return { first: [position], last: [position], empty: false }
    }
    if (expression.kind === 'repeat') return this.#repeated(expression)
    const parts = expression.parts.map((part) => this.#read(part))
    if (expression.kind === 'one of')
      return {
        first: parts.flatMap(({ first }) => first),
        last: parts.flatMap(({ last }) => last),
        empty: parts.some(({ empty }) => empty),
      }
    return parts.reduce((before, part) => this.#joined(before, part), { first: [], last: [], empty: true })
  }

  #repeated({ part, min, max }: Expression & { kind: 'repeat' }): Ends {
    let all: Ends = { first: [], last: [], empty: true }
    for (let i = 0; i < min; i++) all = this.#joined(all, this.#read(part))
    if (max !== Number.POSITIVE_INFINITY) {
      for (let i = min; i < max; i++) all = this.#joined(all, { ...this.#read(part), empty: true })
      return all
    }
    const more = this.#read(part)
    this.#link(more.last, more.first)
    return this.#joined(all, { ...more, empty: true })
  }

  #joined(a: Ends, b: Ends): Ends {
    this.#link(a.last, b.first)
    return {
      first: a.empty ? [...a.first, ...b.first] : a.first,
      last: b.empty ? [...a.last, ...b.last] : b.last,
      empty: a.empty && b.empty,
    }
  }

  #link(from: readonly number[], to: readonly number[]): void {
    for (const position of from) for (const follower of to) this.#follow[position]!.add(follower)
  }
}
