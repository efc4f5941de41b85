// The one reader of options for core, middleware and programs that build on them: a table of rules says what each option may be, and
// its default.
import { kindOf } from './guarded.ts'

/** What an option may be. */
export interface Rule<out T> {
  /** The value when the option is undefined or absent. */
  readonly fallback: T
  /** @param name of the option, for errors. @throws TypeError for another kind of value, RangeError for one out of range */
  read(value: unknown, name: string): T
}

/** The options `O` after those named `D` have been given their defaults. */
export type Settled<O, D extends keyof O> = Omit<O, D> & { readonly [K in D]-?: Exclude<O[K], undefined> }

/** A rule for every option of `S`: the compiler reports one that was forgotten. */
export type Rules<S> = { readonly [K in keyof S]-?: Rule<{} extends Pick<S, K> ? S[K] | undefined : S[K]> }

type Value<T> = T extends Rule<infer V> ? V : never

/** Options after reading: only those without a default may be absent. */
export type Read<R> = {
  readonly [K in keyof R as undefined extends Value<R[K]> ? never : K]: Value<R[K]>
} & {
  readonly [K in keyof R as undefined extends Value<R[K]> ? K : never]?: Exclude<Value<R[K]>, undefined>
}

/** Bounds of a number, both inclusive. */
export interface Bounds {
  readonly from?: number
  /** Infinity allows Infinity. */
  readonly to?: number
}

/**
 * Reads options by their rules: an option that is undefined or absent gets its default.
 * @param where prefixed to names in errors: `limits.`.
 * @throws TypeError for a name without a rule, naming the most similar one, and for a value of another kind; RangeError for
 * a number that is NaN or out of range.
 */
export function readOptions<R extends object>(rules: R, given: unknown, where: string = ''): Read<R> {
  if (given !== undefined) checkNames(Object.keys(rules), given, where)
  const read: Record<string, unknown> = {}
  for (const [name, rule] of Object.entries(rules) as [string, Rule<unknown>][]) {
    const value = (given as Record<string, unknown> | undefined)?.[name]
    const taken = value === undefined ? fallbackOf(rule, where + name) : rule.read(value, where + name)
    if (taken !== undefined) read[name] = taken
  }
  return read as Read<R>
}

function fallbackOf(rule: Rule<unknown>, name: string): unknown {
  if (rule.fallback === missing) throw new TypeError(`The option \`${name}\` is required`)
  return rule.fallback
}

/** Stands for the default of an option that has none. */
const missing: unique symbol = Symbol('missing')

function checkNames(known: readonly string[], given: unknown, where: string): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const what = where === '' ? 'Options are' : `The option \`${where.slice(0, -1)}\` is`
    throw new TypeError(`${what} an object, not ${kindOf(given)}`)
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    if (isContext(given))
      throw new TypeError('Options are an object, not the context of a request: is a layer used without being called?')
    const near = nearest(name, known)
    const advice = near === undefined ? `there are ${known.join(', ')}` : `did you mean \`${where}${near}\`?`
    throw new TypeError(`There is no option \`${where}${name}\`: ${advice}`)
  }
}

/** Whether somebody has written `use(cors)` in place of `use(cors())`. */
function isContext(given: object): boolean {
  const { text: writesText, json, path } = given as { readonly [name: string]: unknown }
  return typeof writesText === 'function' && typeof json === 'function' && typeof path === 'string'
}

/**
 * The known name that needs the fewest changes, for a mistyped one; none when that is half of the letters or more. A
 * prefix of at least three letters counts as one change.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase().slice(0, 64)
  let best: string | undefined
  let fewest = Infinity
  for (const other of known) {
    const right = other.toLowerCase()
    const changes = given.length > 2 && right.startsWith(given) ? 1 : changesBetween(given, right)
    if (changes < fewest && changes * 2 < Math.max(given.length, right.length)) [best, fewest] = [other, changes]
  }
  return best
}

/** How many letters must be inserted, removed or replaced, or neighbours swapped, to turn one word into the other. */
function changesBetween(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2]! + 1)
      row.push(least)
    }
    before = last
    last = row
  }
  return last[b.length]!
}

function wrong(name: string, wanted: string, value: unknown): TypeError {
  return new TypeError(`The option \`${name}\` is ${wanted}, not ${kindOf(value)}`)
}

function ruleOf<T>(fallback: T, read: Rule<T>['read']): Rule<T> {
  return { fallback, read }
}

/** A number within bounds, such as milliseconds or a share. Default bounds: from 0 up, including Infinity. */
export function amount(fallback: number = 0, { from = 0, to = Infinity }: Bounds = {}): Rule<number> {
  return ruleOf(fallback, (value, name) => {
    if (typeof value !== 'number') throw wrong(name, 'a number', value)
    if (!(value >= from && value <= to))
      throw new RangeError(`The option \`${name}\` is ${range(from, to)}, not ${value}`)
    return value
  })
}

/** A whole number within bounds, such as bytes or a count. Default bounds: from 0 up, including Infinity. */
export function whole(fallback: number = 0, bounds: Bounds = {}): Rule<number> {
  const rule = amount(fallback, bounds)
  return ruleOf(fallback, (value, name) => {
    const number = rule.read(value, name)
    if (!Number.isSafeInteger(number) && number !== Infinity)
      throw new RangeError(`The option \`${name}\` is a whole number, not ${number}`)
    return number
  })
}

function range(from: number, to: number): string {
  return to === Infinity ? `a number from ${from} on` : `a number from ${from} to ${to}`
}

export function flag(fallback: boolean = false): Rule<boolean> {
  return ruleOf(fallback, (value, name) => {
    if (typeof value !== 'boolean') throw wrong(name, 'true or false', value)
    return value
  })
}

/** Text. @param pattern that it must match; `''` is never valid for an option that has another default. */
export function text(fallback: string = '', pattern: RegExp = /(?:)/): Rule<string> {
  return ruleOf(fallback, (value, name) => {
    if (typeof value !== 'string') throw wrong(name, 'text', value)
    if (!pattern.test(value)) throw new TypeError(`The option \`${name}\` cannot be ${JSON.stringify(value)}`)
    return value
  })
}

/** One of several values. */
export function choice<const T>(values: readonly T[], fallback: NoInfer<T>): Rule<T> {
  return ruleOf<T>(fallback, (value, name) => {
    if (!values.includes(value as T)) {
      const wanted = values.map((one) => JSON.stringify(one)).join(' or ')
      throw new TypeError(
        `The option \`${name}\` is ${wanted}, not ${typeof value === 'string' ? JSON.stringify(value) : kindOf(value)}`,
      )
    }
    return value as T
  })
}

/** A function; without a default. */
export function callback<F>(): Rule<F | undefined> {
  return ruleOf<F | undefined>(undefined, (value, name) => {
    if (typeof value !== 'function') throw wrong(name, 'a function', value)
    return value as F
  })
}

/** A list whose entries all follow one rule. */
export function list<T>(entry: Rule<T>, fallback: readonly NoInfer<T>[] = []): Rule<readonly T[]> {
  return ruleOf<readonly T[]>(fallback, (value, name) => {
    if (!Array.isArray(value)) throw wrong(name, 'a list', value)
    return value.map((one: unknown, i) => entry.read(one, `${name}[${i}]`))
  })
}

/** Names chosen by the user, whose values all follow one rule. */
export function record<T>(entry: Rule<T>): Rule<Readonly<Record<string, T>>> {
  return ruleOf<Readonly<Record<string, T>>>({}, (value, name) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'an object', value)
    const set = Object.entries(value).filter(([, one]) => one !== undefined)
    return Object.fromEntries(set.map(([key, one]) => [key, entry.read(one, `${name}.${key}`)]))
  })
}

/** Options within options. */
export function section<R extends object>(rules: R): Rule<Read<R>> {
  return {
    get fallback() {
      return readOptions(rules, undefined)
    },
    read: (value, name) => readOptions(rules, value, `${name}.`),
  }
}

/** The same rule, for an option that is undefined when it is not given. */
export function optional<T>(rule: Rule<T>): Rule<T | undefined> {
  return ruleOf<T | undefined>(undefined, (value, name) => rule.read(value, name))
}

/** An option that must be given. */
export function required<T>(rule: Rule<T>): Rule<Exclude<T, undefined>> {
  return ruleOf(missing as never, (value, name) => rule.read(value, name) as Exclude<T, undefined>)
}

/** One of two kinds. If a value is neither, the second rule says what is wrong. */
export function either<A, B>(first: Rule<A>, second: Rule<B>): Rule<A | B> {
  return ruleOf<A | B>(first.fallback, (value, name) => {
    try {
      return first.read(value, name)
    } catch (error) {
      if (error instanceof RangeError) throw error
      return second.read(value, name)
    }
  })
}

/** Anything but undefined: what it is for says what it may be. */
export function anything(): Rule<unknown> {
  return ruleOf<unknown>(undefined, (value) => value)
}

/** An object that is passed on as it is; whoever uses it finds out whether it is valid. */
export function thing<T>(wanted: string = 'an object'): Rule<T | undefined> {
  return ruleOf<T | undefined>(undefined, (value, name) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) throw wrong(name, wanted, value)
    return value as T
  })
}
