import { describe, expect, it } from 'vitest'
import { Input } from '../../src/http1/input.ts'

describe('what is left of a read', () => {
  it.each([1, 28, 32, 33, 500, 8000])('of %d bytes takes no more than twice of them, and 64', (length) => {
    const input = new Input()
    input.append(new Uint8Array(64 * 1024).subarray(0, length), false)
    input.keepRest()
    expect(input.length).toBe(length)
    expect(input.held).toBeLessThanOrEqual(Math.max(64, 2 * length))
  })

  it('grows with what comes byte by byte, and is copied a few times', () => {
    const input = new Input()
    const buffers = new Set<Uint8Array>()
    for (let i = 0; i < 4096; i++) {
      input.append(Uint8Array.of(i & 0xff), false)
      input.keepRest()
      buffers.add(input.buf)
    }
    expect(Array.from({ length: 4096 }, (_, i) => input.buf[input.pos + i])).toEqual(
      Array.from({ length: 4096 }, (_, i) => i & 0xff),
    )
    expect(buffers.size).toBeLessThan(10)
  })
})
