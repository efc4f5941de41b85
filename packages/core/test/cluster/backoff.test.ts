import { expect, it } from 'vitest'
import { Backoff, defaultRestart } from '../../src/cluster/backoff.ts'

const policy = { ...defaultRestart, minDelay: 100, maxDelay: 1000, stableAfter: 60_000 }

/** The delays of workers that were ready for so long each. */
function delays(...readyFor: number[]): number[] {
  const backoff = new Backoff(policy)
  return readyFor.map((ms) => backoff.delay(ms))
}

it('replaces the first at once, then waits twice as long each time, up to a maximum', () => {
  expect(delays(0, 0, 0, 0, 0, 0, 0)).toEqual([0, 100, 200, 400, 800, 1000, 1000])
})

it('counts a worker that was ready, but not for long, as one more in a row', () => {
  expect(delays(0, 59_999, 10)).toEqual([0, 100, 200])
})

it('starts again after a stable worker', () => {
  expect(delays(0, 0, 0, 60_000, 0)).toEqual([0, 100, 200, 0, 100])
})

it('stays finite however often it is asked', () => {
  const backoff = new Backoff(policy)
  for (let i = 0; i < 5000; i++) backoff.delay(0)
  expect(backoff.delay(0)).toBe(1000)
})
