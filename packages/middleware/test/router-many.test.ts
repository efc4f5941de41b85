import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { overlap } from '../src/lib/router/compare.ts'
import { Neighbours } from '../src/lib/router/neighbours.ts'
import { readPattern } from '../src/lib/router/pattern.ts'
import { router } from '@spillway/middleware/router'
import { ask } from './memory.ts'

const segment = fc.constantFrom('a', 'b', 'a-b', ':x', ':y', 'a-:x', ':n(\\d+)', '**:rest')
const source = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`)

/** Undefined for text that is no pattern, such as one with two catch-alls. */
function read(text: string): ReturnType<typeof readPattern> | undefined {
  try {
    return readPattern(text)
  } catch {
    return undefined
  }
}

it('finds every pattern that shares paths with another', () => {
  let shared = 0
  let left = 0
  fc.assert(
    fc.property(fc.array(source, { minLength: 2, maxLength: 12 }), source, (sources, asked) => {
      const pattern = read(asked)
      fc.pre(pattern !== undefined)
      const known = sources.map(read).filter((one) => one !== undefined)
      const all = new Neighbours<(typeof known)[number]>()
      for (const one of known) all.add(one.variants, one)
      const found = all.of(pattern.variants)
      const near = known.filter((one) => one.variants.some((a) => pattern.variants.some((b) => overlap(a, b))))
      expect(near.filter((one) => !found.has(one))).toEqual([])
      shared += near.length
      left += known.length - found.size
    }),
    { numRuns: 500 },
  )
  // It would be no use to find all of them always.
  expect(shared).toBeGreaterThan(100)
  expect(left).toBeGreaterThan(100)
})

it('takes twenty thousand routes with parameters, and finds each', { timeout: 60_000 }, () => {
  const app = router()
  const count = 20_000
  for (let i = 0; i < count; i++) app.get(`/shops/${i}/books/:book`, (c) => c.text(`${i} ${c.params['book']}`))
  for (const i of [0, 9999, count - 1]) expect(ask(app, 'GET', `/shops/${i}/books/b`).content).toBe(`${i} b`)
  expect(ask(app, 'GET', `/shops/${count}/books/b`).status).toBe(404)
  // What is wrong with a route is still found, however many there are.
  expect(() => app.get('/shops/7/books/:other', (c) => c.text(''))).toThrow('There already is a route')
  app.get('/shops/:other/books/:book', (c) => c.text('any other'))
  expect(ask(app, 'GET', '/shops/7/books/b').content).toBe('7 b')
  expect(ask(app, 'GET', `/shops/${count}/books/b`).content).toBe('any other')
})
