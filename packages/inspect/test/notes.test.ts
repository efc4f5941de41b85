import { describe, expect, it } from 'vitest'
import { type LayerSpan, nested } from '../src/model/notes.ts'

const span = (name: string, startedAt: number, endedAt?: number): LayerSpan => ({
  kind: 'layer',
  name,
  startedAt,
  ...(endedAt !== undefined && { endedAt }),
})
const times = (...spans: LayerSpan[]): unknown =>
  nested(spans).map(({ name, depth, ms, own }) => [name, depth, ms, own])

describe('layers within each other', () => {
  it('have what is their own, and not what they have called', () => {
    expect(times(span('a', 0, 100), span('b', 10, 90), span('c', 20, 50))).toEqual([
      ['a', 0, 100, 20],
      ['b', 1, 80, 50],
      ['c', 2, 30, 30],
    ])
  })

  it('may be called one behind the other', () => {
    expect(times(span('a', 0, 100), span('first', 10, 30), span('second', 40, 90))).toEqual([
      ['a', 0, 100, 30],
      ['first', 1, 20, 20],
      ['second', 1, 50, 50],
    ])
  })

  it('that still run have no times, and what they have called does', () => {
    expect(times(span('a', 0), span('b', 5, 8), span('c', 9))).toEqual([
      ['a', 0, undefined, undefined],
      ['b', 1, 3, 3],
      ['c', 1, undefined, undefined],
    ])
  })

  it('that took no time at all are within each other as they began', () => {
    expect(times(span('a', 0, 0), span('b', 0, 0), span('c', 0, 0))).toEqual([
      ['a', 0, 0, 0],
      ['b', 1, 0, 0],
      ['c', 2, 0, 0],
    ])
  })

  it('that were left behind are around nothing that outlives them', () => {
    expect(times(span('a', 0, 50), span('left', 10, 20), span('late', 15, 40))).toEqual([
      ['a', 0, 50, 15],
      ['left', 1, 10, 10],
      ['late', 1, 25, 25],
    ])
  })
})
