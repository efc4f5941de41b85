import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LiteralPaths } from '../src/lib/router/literals.ts'

/** Few characters and lengths, so that many paths share a list. */
const path = fc.string({ unit: fc.constantFrom('/', 'a', 'b', 'é', '\u{1F600}'), maxLength: 6 })

test('means the same as a Map', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(path, fc.nat())), fc.array(path), (entries, others) => {
      const literals = new LiteralPaths<number>()
      for (const [key, value] of entries) literals.set(key, value)
      const map = new Map(entries)
      for (const key of [...map.keys(), ...others]) expect(literals.get(key)).toBe(map.get(key))
    }),
  )
})

test.each([7, 8, 9, 500])('%i paths that look alike are told apart', (count) => {
  const literals = new LiteralPaths<number>()
  const paths = Array.from({ length: count }, (_, i) => `/${String(i).padStart(3, '0')}/same/ending`)
  for (const [i, one] of paths.entries()) literals.set(one, i)
  for (const [i, one] of paths.entries()) expect(literals.get(one)).toBe(i)
  expect(literals.get('/abc/same/ending')).toBe(undefined)
})

test('what is set again means what was set last', () => {
  const literals = new LiteralPaths<number>()
  literals.set('/a', 1)
  literals.set('/a', 2)
  expect(literals.get('/a')).toBe(2)
})
