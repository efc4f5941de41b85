/** Sets of characters as sorted ranges of code points: the alphabet of the languages of segments. */

/** Inclusive, sorted, and not adjacent. */
export type Ranges = readonly (readonly [first: number, last: number])[]

/** Every character that a segment may have: not NUL, which no path contains, and no half of a surrogate pair. */
export const anyCharacter: Ranges = [
  [1, 0xd7ff],
  [0xe000, 0x10ffff],
]

export function union(...sets: readonly Ranges[]): Ranges {
  const joined: [number, number][] = []
  for (const [first, last] of sets.flat().toSorted((a, b) => a[0] - b[0])) {
    const before = joined.at(-1)
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else joined.push([first, last])
  }
  return joined
}

/** Every character of a segment that is not in the set. */
export function complement(set: Ranges): Ranges {
  const rest: [number, number][] = []
  let next = 0
  for (const [first, last] of union(set)) {
    if (first > next) rest.push([next, first - 1])
    next = last + 1
  }
  rest.push([next, 0x10ffff])
  return intersection(rest, anyCharacter)
}

export function intersection(a: Ranges, b: Ranges): Ranges {
  return a.flatMap(([first, last]) =>
    b.flatMap(([start, end]): [number, number][] =>
      start <= last && first <= end ? [[Math.max(first, start), Math.min(last, end)]] : [],
    ),
  )
}

export function contains(set: Ranges, character: number): boolean {
  return set.some(([first, last]) => first <= character && character <= last)
}
