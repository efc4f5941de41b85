import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type Server, serve } from '@spillway/core'
import { websocket } from '@spillway/middleware/websocket'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { frame, raw } from './websocket-support.ts'

// What RFC 6455 asks of frames, case by case: §5 framing, §7 closing, §8.1 text. Each case is written byte by byte and
// read as it comes back, in one piece and cut into small ones.

const fin = 0x80
const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

type Frame = readonly [first: number, content?: Buffer | string]
const text = (content: Buffer | string = ''): Frame => [fin | opcode.text, content]
const binary = (content: Buffer | string = ''): Frame => [fin | opcode.binary, content]
const ping = (content: Buffer | string = ''): Frame => [fin | opcode.ping, content]
const pong = (content: Buffer | string = ''): Frame => [fin | opcode.pong, content]
const start = (content: Buffer | string = ''): Frame => [opcode.text, content]
const more = (content: Buffer | string = ''): Frame => [opcode.continuation, content]
const last = (content: Buffer | string = ''): Frame => [fin | opcode.continuation, content]
const close = (code?: number, reason: Buffer | string = ''): Frame => {
  if (code === undefined) return [fin | opcode.close, reason]
  const bytes = Buffer.from([code >> 8, code & 255])
  return [fin | opcode.close, Buffer.concat([bytes, Buffer.from(reason as string)])]
}
const failed = (code: number): string => `close ${code}`

let server: Server
beforeAll(async () => {
  server = await serve(
    // it waits for nothing: a close right behind a message would be faster
    websocket(() => ({ message: (socket, data) => void socket.send(data) }), { messagesPerSecond: 1e6 }),
    { port: 0, host: '127.0.0.1' },
  )
})
afterAll(() => server.close({ deadline: 0 }))

/** Sends frames, then a close, and tells what came back, up to the end of the connection. */
async function converse(frames: readonly (Frame | Buffer)[], cut?: number): Promise<string[]> {
  const socket = await raw(server)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const bytes = Buffer.concat([...frames, close(1000)].map((each) => (Buffer.isBuffer(each) ? each : frame(...each))))
  const ended = once(socket, 'close')
  await write(socket, bytes, cut)
  await ended
  return read(Buffer.concat(chunks))
}

async function write(socket: Socket, bytes: Buffer, cut = bytes.length): Promise<void> {
  socket.setNoDelay(true)
  for (let at = 0; at < bytes.length; at += cut) {
    socket.write(bytes.subarray(at, at + cut))
    if (cut < bytes.length) await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The frames of a server: none is masked, fragmented, or larger than it must be. */
function read(bytes: Buffer): string[] {
  const seen: string[] = []
  for (let at = 0; at < bytes.length;) {
    const [first, second] = [bytes[at]!, bytes[at + 1]!]
    expect([first & 0xf0, second & 0x80]).toEqual([fin, 0])
    const [head, length] =
      second < 126
        ? [2, second]
        : second === 126
          ? [4, bytes.readUInt16BE(at + 2)]
          : [10, Number(bytes.readBigUInt64BE(at + 2))]
    expect(head).toBe(length < 126 ? 2 : length < 65_536 ? 4 : 10)
    seen.push(describeFrame(first & 15, bytes.subarray(at + head, (at += head + length))))
  }
  return seen
}

function describeFrame(code: number, content: Buffer): string {
  const name = Object.entries(opcode).find(([, value]) => value === code)![0]
  const shown = content.length > 130 ? `${content.length} bytes` : content.toString()
  if (code !== opcode.close) return `${name} ${shown}`
  return content.length === 0 ? 'close' : `close ${content.readUInt16BE()}`
}

const bye = failed(1000)
const x = (length: number): string => 'x'.repeat(length)

describe('§5.2 lengths and §5.3 masks', () => {
  test.each([0, 1, 125, 126, 127, 128, 65_535])('%i bytes', async (length) => {
    const shown = length > 130 ? `${length} bytes` : x(length)
    for (const cut of [undefined, 997])
      expect(await converse([text(x(length)), binary(x(length))], cut)).toEqual([
        `text ${shown}`,
        `binary ${shown}`,
        bye,
      ])
  })

  test('a length of 64 bits', async () => {
    const long = frame(0x82, x(65_535))
    const head = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    expect(await converse([Buffer.concat([head, long.subarray(8), Buffer.from('x')])])).toEqual([
      'binary 65536 bytes',
      bye,
    ])
  })

  test.each([
    ['beyond the largest message', [0, 0, 0, 0, 0x00, 0x10, 0x00, 0x01]],
    ['beyond what numbers can count', [0, 0x20, 0, 0, 0, 0, 0, 0]],
    ['with the sign bit', [0x80, 0, 0, 0, 0, 0, 0, 1]],
  ])('a length %s closes before anything of it has come', async (_, length) => {
    expect(await converse([Buffer.from([0x82, 0xff, ...length, 0, 0, 0, 0])])).toEqual([failed(1009)])
  })

  test('any mask is taken off', async () => {
    const mask = [0x37, 0xfa, 0x21, 0x3d]
    const masked = [...Buffer.from('Hello')].map((byte, i) => byte ^ mask[i % 4]!)
    // the example of §5.7
    const bytes = Buffer.from([0x81, 0x85, ...mask, ...masked])
    expect(bytes.toString('hex')).toBe('818537fa213d7f9f4d5158')
    for (const cut of [undefined, 1, 3]) expect(await converse([bytes], cut)).toEqual(['text Hello', bye])
  })

  test('without a mask', async () => {
    expect(await converse([Buffer.from([0x81, 1, 120])])).toEqual([failed(1002)])
    expect(await converse([Buffer.from([0x81, 0])])).toEqual([failed(1002)])
  })
})

describe('§5.2 what is reserved', () => {
  test.each([0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70])('bits %#x', async (bits) => {
    expect(await converse([text('before'), [fin | opcode.text | bits, 'x'], text('behind')])).toEqual([
      'text before',
      failed(1002),
    ])
    expect(await converse([[fin | opcode.ping | bits]])).toEqual([failed(1002)])
  })

  test.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])('opcode %i', async (code) => {
    for (const cut of [undefined, 1])
      expect(await converse([text('before'), [fin | code, ''], text('behind')], cut)).toEqual([
        'text before',
        failed(1002),
      ])
  })
})

describe('§5.4 fragments', () => {
  test.each<[string, Frame[], string[]]>([
    ['two', [start('a'), last('b')], ['text ab']],
    ['many', [start('a'), ...Array(100).fill(more('b')), last('c')], [`text a${'b'.repeat(100)}c`]],
    ['empty ones', [start(), more(), last()], ['text ']],
    ['one with something among empty ones', [start(), more('a'), last()], ['text a']],
    ['a ping among them', [start('a'), ping('p'), last('b')], ['pong p', 'text ab']],
    [
      'pings behind each',
      [start('a'), ping('1'), more('b'), ping('2'), last('c'), ping('3')],
      ['pong 1', 'pong 2', 'text abc', 'pong 3'],
    ],
    ['a pong among them', [start('a'), pong('p'), last('b')], ['text ab']],
    ['bytes', [[opcode.binary, 'a'], last('b')], ['binary ab']],
    ['one message after another', [start('a'), last('b'), start('c'), last('d')], ['text ab', 'text cd']],
  ])('%s', async (_, frames, replies) => {
    for (const cut of [undefined, 1]) expect(await converse(frames, cut)).toEqual([...replies, bye])
  })

  test.each<[string, Frame[], string[]]>([
    ['a last one of nothing', [last('a')], []],
    ['one more of nothing', [more('a'), last('b')], []],
    ['one more behind the last', [start('a'), last('b'), more('c')], ['text ab']],
    ['a message within another', [start('a'), text('b')], []],
    ['the start of a message within another', [start('a'), start('b')], []],
    ['bytes within text', [start('a'), binary('b')], []],
    ['a ping in fragments', [[opcode.ping, 'a'], last('b')], []],
    ['a pong in fragments', [[opcode.pong, 'a'], last('b')], []],
    ['a close in fragments', [[opcode.close, ''], last('')], []],
  ])('%s: 1002', async (_, frames, replies) => {
    for (const cut of [undefined, 1]) expect(await converse(frames, cut)).toEqual([...replies, failed(1002)])
  })

  // CVE-2026-65623 and the like: they cost memory and time for each, however little is in them
  test.each(['', 'x'])('without end, of %j: 1008', async (content) => {
    const block = Buffer.concat(Array.from({ length: 20_000 }, () => frame(opcode.continuation, content)))
    expect(await converse([start('a'), block])).toEqual([failed(1008)])
  })
})

describe('§5.5 control frames', () => {
  test.each([0, 1, 125])('a ping of %i bytes is answered with them', async (length) => {
    expect(await converse([ping(x(length))])).toEqual([`pong ${x(length)}`, bye])
    expect(await converse([ping(Buffer.alloc(length, 0xff))], 1)).toHaveLength(2)
  })

  test('pings are answered in order', async () => {
    const numbers = Array.from({ length: 10 }, (_, i) => String(i))
    for (const cut of [undefined, 1])
      expect(await converse(numbers.map(ping), cut)).toEqual([...numbers.map((n) => `pong ${n}`), bye])
  })

  test('pongs that nobody asked for are nothing', async () => {
    expect(await converse([pong(), pong('x'), text('a')])).toEqual(['text a', bye])
  })

  test.each<[string, Frame]>([
    ['ping', ping(x(126))],
    ['pong', pong(x(126))],
    ['close', close(1000, x(124))],
  ])('a %s of 126 bytes: 1002', async (_, each) => {
    expect(await converse([each])).toEqual([failed(1002)])
  })
})

describe('§7 closing', () => {
  test('a close is answered, and ends the connection', async () => {
    expect(await converse([close()])).toEqual(['close'])
    expect(await converse([close(1000)])).toEqual([bye])
    expect(await converse([close(1001, x(123))])).toEqual([failed(1001)])
  })

  test('what comes behind it is not heard', async () => {
    for (const cut of [undefined, 1])
      expect(await converse([text('a'), close(1000), text('b'), ping(), close(1001)], cut)).toEqual(['text a', bye])
  })

  test.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
    'code %i is one that clients may send',
    async (code) => expect(await converse([close(code)])).toEqual([failed(code)]),
  )

  test.each([0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])(
    'code %i is none: 1002',
    async (code) => expect(await converse([close(code)])).toEqual([failed(1002)]),
  )

  test('half a code: 1002', async () => {
    expect(await converse([close(undefined, 'x')])).toEqual([failed(1002)])
  })

  test('a reason that is not UTF-8: 1007', async () => {
    expect(await converse([close(1000, Buffer.from([0xff]))])).toEqual([failed(1007)])
  })

  test('a message that had begun is not handled', async () => {
    expect(await converse([start('a'), close(1000)])).toEqual([bye])
  })
})

describe('§8.1 text is UTF-8', () => {
  const valid = [
    'κόσμε',
    '€',
    '😀',
    '\u0000',
    '\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}',
    '\ufffe\uffff',
    '\ufeff',
  ]

  test.each(valid)('%j, whole and with each byte in a fragment of its own', async (content) => {
    const bytes = Buffer.from(content)
    const fragments = [start(), ...[...bytes].map((byte) => more(Buffer.from([byte]))), last()]
    for (const cut of [undefined, 1]) {
      expect(await converse([text(content)], cut)).toEqual([`text ${content}`, bye])
      expect(await converse(fragments, cut)).toEqual([`text ${content}`, bye])
    }
  })

  test.each([
    ['a continuation byte alone', '80'],
    ['a continuation byte too many', 'ceba80'],
    ['half a character at the end', 'cebacf'],
    ['three quarters of one', 'f09f98'],
    ['half a character and another', 'cf41'],
    ['an overlong slash', 'c0af'],
    ['an overlong NUL', 'e08080'],
    ['another overlong one', 'f08080af'],
    ['a surrogate', 'eda080'],
    ['a pair of surrogates', 'eda080edb080'],
    ['beyond U+10FFFF', 'f4908080'],
    ['five bytes', 'f888808080'],
    ['FE', 'fe'],
    ['FF', 'ff'],
  ])('%s: 1007', async (_, hex) => {
    const bytes = Buffer.concat([Buffer.from('text '), Buffer.from(hex, 'hex')])
    expect(await converse([text(bytes)])).toEqual([failed(1007)])
    expect(await converse([start(bytes.subarray(0, 6)), last(bytes.subarray(6))])).toEqual([failed(1007)])
    // the same bytes are fine where they are only bytes
    expect((await converse([binary(bytes)]))[0]).toContain('binary text ')
  })
})
