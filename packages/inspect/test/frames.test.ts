import { Http2Machine, PREFACE } from '@spillway/parser/http2'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { samples } from '../page/bytes/samples.ts'
import { type Reading, readBytes } from '../src/model.ts'

/** Every byte is in one token, in order. */
function covers({ tokens }: Reading, length: number): boolean {
  let at = 0
  for (const { from, to } of tokens) {
    if (from !== at || to <= from) return false
    at = to
  }
  return at === length
}

const sample = (name: string): Reading => {
  const { bytes, side } = samples.find(({ name: title }) => title.startsWith(name))!
  return readBytes(bytes, side)
}
const lines = ({ messages }: Reading): string[] => messages.map(({ line }) => line)
const facts = ({ messages }: Reading, line: string): Record<string, string> =>
  Object.fromEntries(messages.find((message) => message.line === line)!.facts)

describe('frames of HTTP/2', () => {
  it('are told apart, with their streams and their fields', () => {
    const reading = sample('HTTP/2: three')
    expect(lines(reading)).toEqual([
      'SETTINGS',
      'WINDOW_UPDATE',
      'HEADERS on stream 1',
      'HEADERS on stream 3',
      'DATA on stream 3',
      'HEADERS on stream 5',
    ])
    expect(reading.fault).toBeUndefined()
    expect(facts(reading, 'SETTINGS')).toMatchObject({ ENABLE_PUSH: '0', INITIAL_WINDOW_SIZE: '262144' })
    expect(facts(reading, 'HEADERS on stream 5')).toMatchObject({
      ':path': '/style.css',
      ':authority': 'example.org',
      Flags: 'END_STREAM, END_HEADERS',
    })
    // What came before costs a byte now.
    const compressed = (line: string): number => Number.parseInt(facts(reading, line)['Compressed']!, 10)
    expect(compressed('HEADERS on stream 5')).toBeLessThan(compressed('HEADERS on stream 1') * 0.6)
    const kinds = reading.tokens.map(({ kind }) => kind)
    expect(kinds.slice(0, 8)).toEqual(['version', 'length', 'frame', 'flags', 'stream', 'name', 'known', 'name'])
    expect(kinds).toContain('block')
    expect(kinds).toContain('data')
  })

  it('come back in an order of their own', () => {
    const reading = sample('HTTP/2: answers')
    expect(lines(reading).filter((line) => line.startsWith('HEADERS'))).toEqual([
      'HEADERS on stream 5',
      'HEADERS on stream 3',
      'HEADERS on stream 1',
    ])
    expect(facts(reading, 'HEADERS on stream 1')).toMatchObject({ ':status': '200', 'content-type': 'text/html' })
  })

  it('that are wrong have the code, the section and the place of the rules', () => {
    const reading = sample('HTTP/2: a PING')
    expect(reading.fault).toMatchObject({ code: 'FRAME_SIZE_INVALID', rfc: 'RFC 9113 §6', at: 33 })
    expect(reading.tokens.at(-2)).toMatchObject({ kind: 'wrong', from: 33, to: 34 })
  })

  it('of every kind are named: resets, goodbyes, padding, continued blocks', () => {
    const machine = new Http2Machine('client')
    machine.start()
    const stream = machine.request(
      [
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', '/'],
        [':authority', 'a'],
        ...Array.from({ length: 6 }, (_, i) => [`x-${i}`, 'y'.repeat(3500)] as const),
      ],
      false,
    )
    // Padded, and the end of the stream.
    machine.out.head(6, 0, 9, stream.id)
    machine.out.append(Buffer.from([3, 0x61, 0x62, 0, 0, 0]))
    machine.reset(
      machine.request(
        [
          [':method', 'GET'],
          [':scheme', 'http'],
          [':path', '/'],
          [':authority', 'a'],
        ],
        false,
      ),
      8,
    )
    machine.goaway(0, 2, 'why')
    const bytes = machine.out.take()
    const reading = readBytes(bytes, 'request')
    expect(lines(reading).slice(2)).toEqual([
      'HEADERS on stream 1',
      'CONTINUATION on stream 1',
      'DATA on stream 1',
      'HEADERS on stream 3',
      'RST_STREAM on stream 3',
      'GOAWAY',
    ])
    expect(facts(reading, 'CONTINUATION on stream 1')['x-5']).toHaveLength(3500)
    expect(facts(reading, 'DATA on stream 1')).toMatchObject({ Padding: '3 bytes', Flags: 'END_STREAM, PADDED' })
    expect(facts(reading, 'RST_STREAM on stream 3')).toMatchObject({ Error: '8 CANCEL' })
    expect(facts(reading, 'GOAWAY')).toMatchObject({ Error: '2 INTERNAL_ERROR', Says: 'why', 'Last stream': '0' })
    expect(covers(reading, bytes.length)).toBe(true)
  })

  it('cover all bytes, whatever they are, and wherever they end', () => {
    const { bytes: whole } = samples.find(({ name }) => name.startsWith('HTTP/2: three'))!
    for (let end = 0; end <= whole.length; end++) {
      const bytes = whole.slice(0, end)
      expect(covers(readBytes(bytes, 'request'), end)).toBe(true)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        const bytes = Buffer.concat([Buffer.from(PREFACE), tail])
        return covers(readBytes(bytes, 'request'), bytes.length)
      }),
    )
  })
})

describe('frames of WebSocket', () => {
  it('are read behind the 101 of the server', () => {
    const reading = sample('WebSocket')
    expect(lines(reading).slice(1)).toEqual(['Text frame', 'Ping frame', 'Close frame'])
    expect(facts(reading, 'Text frame')).toMatchObject({ Text: 'Hello', Message: 'ends with this frame' })
    expect(facts(reading, 'Close frame')).toMatchObject({ Code: '1000' })
  })

  const head = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const behind = (...frames: number[]): Reading =>
    readBytes(Buffer.concat([Buffer.from(head), Buffer.from(frames)]), 'request', { upgraded: true })

  it('of a client have their mask taken off', () => {
    const reading = behind(0x81, 0x82, 1, 2, 3, 4, 0x61 ^ 1, 0x62 ^ 2)
    expect(facts(reading, 'Text frame')).toMatchObject({ Text: 'ab', Content: '2 bytes, masked' })
    expect(reading.tokens.slice(-4).map(({ kind }) => kind)).toEqual(['frame', 'length', 'mask', 'data'])
  })

  it('that are wrong are so at a byte', () => {
    const reading = behind(0x81, 2, 0x61, 0x62)
    expect(reading.fault).toMatchObject({ code: 'MASK_MISSING', rfc: 'RFC 6455 §5.1' })
    expect(reading.tokens.some(({ kind }) => kind === 'wrong')).toBe(true)
  })

  it('cover all bytes, whatever they are', () => {
    expect.hasAssertions()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (frames) => {
        const reading = behind(...frames)
        expect(covers(reading, head.length + frames.length)).toBe(true)
      }),
    )
  })
})
