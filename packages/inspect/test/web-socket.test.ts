import { deflateRawSync, constants } from 'node:zlib'
import { maskedFrame, frameHead, Opcode, FIN, RSV1 } from '@spillway/parser/websocket'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Segment } from '../src/model/tape.ts'
import { webSocketMessages } from '../src/record/web-socket.ts'

const asked = 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const answered = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n'

function segment(received: Uint8Array, sent: Uint8Array, head: readonly [string, string] = [asked, answered]): Segment {
  const [incoming, outgoing] = [
    Buffer.concat([Buffer.from(head[0]), received]),
    Buffer.concat([Buffer.from(head[1]), sent]),
  ]
  return {
    at: 0,
    first: 1,
    in: incoming.toString('base64'),
    out: outgoing.toString('base64'),
    total: { in: incoming.length, out: outgoing.length },
    pieces: [
      { at: 1, direction: 'in', bytes: head[0].length },
      { at: 2, direction: 'out', bytes: head[1].length },
      { at: 5, direction: 'out', bytes: sent.length },
      { at: 9, direction: 'in', bytes: received.length },
    ],
  }
}

const server = (first: number, content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(frameHead(first, content.length), 'latin1'), content])
const client = (first: number, content: Uint8Array): Uint8Array => maskedFrame(first, content, 0x01020304)

describe('messages of a WebSocket', () => {
  it('are whole, without their masks, inflated, and in the order in which they came', () => {
    const text = 'again and again and again '.repeat(50)
    const packed = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
    const sent = Buffer.concat([
      server(FIN | RSV1 | Opcode.Text, packed),
      server(Opcode.Text, Buffer.from('in ')),
      server(FIN | Opcode.Ping, Buffer.from('p')),
      server(FIN | Opcode.Continuation, Buffer.from('two')),
      server(FIN | Opcode.Close, Buffer.from([3, 232, 98, 121, 101])),
    ])
    const received = client(FIN | Opcode.Binary, Buffer.from([0, 255]))
    expect(webSocketMessages([segment(received, sent)])).toEqual([
      { from: 'server', at: 5, kind: 'text', bytes: text.length, shown: text.slice(0, 2000) },
      { from: 'server', at: 5, kind: 'ping', bytes: 1, shown: '70' },
      { from: 'server', at: 5, kind: 'text', bytes: 6, shown: 'in two' },
      { from: 'server', at: 5, kind: 'close', bytes: 8, shown: '1000 bye' },
      { from: 'client', at: 9, kind: 'binary', bytes: 2, shown: '00ff' },
    ])
  })

  it('that are broken are told up to there', () => {
    const sent = Buffer.concat([server(FIN | Opcode.Text, Buffer.from('good')), Buffer.from([0xff, 0xff])])
    const told = webSocketMessages([segment(new Uint8Array(0), sent)])
    expect(told.map(({ kind }) => kind)).toEqual(['text', 'broken'])
    const torn = server(FIN | RSV1 | Opcode.Text, Buffer.from('no deflate'))
    expect(webSocketMessages([segment(new Uint8Array(0), torn)])).toMatchObject([{ kind: 'broken' }])
  })

  it.each([
    ['another protocol', [asked.replace('websocket', 'echo'), answered.replace('WebSocket', 'echo')]],
    ['no upgrade', [asked, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n']],
    ['nothing', ['', '']],
  ] as const)('are none of %s', (_, head) => {
    expect(webSocketMessages([segment(Buffer.from('x'), Buffer.from('y'), head)])).toEqual([])
  })

  it('are told of any bytes behind the head, without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (received, sent) => {
        expect(Array.isArray(webSocketMessages([segment(received, sent)]))).toBe(true)
      }),
    )
  })
})
