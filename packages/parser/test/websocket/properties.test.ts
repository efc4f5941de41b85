import {
  type Arbitrary,
  array,
  assert,
  constantFrom,
  integer,
  nat,
  property,
  string,
  tuple,
  uint8Array,
} from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeLatin1 } from '../../src/index.ts'
import {
  CloseCode,
  closeContent,
  FIN,
  FrameEvent,
  frameHead,
  isCloseCode,
  maskedFrame,
  MessageReader,
  Opcode,
  Utf8Checker,
  WebSocketReader,
} from '../../src/websocket.ts'
import { applyMask } from '../../src/websocket/mask.ts'

const bytes = (maxLength: number): Arbitrary<Uint8Array> => uint8Array({ maxLength })

describe('masks', () => {
  test('are the same at any place, and for all bytes', () => {
    assert(
      property(bytes(600), integer(), nat(9), nat(20), (content, key, phase, before) => {
        const buffer = new Uint8Array(before + content.length + 8).fill(0xee)
        buffer.set(content, before)
        const mask = [24, 16, 8, 0].map((shift) => (key >>> shift) & 255)
        const wanted = content.map((byte, i) => byte ^ mask[(i + phase) % 4]!)
        const all = applyMask(buffer, before, before + content.length, key, phase)
        expect(buffer.slice(before, before + content.length)).toEqual(wanted)
        expect([...buffer.slice(0, before), ...buffer.slice(before + content.length)].every((b) => b === 0xee)).toBe(
          true,
        )
        expect(all > 0x7f).toBe(wanted.some((byte) => byte > 0x7f))
      }),
    )
  })
})

/** Text with errors, more often than random bytes are. */
const almostText = tuple(string({ unit: 'binary' }), array(tuple(nat(), nat(255)), { maxLength: 2 })).map(
  ([text, changes]) => {
    const encoded = new TextEncoder().encode(text)
    for (const [at, byte] of changes) if (encoded.length > 0) encoded[at % encoded.length] = byte
    return encoded
  },
)

test('UTF-8 is what TextDecoder takes, cut anywhere', () => {
  assert(
    property(almostText, nat(), (text, cut) => {
      const checker = new Utf8Checker()
      const middle = text.length === 0 ? 0 : cut % text.length
      const first = checker.check(text, 0, middle)
      const wrong = first === -1 ? checker.check(text, middle, text.length) : first
      const decodes = (end: number): boolean => {
        try {
          new TextDecoder('utf-8', { fatal: true }).decode(text.subarray(0, end), { stream: true })
          return true
        } catch {
          return false
        }
      }
      expect(wrong === -1).toBe(decodes(text.length))
      // The byte is the first that proves it.
      const end = wrong === -1 ? text.length : wrong
      expect([decodes(end), decodes(end + 1)]).toEqual([true, wrong === -1])
    }),
    { numRuns: 2000 },
  )
})

describe('what is written is read', () => {
  const opcode = constantFrom(Opcode.Text, Opcode.Binary)
  test.each(['client', 'server'] as const)('of a %s, in any pieces', (from) => {
    assert(
      property(
        array(tuple(opcode, bytes(70_000))),
        integer(),
        integer({ min: 1, max: 90_000 }),
        (messages, key, cut) => {
          const frames = messages.map(([op, content]) => {
            const data = op === Opcode.Text ? content.map((byte) => byte & 0x7f) : content
            return [op, data, write(from, FIN | op, data, key)] as const
          })
          const wire = Uint8Array.from(frames.flatMap(([, , frame]) => [...frame]))
          const reader = new MessageReader({ from, messageBytes: 1 << 20 })
          const seen: unknown[] = []
          for (let at = 0; at < wire.length; at += cut) {
            const piece = wire.slice(at, at + cut)
            for (let pos = 0; reader.next(piece, pos, piece.length) === FrameEvent.Data; pos = reader.pos)
              seen.push(typeof reader.message === 'string' ? reader.message : reader.message.slice())
            piece.fill(0)
          }
          expect(reader.error).toBeUndefined()
          expect(seen).toEqual(
            frames.map(([op, data]) => (op === Opcode.Text ? decodeLatin1(data, 0, data.length) : data)),
          )
        },
      ),
      { numRuns: 30 },
    )
  })
})

function write(from: 'client' | 'server', first: number, content: Uint8Array, key: number): Uint8Array {
  if (from === 'client') return maskedFrame(first, content, key)
  return Uint8Array.from([...codes(frameHead(first, content.length)), ...content])
}

const codes = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0))

test('a frame of 4 GiB and more has its length in 64 bits', () => {
  expect(codes(frameHead(FIN | Opcode.Binary, 2 ** 32 + 5))).toEqual([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 5])
})

describe('the content of a close', () => {
  const code = integer({ min: 1000, max: 4999 })
  const reason = string({ unit: 'grapheme', maxLength: 20 })

  test('comes back', () => {
    assert(
      property(code.filter(isCloseCode), reason, (sent, why) => {
        const frame = maskedFrame(FIN | Opcode.Close, closeContent(sent, why), 0x12345678)
        const reader = new WebSocketReader({ from: 'client', messageBytes: 1 })
        expect(reader.next(frame, 0, frame.length)).toBe(FrameEvent.Close)
        const { data, dataStart, dataEnd } = reader
        const told = new TextDecoder('utf-8', { ignoreBOM: true }).decode(data.subarray(dataStart, dataEnd))
        expect([reader.closeCode, told]).toEqual([sent, why])
      }),
    )
  })

  test('is empty without a code', () => expect(closeContent(CloseCode.None, 'x')).toEqual(new Uint8Array(0)))

  test.each([0, 999, 1004, 1006, 1015, 2999, 5000, 1000.5, NaN])('has no code %d', (wrong) => {
    expect(() => closeContent(wrong)).toThrow(RangeError)
  })

  test('has a reason of at most 123 bytes', () => {
    expect(closeContent(1000, 'é'.repeat(61)).length).toBe(124)
    expect(closeContent(1000, 'x'.repeat(123)).length).toBe(125)
    expect(() => closeContent(1000, 'x'.repeat(124))).toThrow(RangeError)
    expect(() => closeContent(1000, 'é'.repeat(62))).toThrow(RangeError)
  })
})
