import type { ParamsOf } from '@spillway/middleware/router'
import { readPattern } from '../src/lib/router/pattern.ts'
import { readParams } from '../src/lib/router/params.ts'
import { expect, expectTypeOf, test } from 'vitest'

type Maybe = string | undefined

/** A pattern with what the compiler finds in it; the names have to be those that the router finds. */
function named<const P extends string>(pattern: P, ...names: (keyof ParamsOf<P> & string)[]): [string, string[]] {
  return [pattern, names]
}

test.each([
  named('/a'),
  named('/users/:id', 'id'),
  named('/:a/:b?', 'a', 'b'),
  named('/:a.:b/c-:d_1', 'a', 'b', 'd_1'),
  named('/:id(\\d+)abc/:x', 'id', 'x'),
  named('/:id((?:a|b):c[)]\\))?', 'id'),
  named('/files/**:path', 'path'),
  named('/files/:path*', 'path'),
  named('/files/:path(.*)', 'path'),
  named('/files/**', '0'),
  named('/*.json', '0'),
  named('/(a|b)/(c)', '0', '1'),
  named('/a{/:x/:y?}?/:z', 'x', 'y', 'z'),
  named('/a{:x}b/:z', 'x', 'z'),
  named('/:x{b}/{:y}_', 'x', 'y'),
  named('/a\\:x/:z', 'z'),
  named('/:id(\\d{2,3}){-:t}?', 'id', 't'),
])('the compiler reads %s as the router does', (pattern, names) => {
  expect([...readPattern(pattern).names].toSorted()).toEqual(names.toSorted())
})

test('what may be left out may be undefined', () => {
  expectTypeOf<ParamsOf<'/:a/:b?'>>().toEqualTypeOf<{ readonly a: string; readonly b: Maybe }>()
  expectTypeOf<ParamsOf<'/:id(\\d+)'>>().toEqualTypeOf<{ readonly id: string }>()
  expectTypeOf<ParamsOf<'/:p*'>>().toEqualTypeOf<{ readonly p: Maybe }>()
  expectTypeOf<ParamsOf<'/:p+'>>().toEqualTypeOf<{ readonly p: string }>()
  expectTypeOf<ParamsOf<'/:p(.*)'>>().toEqualTypeOf<{ readonly p: Maybe }>()
  expectTypeOf<ParamsOf<'/**'>>().toEqualTypeOf<{ readonly 0: Maybe }>()
  expectTypeOf<ParamsOf<'/*.js'>>().toEqualTypeOf<{ readonly 0: string }>()
  expectTypeOf<ParamsOf<'/a{/:x}?/:y'>>().toEqualTypeOf<{ readonly x: Maybe; readonly y: string }>()
  expectTypeOf<ParamsOf<string>>().toEqualTypeOf<Record<string, Maybe>>()
  const pattern = readPattern('/:a/:b?')
  expect({ ...readParams(pattern, pattern.variants[1]!, ['x']) }).toEqual({ a: 'x', b: undefined })
})
