import { expect, test } from 'vitest'
import { KnownPaths } from '../src/lib/tools/known-paths.ts'

test('keeps as many paths as there is room for, and then starts afresh', () => {
  const known = new KnownPaths<number>()
  for (let i = 0; i < 1023; i++) known.set(`/${i}`, i)
  expect(known.get('/0')).toBe(0)
  known.set('/1023', 1023)
  expect([known.get('/0'), known.get('/1023')]).toEqual([0, 1023])
  known.set('/1024', 1024)
  expect([known.get('/0'), known.get('/1023'), known.get('/1024')]).toEqual([undefined, undefined, 1024])
})

test.each([
  [255, 1],
  [256, 1],
  [257, undefined],
])('of a path of %i characters', (length, kept) => {
  const known = new KnownPaths<number>()
  const path = `/${'x'.repeat(length - 1)}`
  known.set(path, 1)
  expect(known.get(path)).toBe(kept)
})
