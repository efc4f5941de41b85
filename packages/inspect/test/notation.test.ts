import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseHash, toHash } from '../page/bytes/hash.ts'
import { parseHex, parseNotation, toHex, toNotation } from '../page/bytes/notation.ts'
import { samples } from '../page/bytes/samples.ts'
import { readBytes } from '../src/model.ts'

const bytesOf = (text: string): number[] => [...parseNotation(text).bytes]

describe('the notation of bytes', () => {
  it('has a line break for CR LF, and escapes for what cannot be seen', () => {
    expect(bytesOf('a\n')).toEqual([97, 13, 10])
    expect(bytesOf(String.raw`\r\n\t\0\\\x7F\xfg`)).toEqual([13, 10, 9, 0, 92, 127, 92, 120, 102, 103])
    expect(bytesOf('é€😀')).toEqual([...Buffer.from('é€😀')])
    expect(toNotation(Uint8Array.of(97, 13, 10, 10, 13, 9, 92, 255))).toBe('a\n\\n\\r\\t\\\\\\xff')
  })

  it('says where the bytes of each character begin', () => {
    expect(parseNotation('a\n\\x01é').places).toEqual([0, 1, 3, 3, 3, 3, 4, 6])
  })

  it('gives every byte back, as text, as digits, and in an address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(parseNotation(toNotation(bytes)).bytes).toEqual(bytes)
        expect(parseHex(toHex(bytes))).toEqual(bytes)
        expect(parseHash(toHash({ side: 'response', bytes }))).toEqual({ side: 'response', bytes })
      }),
    )
  })

  it('takes no other address', () => {
    for (const hash of ['', '#', '#x=AA', '#request', '#request=A', '#request=A%20'])
      expect(parseHash(hash)).toBeUndefined()
  })

  it.each(samples)('has a sample: $name', ({ name, side, bytes }) => {
    const { fault, messages } = readBytes(bytes, side)
    const good = [
      'A request of a browser',
      'Chunks and trailers',
      'Three pipelined',
      'A reply',
      'Interim and final reply',
      'HTTP/2: three requests at once',
      'HTTP/2: answers in another order',
      'WebSocket behind its 101',
    ]
    expect(fault === undefined && messages.at(-1)!.complete).toBe(good.includes(name))
    expect(fault === undefined).toBe([...good, 'Not finished'].includes(name))
    expect(parseNotation(toNotation(bytes)).bytes).toEqual(bytes)
  })
})
