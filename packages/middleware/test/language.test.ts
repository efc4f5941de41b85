import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { router } from '@spillway/middleware/router'
import { readConstraint } from '../src/lib/router/constraint.ts'
import { Language, literal, textOf } from '../src/lib/router/language.ts'

it('a text is the same language as the expression for it', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', 'ä', '😀'), maxLength: 4 })
  const constraint = fc.constantFrom('a', 'a?b*', '[ab]+', '\\d{2}', '(?:a|b1)*', '.*', 'ä.')
  fc.assert(
    fc.property(text, text, constraint, (one, other, source) => {
      const short = literal(one)
      const long = new Language(textOf(one))
      const others = [literal(other), new Language(textOf(other)), new Language(readConstraint(source))]
      expect(short.has(other)).toBe(long.has(other))
      for (const language of others) {
        expect(short.meets(language)).toBe(long.meets(language))
        expect(language.meets(short)).toBe(language.meets(long))
        expect(short.includes(language)).toBe(long.includes(language))
        expect(language.includes(short)).toBe(language.includes(long))
      }
    }),
  )
})

it.each([
  ['a', 499],
  ['a', 500],
  ['😀', 500],
])('a segment of "%s" may be as long as %i characters', (character, count) => {
  const add = (length: number) => () =>
    router()
      .get('/:any', (c) => c.text(''))
      .get(`/${character.repeat(length)}`, (c) => c.text(''))
  expect(add(count)).not.toThrow()
  expect(add(501)).toThrow('A segment of a pattern is too long')
})
