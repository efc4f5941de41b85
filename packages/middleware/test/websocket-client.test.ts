import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { WebSocketConnection } from '@spillway/middleware/websocket'
import { type ConnectOptions, connectWebSocket } from '@spillway/middleware/websocket-client'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { echo, serving } from './websocket-support.ts'

/** A client that notes what it gets. */
async function noted(url: string, options?: ConnectOptions) {
  const got: unknown[] = []
  const handlers = {
    message: (_: WebSocketConnection, data: string | Uint8Array) =>
      void got.push(typeof data === 'string' ? data : [...data]),
    close: (_: WebSocketConnection, code: number, reason: string) => void got.push([code, reason]),
  }
  const socket = await connectWebSocket(url, handlers, options)
  onTestFinished(() => socket.terminate())
  return { socket, got }
}

test.each([false, true])('messages come and go, with our server (deflate %s)', async (deflate) => {
  const server = await serving(echo, { deflate, protocols: ['chat'] })
  const { socket, got } = await noted(server.url, { deflate, protocols: ['other', 'chat'] })
  expect(socket.protocol).toBe('chat')
  const long = 'ö and so on '.repeat(500)
  for (const data of ['a', long, Buffer.from([0, 255])]) await socket.send(data)
  await vi.waitFor(() => expect(got).toEqual(['a', long, [0, 255]]))
  socket.close(4000, 'bye')
  await vi.waitFor(() => expect(got.at(-1)).toEqual([4000, 'bye']))
  await vi.waitFor(() => expect(server.stats.open).toBe(0))
})

test('and with ws', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } })
  onTestFinished(() => server.close())
  await once(server, 'listening')
  server.on('connection', (other) =>
    other.on('message', (data: Buffer, isBinary: boolean) =>
      other.send(data, { binary: isBinary }, () => other.close(3001, 'done')),
    ),
  )
  const { port } = server.address() as AddressInfo
  const { socket, got } = await noted(`ws://127.0.0.1:${port}/`, { deflate: true })
  await socket.send('x'.repeat(5000))
  await vi.waitFor(() => expect(got).toEqual(['x'.repeat(5000), [3001, 'done']]))
})

const answering = async (answer: string): Promise<string> => {
  const server = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(answer)))
  onTestFinished(() => void server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

describe('what does not open a WebSocket', () => {
  const upgrade = 'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'

  test.each([
    ['another status', 'HTTP/1.1 403 No\r\n\r\n', 'answered with 403'],
    ['no answer', '', 'ended before'],
    ['what is not HTTP', 'hello\r\n\r\n', 'cannot be read'],
    ['no proof', `${upgrade}\r\n`, 'not understood'],
    ['a wrong proof', `${upgrade}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n`, 'not understood'],
  ])('%s', async (_, answer, message) => {
    await expect(connectWebSocket(await answering(answer))).rejects.toThrow(message)
  })

  test('a URL of something else, fields that are none, nobody there, nobody who answers', async () => {
    await expect(connectWebSocket('ftp://a/')).rejects.toThrow(TypeError)
    await expect(connectWebSocket('ws://a/', {}, { headers: { 'a b': 'c' } })).rejects.toThrow(TypeError)
    await expect(connectWebSocket('ws://127.0.0.1:1/')).rejects.toThrow('ECONNREFUSED')
    const silent = createServer((socket) => socket.on('error', () => {}))
    onTestFinished(() => void silent.close())
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const url = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}/`
    await expect(connectWebSocket(url, {}, { timeout: 50 })).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect(connectWebSocket(url, {}, { signal: AbortSignal.abort(new Error('given up')) })).rejects.toThrow(
      'given up',
    )
  })
})
