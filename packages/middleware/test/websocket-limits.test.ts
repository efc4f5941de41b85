import { once } from 'node:events'
import { connect } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import { type WebSocketHandlers, type WebSocketOptions, websocket } from '@spillway/middleware/websocket'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { client, closeCode, echo, fields, frame, next, raw, serving } from './websocket-support.ts'

/** Connects, and reads nothing from then on. */
async function stalled(handlers: WebSocketHandlers, options?: WebSocketOptions) {
  const server = await serving(handlers, options)
  const socket = await raw(server)
  socket.pause()
  return { server, socket }
}

describe('a slow client', () => {
  // websockets/ws#1218
  test('slows down whoever waits for what it sends', async () => {
    let sent = 0
    const { socket } = await stalled({
      async open(ws) {
        for (; sent < 2000; sent++) await ws.send(Buffer.alloc(100_000))
      },
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(sent).toBeLessThan(200)
    socket.resume()
    await vi.waitFor(() => expect(sent).toBe(2000), 8000)
  }, 10_000)

  test('is cut when the sender does not wait', async () => {
    let bytes = 0
    const closed = new Promise<number>((resolve) => {
      void stalled({
        open(ws) {
          const timer = setInterval(() => {
            void ws.send(Buffer.alloc(100_000))
            bytes = Math.max(bytes, ws.bufferedBytes)
          }, 1)
          onTestFinished(() => clearInterval(timer))
        },
        close: (_, code) => resolve(code),
      })
    })
    expect(await closed).toBe(1006)
    expect(bytes).toBeLessThan(1_300_000)
  })

  test('that asks for pongs and does not take them is cut', async () => {
    let closed = 0
    const { socket } = await stalled({ close: () => void closed++ }, { bufferedBytes: 100_000, messagesPerSecond: 1e9 })
    const pings = Buffer.concat(Array.from({ length: 500 }, () => frame(0x89, Buffer.alloc(125))))
    socket.on('error', () => {})
    const timer = setInterval(() => socket.write(pings), 1)
    await vi.waitFor(() => expect(closed).toBe(1), 8000)
    clearInterval(timer)
  }, 10_000)
})

describe('limits', () => {
  test('a message that is too large closes with 1009', async () => {
    const socket = await client(await serving(echo, { messageBytes: 1000 }))
    socket.send('x'.repeat(1000))
    expect(await next(socket)).toHaveLength(1000)
    socket.send('x'.repeat(1001))
    expect((await closeCode(socket))[0]).toBe(1009)
  })

  test('1 MiB, where no limit is given', async () => {
    const socket = await client(await serving(echo))
    socket.send(Buffer.alloc(1024 * 1024))
    expect(((await once(socket, 'message')) as [Buffer])[0]).toHaveLength(1024 * 1024)
    socket.send(Buffer.alloc(1024 * 1024 + 1))
    expect((await closeCode(socket))[0]).toBe(1009)
  })

  test('a thousand messages at once, where no limit is given', async () => {
    let count = 0
    const socket = await raw(await serving({ message: () => void count++ }))
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])))
    // They come in one piece, so that no time passes in which more are allowed.
    socket.write(Buffer.concat(Array.from({ length: 5000 }, () => frame(0x81, 'x'))))
    await vi.waitFor(() => expect(received.includes('Too many messages')).toBe(true), 8000)
    expect(received.readUInt16BE(2)).toBe(1008)
    expect(count).toBeGreaterThanOrEqual(1000)
    expect(count).toBeLessThan(5000)
  })

  test('the size counts over fragments', async () => {
    const socket = await client(await serving(echo, { messageBytes: 1000 }))
    for (let i = 0; i < 3; i++) socket.send('x'.repeat(400), { fin: false })
    expect((await closeCode(socket))[0]).toBe(1009)
  })

  test('too many messages close with 1008', async () => {
    let count = 0
    const socket = await client(await serving({ message: () => void count++ }, { messagesPerSecond: 20 }))
    for (let i = 0; i < 100; i++) socket.send('x')
    expect(await closeCode(socket)).toEqual([1008, 'Too many messages'])
    expect(count).toBeGreaterThanOrEqual(20)
    expect(count).toBeLessThan(30)
  })

  test('too many pings do, too', async () => {
    const socket = await client(await serving(echo, { messagesPerSecond: 20 }))
    for (let i = 0; i < 100; i++) socket.ping()
    expect((await closeCode(socket))[0]).toBe(1008)
  })

  test('within the limit they may go on', async () => {
    const socket = await client(await serving(echo, { messagesPerSecond: 100 }))
    for (let i = 0; i < 60; i++) {
      socket.send(String(i))
      expect(await next(socket)).toBe(String(i))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })
})

/** The head of the reply to a client that offers deflate. */
const answer = async (options: WebSocketOptions): Promise<string> => {
  const server = await serving(echo, options)
  const socket = connect(server.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const offer = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'
  socket.write(`${['GET / HTTP/1.1', 'Host: a', ...fields, offer].join('\r\n')}\r\n\r\n`)
  return String((await once(socket, 'data'))[0])
}

describe('deflate (RFC 7692)', () => {
  test('is not spoken unless asked for', async () => {
    expect(await answer({})).not.toContain('Extensions')
    expect(await answer({ deflate: true })).toContain(
      'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n',
    )
  })

  test('messages come and go, the same as without', async () => {
    const socket = await client(await serving(echo, { deflate: true }), { deflate: true })
    const text = Array.from({ length: 2000 }, (_, i) => `${i}`).join(' ')
    socket.send(text)
    expect(await next(socket)).toBe(text)
  })

  test('what unpacks to more than the largest message closes with 1009', async () => {
    const socket = await client(await serving(echo, { deflate: true, messageBytes: 100_000 }), { deflate: true })
    socket.send('x'.repeat(100_001))
    expect((await closeCode(socket))[0]).toBe(1009)
  })

  test('what unpacks to a thousand times its size closes with 1008, before it is handled', async () => {
    const sizes: number[] = []
    const server = await serving({ message: (_, data) => void sizes.push(data.length) }, { deflate: true })
    const socket = await raw(server, 'Sec-WebSocket-Extensions: permessage-deflate')
    const packed = deflateRawSync(Buffer.alloc(900_000), { finishFlush: 2 }).subarray(0, -4)
    expect(packed.length).toBeLessThan(1100)
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])))
    socket.write(frame(0xc2, packed))
    await vi.waitFor(() => expect(received.includes(Buffer.from('Compressed too well'))).toBe(true))
    expect(received.readUInt16BE(2)).toBe(1008)
    expect(sizes).toEqual([])
  })
})

test('limits may have the names that they had before 0.1', async () => {
  const server = await serving(echo, { maxMessage: 5, maxBuffered: 1000 } as WebSocketOptions)
  const socket = await client(server)
  socket.send('123456')
  expect((await closeCode(socket))[0]).toBe(1009)
})

test.each([5, null, [], 'text'])('%j is no options', (options) => {
  expect(() => websocket(() => ({}), options as WebSocketOptions)).toThrow('Options are an object')
})
