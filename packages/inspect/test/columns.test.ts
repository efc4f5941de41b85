import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { columnsOf } from '../page/live/columns.ts'
import type { Exchange } from '../src/model/events.ts'

/** A picture of 1,000 pixels. */
const view = (span: number) => ({ now: 60_000, x: (at: number) => 1000 - ((60_000 - at) / span) * 1000 })
const exchange = (headAt: number, ms: number, status?: number): Exchange => ({
  exchange: 1,
  method: 'GET',
  target: '/',
  version: '1.1',
  bytesIn: 20,
  at: headAt,
  headAt,
  ...(status !== undefined && { status, repliedAt: headAt + ms, endedAt: headAt + ms }),
})

it('short exchanges with pauses between them stay apart', () => {
  const ticks = Array.from({ length: 12 }, (_, i) => exchange(50_000 + i * 300, 0.1, 200))
  const columns = columnsOf(ticks, view(30_000))
  expect(columns.map(({ all }) => all)).toEqual(ticks.map(() => 1))
})

it('an error colours the column that it is in', () => {
  const many = Array.from({ length: 7 }, (_, i) => exchange(50_005 + i * 100, 1, i === 3 ? 404 : 200))
  const columns = columnsOf(many, view(30_000))
  expect(columns.filter(({ bad }) => bad > 0)).toHaveLength(1)
  expect(columns.reduce((sum, { all }) => sum + all, 0)).toBe(7)
})

it('what is not answered yet is under way until now', () => {
  const columns = columnsOf([exchange(59_990, 0)], view(1_000))
  expect(columns.every(({ open, all }) => open === 1 && all === 1)).toBe(true)
  expect(columns).toHaveLength(6)
})

it('a column is coloured when something was under way in its time, and only then', () => {
  // In columns: longer ones are drawn alone.
  const one = fc.tuple(fc.integer({ min: 0, max: 59_000 }), fc.integer({ min: 0, max: 6 }))
  const spans = fc.constantFrom(2, 100, 10_000, 30_000, 240_000)
  fc.assert(
    fc.property(fc.array(one, { maxLength: 20 }), spans, (all, span) => {
      const length = span / 500
      const group = all.map(([at, columns]) => exchange(at, columns * length, 200))
      for (const { at, all: count } of columnsOf(group, view(span))) {
        const there = group.filter(
          ({ headAt, endedAt }) => headAt < at + length * 1.001 && endedAt! >= at - length * 0.001,
        )
        expect(there.length).toBeGreaterThanOrEqual(count)
        expect(count).toBeGreaterThan(0)
      }
    }),
  )
})
