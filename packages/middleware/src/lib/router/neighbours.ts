// Which patterns may share paths with another one, found without comparing it with all of them.
import type { Variant } from './pattern.ts'

/** A place reached after some segments. */
interface Place<T> {
  /** Made with the first one: most places have none. */
  texts: Map<string, Place<T>> | undefined
  /** Behind a segment that is no single text. */
  other: Place<T> | undefined
  /** Those of patterns that end here. */
  readonly ends: T[]
  /** Those of patterns with a catch-all here. */
  readonly tails: T[]
}

/**
 * Values by the segments of their patterns. A router with ten thousand routes has few that share paths with any one of them: the texts
 * of the others differ from its own at some place.
 */
export class Neighbours<T> {
  readonly #root: Place<T> = emptyPlace()

  add(variants: readonly Variant[], value: T): void {
    for (const { head, tail } of variants) {
      let place = this.#root
      for (const { text } of head) place = text === undefined ? (place.other ??= emptyPlace()) : textPlace(place, text)
      if (tail) place.tails.push(value)
      else place.ends.push(value)
    }
  }

  /** All whose pattern may share paths with one of these variants, each once. Some of them do not. */
  of(variants: readonly Variant[]): Set<T> {
    const found = new Set<T>()
    for (const variant of variants) collect(this.#root, variant, 0, found)
    return found
  }
}

function collect<T>(place: Place<T>, variant: Variant, at: number, found: Set<T>): void {
  const { head, tail } = variant
  for (const value of place.tails) found.add(value)
  if (at >= head.length) for (const value of place.ends) found.add(value)
  // Behind a catch-all there may be anything.
  if (at >= head.length && !tail) return
  const text = head[at]?.text
  const next = text === undefined ? [...(place.texts?.values() ?? [])] : [place.texts?.get(text)]
  for (const one of [...next, place.other]) if (one) collect(one, variant, at + 1, found)
}

function emptyPlace<T>(): Place<T> {
  return { texts: undefined, other: undefined, ends: [], tails: [] }
}

function textPlace<T>(from: Place<T>, text: string): Place<T> {
  const texts = (from.texts ??= new Map())
  let place = texts.get(text)
  if (!place) texts.set(text, (place = emptyPlace()))
  return place
}
