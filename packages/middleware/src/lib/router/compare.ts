// Whether two patterns match the same paths, and which of them is more specific.
import type { Language } from './language.ts'
import type { Pattern, Tail, Variant } from './pattern.ts'

/** Whether some path matches both. */
export function overlap(a: Variant, b: Variant): boolean {
  for (let length = Math.max(least(a), least(b)); length <= enough(a, b); length++) {
    if (!reaches(a, length) || !reaches(b, length)) continue
    if (everyPlace(length, (i) => languageAt(a, i, length).meets(languageAt(b, i, length)))) return true
  }
  return false
}

/** Whether every path that matches `inner` matches `outer`. */
function isWithin(inner: Variant, outer: Variant): boolean {
  if (inner.tail && !outer.tail) return false
  for (let length = least(inner); length <= enough(inner, outer); length++) {
    if (!reaches(inner, length)) continue
    if (!reaches(outer, length)) return false
    if (!everyPlace(length, (i) => languageAt(outer, i, length).includes(languageAt(inner, i, length)))) return false
  }
  return true
}

/** Whether one pattern matches everything that the other matches. */
function isPatternWithin(inner: Pattern, outer: Pattern): boolean {
  return inner.variants.every((one) => outer.variants.some((other) => isWithin(one, other)))
}

/**
 * Which of two overlapping variants is more specific: the one whose segment is narrower at the first place where they differ. Text
 * is narrower than a parameter, a parameter with a constraint narrower than one without, and any segment narrower than a catch-all.
 * @returns below 0 for the first, above 0 for the second, 0 when they are the same, undefined when neither is more specific.
 */
export function compareVariants(a: Variant, b: Variant): number | undefined {
  const both = Math.min(a.head.length, b.head.length)
  for (let i = 0; i < both; i++) {
    const order = compareLanguages(a.head[i]!.language, b.head[i]!.language)
    if (order !== 0) return order
  }
  const [isAtTail, isOtherAtTail] = [a.head.length === both && a.tail, b.head.length === both && b.tail]
  if (isAtTail && isOtherAtTail) return compareTails(a, b)
  if (isAtTail || isOtherAtTail) return isAtTail ? 1 : -1
  return a.head.length - b.head.length
}

/** Compares variants that are the same up to their catch-alls. */
export function compareTails(a: Variant, b: Variant): number | undefined {
  const [first, second] = [tailAlone(a), tailAlone(b)]
  return narrower(isWithin(second, first), isWithin(first, second))
}

export function compareLanguages(a: Language, b: Language): number | undefined {
  if (a === b) return 0
  return narrower(a.includes(b), b.includes(a))
}

/** @returns below 0 when the first is narrower. */
export function comparePatterns(a: Pattern, b: Pattern): number | undefined {
  return narrower(isPatternWithin(b, a), isPatternWithin(a, b))
}

function narrower(firstIncludes: boolean, secondIncludes: boolean): number | undefined {
  if (firstIncludes) return secondIncludes ? 0 : 1
  return secondIncludes ? -1 : undefined
}

function tailAlone({ tail, suffix }: Variant): Variant {
  return { head: [], tail, suffix, slash: undefined }
}

/** The fewest segments that a matching path has. */
function least({ head, tail, suffix }: Variant): number {
  return head.length + (tail?.min ?? 0) + suffix.length
}

/** A number of segments that is enough to compare two variants: longer paths only have more segments in the catch-all. */
function enough(a: Variant, b: Variant): number {
  return Math.max(least(a), least(b)) + Math.min(least(a), least(b)) + 1
}

function reaches(variant: Variant, length: number): boolean {
  return variant.tail ? length >= least(variant) : length === least(variant)
}

function everyPlace(length: number, holds: (i: number) => boolean): boolean {
  for (let i = 0; i < length; i++) if (!holds(i)) return false
  return true
}

/** What a path with this many segments may have at a place. */
function languageAt({ head, tail, suffix }: Variant, i: number, length: number): Language {
  if (i < head.length) return head[i]!.language
  const behind = i - (length - suffix.length)
  return behind >= 0 ? suffix[behind]!.language : (tail as Tail).each
}
