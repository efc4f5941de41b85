// Patterns by their segments, searched in time proportional to the length of a path.
import { compareLanguages, comparePatterns, compareTails } from './compare.ts'
import { type Language, filled } from './language.ts'
import type { Pattern, Variant } from './pattern.ts'

/** What a path may lead to. */
export interface Entry<T> {
  /** Empty for all methods. */
  readonly method: string
  readonly pattern: Pattern
  readonly variant: Variant
  readonly value: T
}

/** A place reached after some segments: what may come next, the narrower always before the wider. */
interface Place<T> {
  /** Made with the first one: most places have none. */
  texts: Map<string, Place<T>> | undefined
  readonly languages: { readonly language: Language; readonly place: Place<T> }[]
  readonly tails: { readonly variant: Variant; readonly entries: Entry<T>[] }[]
  /** Patterns that end here. */
  readonly entries: Entry<T>[]
}

/**
 * The patterns of a table, by their segments. Walking it finds every pattern that matches a path, the more specific
 * ones first. The order does not depend on that of registration, provided that of any two patterns that share paths one
 * is more specific ({@link compareVariants}).
 */
export class PatternTree<T> {
  readonly #root: Place<T> = emptyPlace()

  add(method: string, pattern: Pattern, value: T): void {
    for (const variant of pattern.variants) {
      const entries = entriesFor(this.#root, variant)
      if (!entries.some((one) => one.pattern === pattern && one.method === method))
        insert(entries, { method, pattern, variant, value }, isBefore)
    }
  }

  remove(method: string, pattern: Pattern): void {
    for (const variant of pattern.variants) {
      const entries = entriesFor(this.#root, variant)
      const at = entries.findIndex((one) => one.pattern === pattern && one.method === method)
      if (at >= 0) entries.splice(at, 1)
    }
  }

  /**
   * The first pattern that is accepted, trying the most specific ones first.
   * @param segments of a path in normal form, without the slash at its end.
   */
  find(segments: readonly string[], accepts: (entry: Entry<T>) => boolean): Entry<T> | undefined {
    return search(this.#root, segments, 0, accepts)
  }
}

/** The segments of a path in normal form. A slash at its end does not add one. */
export function segmentsOf(normal: string): string[] {
  const segments = normal.split('/')
  segments.shift()
  if (segments[segments.length - 1] === '') segments.pop()
  return segments
}

/** A segment of a path in normal form, decoded. */
export function decodeSegment(segment: string): string {
  return segment.includes('%') ? decodeURIComponent(segment) : segment
}

function search<T>(
  place: Place<T>,
  segments: readonly string[],
  at: number,
  accepts: (entry: Entry<T>) => boolean,
): Entry<T> | undefined {
  if (at === segments.length) {
    for (const entry of place.entries) if (accepts(entry)) return entry
  } else {
    const segment = segments[at]!
    const text = place.texts?.get(segment)
    const found = text && search(text, segments, at + 1, accepts)
    if (found) return found
    for (const next of place.languages) {
      if (next.language === filled ? segment === '' : !next.language.has(decodeSegment(segment))) continue
      const other = search(next.place, segments, at + 1, accepts)
      if (other) return other
    }
  }
  for (const { variant, entries } of place.tails)
    if (tailMatches(variant, segments, at)) for (const entry of entries) if (accepts(entry)) return entry
  return undefined
}

function tailMatches({ tail, suffix }: Variant, segments: readonly string[], from: number): boolean {
  const end = segments.length - suffix.length
  if (end - from < tail!.min) return false
  if (tail!.each === filled) for (let i = from; i < end; i++) if (segments[i] === '') return false
  for (let i = 0; i < suffix.length; i++) if (!suffix[i]!.language.has(decodeSegment(segments[end + i]!))) return false
  return true
}

/** The list for the entries of a pattern, created if necessary. */
function entriesFor<T>(root: Place<T>, variant: Variant): Entry<T>[] {
  let place = root
  for (const { language, text } of variant.head)
    place = text === undefined ? placeBehind(place, language) : textPlace(place, text)
  if (!variant.tail) return place.entries
  const same = place.tails.find((one) => compareTails(one.variant, variant) === 0)
  if (same) return same.entries
  const added = { variant, entries: [] }
  insert(place.tails, added, (one, other) => compareTails(one.variant, other.variant)! < 0)
  return added.entries
}

function textPlace<T>(from: Place<T>, text: string): Place<T> {
  const texts = (from.texts ??= new Map())
  let place = texts.get(text)
  if (!place) texts.set(text, (place = emptyPlace()))
  return place
}

function placeBehind<T>({ languages }: Place<T>, language: Language): Place<T> {
  const same = languages.find((one) => compareLanguages(one.language, language) === 0)
  if (same) return same.place
  const added = { language, place: emptyPlace<T>() }
  insert(languages, added, (one, other) => compareLanguages(one.language, other.language)! < 0)
  return added.place
}

/** Inserts before the first element that `added` precedes: as precedence is transitive, all that precede it come earlier. */
function insert<E>(list: E[], added: E, precedes: (one: E, other: E) => boolean): void {
  const at = list.findIndex((one) => precedes(added, one))
  list.splice(at < 0 ? list.length : at, 0, added)
}

/** Order of the entries that end at one place: narrower patterns first, and for the same pattern a specific method first. */
function isBefore<T>(one: Entry<T>, other: Entry<T>): boolean {
  const order = comparePatterns(one.pattern, other.pattern)
  return order === 0 ? other.method === '' : order !== undefined && order < 0
}

function emptyPlace<T>(): Place<T> {
  return { texts: undefined, languages: [], tails: [], entries: [] }
}
