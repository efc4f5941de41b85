import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { once } from 'node:events'
import { type Handler, HttpError, type Server, type ServerOptions, channels } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { csrf } from '@spillway/middleware/csrf'
import { router } from '@spillway/middleware/router'
import { topics } from '@spillway/middleware/topics'
import { type WebSocketConnection, type WebSocketOptions, websocket } from '@spillway/middleware/websocket'
import { type ConnectOptions, connectWebSocket } from '@spillway/middleware/websocket-client'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { start as startServer } from './server.ts'
import { echo, frame } from './websocket-support.ts'

const start = (app: Handler, options: ServerOptions = {}): Promise<Server> =>
  startServer(app, { http2: true, ...options } as ServerOptions)

/** A client that notes what it gets. */
async function noted(url: string, options?: ConnectOptions) {
  const got: unknown[] = []
  const socket = await connectWebSocket(
    url,
    {
      message: (_, data) => void got.push(typeof data === 'string' ? data : [...data]),
      close: (_, code, reason) => void got.push([code, reason]),
    },
    { http2: true, ...options },
  )
  onTestFinished(() => socket.terminate())
  return { socket, got }
}

/** A session of Node's client, in clear. */
async function session(server: Server): Promise<ClientHttp2Session> {
  const client = connectHttp2(server.url)
  onTestFinished(() => client.destroy())
  client.on('error', () => {})
  if (!client.remoteSettings?.enableConnectProtocol) await once(client, 'remoteSettings')
  return client
}

const connecting = { ':method': 'CONNECT', ':protocol': 'websocket', 'sec-websocket-version': '13' }

/** What is answered to an extended CONNECT. */
async function statusOf(client: ClientHttp2Session, path: string, headers: Record<string, string> = {}) {
  const stream = client.request({ ...connecting, ':path': path, ...headers }, { endStream: false })
  stream.on('error', () => {})
  const [answer] = (await once(stream, 'response')) as [Record<string, unknown>]
  stream.close()
  return answer[':status']
}

describe('WebSocket as a stream of HTTP/2 (RFC 8441), by the same handler', () => {
  test.each([false, true])('messages, subprotocol and close (deflate %s)', async (deflate) => {
    const codes: number[] = []
    const handlers = { ...echo, close: (_: WebSocketConnection, code: number) => void codes.push(code) }
    const server = await start(
      router().get(
        '/chat',
        websocket(() => handlers, { deflate, protocols: ['chat'] }),
      ),
    )
    const { socket, got } = await noted(`${server.url}/chat`, { deflate, protocols: ['other', 'chat'] })
    expect(socket.protocol).toBe('chat')
    const long = 'ö and so on '.repeat(500)
    for (const data of ['a', long, Buffer.from([0, 255])]) await socket.send(data)
    await vi.waitFor(() => expect(got).toEqual(['a', long, [0, 255]]))
    socket.close(4000, 'bye')
    await vi.waitFor(() => expect([got.at(-1), codes]).toEqual([[4000, 'bye'], [4000]]))
    await vi.waitFor(() => expect(server.stats.open).toBe(0))
  })

  test('many on one connection beside requests; one that is reset is gone, and it alone', async () => {
    const gone: string[] = []
    const app = router()
      .get('/', (c) => c.text('page'))
      .get(
        '/:name',
        websocket((c) => ({ ...echo, close: (_, code) => void gone.push(`${c.params['name']} ${code}`) })),
      )
    const server = await start(app)
    const client = await session(server)
    const streams = ['a', 'b', 'c'].map((name) =>
      client.request({ ...connecting, ':path': `/${name}` }, { endStream: false }),
    )
    const received = streams.map(() => '')
    streams.forEach((stream, i) => {
      stream.on('error', () => {})
      stream.on('data', (chunk: Buffer) => (received[i] += chunk.toString('latin1')))
      stream.write(frame(0x81, `hello ${i}`))
    })
    await vi.waitFor(() => expect(received).toEqual(['\x81\x07hello 0', '\x81\x07hello 1', '\x81\x07hello 2']))
    streams[0]!.close(8)
    await vi.waitFor(() => expect(gone).toEqual(['a 1006']))
    streams[1]!.end(frame(0x88, Buffer.from([0x03, 0xe8])))
    await vi.waitFor(() => expect(received[1]).toBe('\x81\x07hello 1\x88\x02\x03\xe8'))
    await vi.waitFor(() => expect(gone).toEqual(['a 1006', 'b 1000']))
    const page = client.request({ ':path': '/' })
    expect((await once(page, 'response'))[0]).toMatchObject({ ':status': 200 })
    expect(server.stats).toMatchObject({ open: 1 })
  })

  test('a client that ends its side, or leaves, is gone, while a handler works as well', async () => {
    const log: string[] = []
    const server = await start(
      websocket((c) => ({
        async message(socket) {
          socket.signal.addEventListener('abort', () => log.push(`${c.path} gone`))
          await new Promise((resolve) => socket.signal.addEventListener('abort', resolve))
        },
        close: (_, code) => void log.push(`${c.path} ${code}`),
      })),
    )
    const client = await session(server)
    const open = (path: string) => {
      const stream = client.request({ ...connecting, ':path': path }, { endStream: false })
      stream.on('error', () => {})
      stream.write(frame(0x81, 'x'))
      return stream
    }
    const stream = open('/end')
    await once(stream, 'response')
    stream.end()
    await vi.waitFor(() => expect(log).toEqual(['/end gone', '/end 1006']))
    await once(open('/leave'), 'response')
    client.destroy()
    await vi.waitFor(() => expect(log.slice(2)).toEqual(['/leave gone', '/leave 1006']))
  })

  test('is refused as over HTTP/1.1: what stands in front of a GET stands in front of this', async () => {
    const asked: string[] = []
    const app = router()
      .use(csrf())
      .get(
        '/open',
        websocket(() => echo),
      )
      .get(
        '/friends',
        websocket(() => echo, { origins: ['https://friend.example'] }),
      )
      .get('/plain', (c) => c.text('no WebSocket'))
      .group('/admin', (routes) =>
        routes
          .use((c, next) => {
            asked.push(`${c.method} ${c.route}`)
            if (c.method === 'GET' && c.headers.get('authorization') !== 'yes') throw new HttpError(401, 'No')
            return next()
          })
          .get(
            '/room',
            websocket(() => echo),
          ),
      )
    const client = await session(await start(app))
    const of = (path: string, headers?: Record<string, string>) => statusOf(client, path, headers)
    expect(await of('/open')).toBe(200)
    expect(await of('/open', { origin: 'http://evil.example' })).toBe(403)
    expect(await of('/open', { 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await of('/friends', { origin: 'https://friend.example', 'sec-fetch-site': 'cross-site' })).toBe(200)
    expect(await of('/open', { 'sec-websocket-version': '12' })).toBe(426)
    expect(await of('/open', { ':protocol': 'connect-udp' })).toBe(426)
    expect(await of('/open', { 'sec-websocket-protocol': 'a, a' })).toBe(400)
    expect(await of('/admin/room')).toBe(401)
    expect(await of('/admin/room', { authorization: 'yes' })).toBe(200)
    expect(await of('/plain')).toBe(405)
    expect(await of('/nowhere')).toBe(404)
    expect(asked).toEqual(['GET /admin/room', 'GET /admin/room'])
  })

  test('limits and the closes that they end with', async () => {
    const options: WebSocketOptions = { messageBytes: 10, messagesPerSecond: 5 }
    const server = await start(websocket(() => echo, options))
    for (const [send, code] of [
      [(socket: WebSocketConnection) => void socket.send('x'.repeat(11)), 1009],
      [(socket: WebSocketConnection) => [1, 2, 3, 4, 5, 6].forEach(() => void socket.send('x')), 1008],
    ] as const) {
      const { socket, got } = await noted(server.url)
      send(socket)
      await vi.waitFor(() => expect(got.at(-1)).toMatchObject([code, expect.any(String)]))
    }
    await vi.waitFor(() => expect(server.stats.open).toBe(0))
  })

  test('a client that does not read slows its sender down, and holds up nobody else', async () => {
    let sent = 0
    const app = router()
      .get('/', (c) => c.text('page'))
      .get(
        '/flood',
        websocket(() => ({
          async open(socket) {
            for (; sent < 2000; sent++) await socket.send(Buffer.alloc(16_384))
            socket.close()
          },
        })),
      )
    const server = await start(app)
    const client = await session(server)
    const stream = client.request({ ...connecting, ':path': '/flood' }, { endStream: false })
    await once(stream, 'response')
    let before = -1
    await vi.waitFor(() => {
      const isSteady = sent === before
      before = sent
      expect(isSteady && sent > 0).toBe(true)
    })
    expect(sent).toBeLessThan(200)
    const page = client.request({ ':path': '/' })
    expect((await once(page, 'response'))[0]).toMatchObject({ ':status': 200 })
    let bytes = 0
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length))
    await once(stream, 'end')
    expect(bytes).toBe(2000 * (16_384 + 4) + 4)
  })

  test('one that floods is slowed down by a handler that takes its time', async () => {
    const server = await start(websocket(() => ({ message: () => new Promise(() => {}) })))
    const { socket } = await noted(server.url, { bufferedBytes: 10_000_000 })
    for (let i = 0; i < 100; i++) void socket.send(Buffer.alloc(60_000))
    let before = -1
    await vi.waitFor(() => {
      const isSteady = socket.bufferedBytes === before
      before = socket.bufferedBytes
      expect(isSteady && before < 6_000_000).toBe(true)
    })
    // The window of the stream, and what the handler was given.
    expect(6_000_000 - socket.bufferedBytes).toBeLessThan(600_000)
  })

  test('shutdown tells clients with 1001, and the connection ends', async () => {
    const server = await start(websocket(() => echo))
    const both = await Promise.all([noted(server.url), noted(server.url)])
    const reasons: string[] = []
    const onClose = (event: unknown): void => void reasons.push((event as { reason: string }).reason)
    channels.close.subscribe(onClose)
    onTestFinished(() => void channels.close.unsubscribe(onClose))
    const closed = await server.close({ deadline: 5000 })
    expect(closed).toMatchObject({ drained: 2, killed: 0 })
    for (const { got } of both) expect(got).toEqual([[1001, 'The server is shutting down']])
    expect(reasons).toEqual(['shutdown', 'shutdown'])
  })

  test('topics reach sockets of both protocols', async () => {
    const topic = topics()
    const server = await start(websocket(() => ({ open: (socket) => void topic('room').subscribe(socket) })))
    const clients = [await noted(server.url), await noted(server.url, { http2: false })]
    await vi.waitFor(() => expect(topic('room').size).toBe(2))
    topic('room').publish('to all')
    for (const { got } of clients) await vi.waitFor(() => expect(got).toEqual(['to all']))
  })
})

describe('in memory', () => {
  test.each([false, true])(
    'a WebSocket is opened without a port, and nobody masks by hand (HTTP/2 %s)',
    async (http2) => {
      const memory = testServer(
        router().get(
          '/chat',
          websocket(() => echo, { deflate: true }),
        ),
      )
      const { socket, got } = await noted('ws://localhost/chat', { server: memory, http2, deflate: true })
      const long = 'long '.repeat(50_000)
      for (const data of ['a', long, 'b']) await socket.send(data)
      await vi.waitFor(() => expect(got).toEqual(['a', long, 'b']))
      socket.close(4001, 'done')
      await vi.waitFor(() => expect(got.at(-1)).toEqual([4001, 'done']))
      await vi.waitFor(() => expect(memory.server.stats.open).toBe(0))
    },
  )

  test.each([false, true])('a refusal is told, and time can pass (HTTP/2 %s)', async (http2) => {
    const memory = testServer(websocket(() => echo, { origins: ['https://a.example'] }))
    const headers = { Origin: 'https://b.example' }
    await expect(noted('ws://localhost/', { server: memory, http2, headers })).rejects.toThrow('answered with 403')
    await vi.waitFor(() => expect(memory.server.stats.open).toBe(0))
    const { got } = await noted('ws://localhost/', { server: memory, http2 })
    await memory.server.close()
    expect(got).toEqual([[1001, 'The server is shutting down']])
  })
})

describe('what does not open one over HTTP/2', () => {
  test('a server that has no HTTP/2', async () => {
    const server = await startServer(websocket(() => echo))
    await expect(noted(server.url)).rejects.toThrow(/ended|malformed/)
  })

  test('a signal, before and during the handshake', async () => {
    const server = await start(() => new Promise(() => {}))
    await expect(noted(server.url, { signal: AbortSignal.abort(new Error('never')) })).rejects.toThrow('never')
    const control = new AbortController()
    const opening = noted(server.url, { signal: control.signal })
    await vi.waitFor(() => expect(server.stats.active).toBe(1))
    control.abort(new Error('enough'))
    await expect(opening).rejects.toThrow('enough')
    await vi.waitFor(() => expect(server.stats.open).toBe(0))
  })
})
