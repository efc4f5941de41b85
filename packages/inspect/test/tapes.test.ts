import { describe, expect, it } from 'vitest'
import { Tapes, tapeBounds } from '../src/parts.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (base64: string): string => Buffer.from(base64, 'base64').toString()

describe('the tapes', () => {
  it('keep what was said between two idle moments apart, with each read and write', () => {
    const tapes = new Tapes()
    tapes.record(1, 'in', bytes('GE'), 1)
    tapes.record(1, 'in', bytes('T'), 2)
    tapes.record(1, 'out', bytes('200'), 3)
    tapes.cut(1)
    tapes.record(1, 'in', bytes('PUT'), 9)
    const [first, second] = tapes.read(1)
    expect([text(first!.in), text(first!.out), first!.at]).toEqual(['GET', '200', 1])
    expect(first!.pieces).toEqual([
      { at: 1, direction: 'in', bytes: 2 },
      { at: 2, direction: 'in', bytes: 1 },
      { at: 3, direction: 'out', bytes: 3 },
    ])
    expect([text(second!.in), second!.at]).toEqual(['PUT', 9])
    expect(tapes.read(2)).toEqual([])
  })

  it('copy, as the buffers belong to somebody else', () => {
    const tapes = new Tapes()
    const buffer = bytes('abc')
    tapes.record(1, 'in', buffer, 1)
    buffer.fill(0)
    expect(text(tapes.read(1)[0]!.in)).toBe('abc')
  })

  it.each([-1, 0, 1])('keep the first bytes of a segment, and count all: limit %i', (more) => {
    const tapes = new Tapes()
    const size = tapeBounds.segment + more
    tapes.record(1, 'out', new Uint8Array(size - 10), 1)
    tapes.record(1, 'out', new Uint8Array(10), 1)
    const [segment] = tapes.read(1)
    expect(Buffer.from(segment!.out, 'base64')).toHaveLength(Math.min(size, tapeBounds.segment))
    expect(segment!.total.out).toBe(size)
  })

  it('let go of the oldest segments of a connection', () => {
    const tapes = new Tapes()
    for (let i = 0; i < 50; i++) {
      tapes.record(1, 'in', new Uint8Array(tapeBounds.segment).fill(i), i)
      tapes.cut(1)
      expect(tapes.bytes).toBeLessThanOrEqual(tapeBounds.connection)
    }
    expect(tapes.read(1).at(-1)!.at).toBe(49)
  })

  it('stay within their bound for short segments, too', () => {
    const tapes = new Tapes()
    for (let i = 0; i < 1000; i++) {
      tapes.record(1, 'in', bytes('x'), i)
      tapes.cut(1)
    }
    expect(tapes.read(1).length).toBeLessThanOrEqual(tapeBounds.segments)
    expect(tapes.bytes).toBe(tapes.read(1).length)
  })

  it('forget connections that closed long ago, with their bytes', () => {
    const tapes = new Tapes()
    for (let id = 1; id <= tapeBounds.closed + 20; id++) {
      tapes.record(id, 'in', bytes('0123456789'), id)
      tapes.close(id)
    }
    expect(tapes.read(20)).toEqual([])
    expect(tapes.read(21)).toHaveLength(1)
    expect(tapes.bytes).toBe(tapeBounds.closed * 10)
  })

  it('hold no more than their bound for all connections together', () => {
    const tapes = new Tapes()
    for (let id = 1; id <= 3000; id++) tapes.record(id, 'in', new Uint8Array(tapeBounds.segment), id)
    expect(tapes.bytes).toBe(tapeBounds.all)
    expect(tapes.read(3000)[0]).toMatchObject({ in: '', total: { in: tapeBounds.segment } })
  })
})
