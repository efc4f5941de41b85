// Lets clients of every kind connect, misbehave and leave, and checks what remains in the server: memory, connections, latency.
//   node tooling/reliability/soak.mjs [seconds, default 900] [clients, default 200]        after a build
// A client here does in a minute what a browser does in many. The run fails when the heap of the last quarter is a tenth above that
// of the second one, when a connection is left at the end, or when the server counts an error that the clients did not provoke.
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { serve } from '../../packages/core/dist/index.js'
import { router } from '../../packages/middleware/dist/router.js'
import { sse } from '../../packages/middleware/dist/sse.js'
import { connectWebSocket } from '../../packages/middleware/dist/websocket-client.js'
import { websocket } from '../../packages/middleware/dist/websocket.js'
import { countsOf } from '../command-line/index.js'

const large = 'x'.repeat(300_000)

/** The server, in a process of its own. It reports its memory and connections on request. */
async function serverProcess() {
  const errors = new Map()
  const app = router()
    .get('/hello', (c) => c.text('hello'))
    .get('/large', (c) => c.text(large))
    .get('/late', async (c) => c.text(await sleep(50, 'late', { signal: c.signal })))
    .get('/broken', () => {
      throw new Error('on purpose')
    })
    .post('/upload', async (c) => c.text(String((await c.body.bytes()).length)))
    .get('/events', (c) =>
      sse(c, async (stream) => {
        while (!stream.signal.aborted) await stream.send({ data: 'now' }).then(() => sleep(100))
      }),
    )
    .get(
      '/echo',
      websocket(() => ({ message: (socket, data) => socket.send(data) })),
    )
  const server = await serve(app, {
    port: 0,
    host: '127.0.0.1',
    http2: true,
    timeouts: { head: 2_000, keepAlive: 2_000, bodyIdle: 2_000, writeStall: 2_000 },
    onError: (error) => {
      const text = String(error)
      errors.set(text, (errors.get(text) ?? 0) + 1)
    },
  })
  process.on('message', () => {
    globalThis.gc()
    const { rss, heapUsed } = process.memoryUsage()
    process.send({ rss, heapUsed, open: server.stats.open, errors: [...errors] })
  })
  process.on('disconnect', () => process.exit())
  process.send({ port: Number(new URL(server.url).port) })
}

/** What one client does, again and again; each closes its connections by itself, in its own way. */
const kinds = {
  async 'keeps a connection'(port) {
    const socket = await opened(port)
    for (let i = 0; i < 50 && !socket.destroyed; i++) {
      socket.write(get('/hello'))
      await Promise.race([once(socket, 'data').catch(() => {}), sleep(1000)])
    }
    socket.end()
  },
  async 'leaves in the middle of a reply'(port) {
    const socket = await opened(port)
    socket.write(get('/large'))
    await once(socket, 'data').catch(() => {})
    socket.resetAndDestroy()
  },
  async 'leaves before the reply'(port) {
    const socket = await opened(port)
    socket.write(get('/late'))
    await sleep(20)
    socket.destroy()
  },
  async 'makes the handler fail'(port) {
    const socket = await opened(port)
    socket.write(get('/broken'))
    await once(socket, 'data').catch(() => {})
    socket.end()
  },
  async 'uploads, whole or in part'(port) {
    const socket = await opened(port)
    socket.write('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n')
    socket.write(Buffer.alloc(Math.random() < 0.5 ? 200_000 : 90_000))
    await Promise.race([once(socket, 'data').catch(() => {}), sleep(200)])
    socket.destroy()
  },
  async 'sends a head that never ends'(port) {
    const socket = await opened(port)
    socket.write('GET / HTTP/1.1\r\nX-Slow: ')
    while (!socket.destroyed) {
      if (socket.writable) socket.write('z')
      await sleep(300)
    }
  },
  async 'sends what is not HTTP'(port) {
    const socket = await opened(port)
    socket.write(randomBytes(200))
    await Promise.race([once(socket, 'close'), sleep(1000)])
    socket.destroy()
  },
  async 'does not read'(port) {
    const socket = await opened(port)
    socket.pause()
    for (let i = 0; i < 20; i++) socket.write(get('/large'))
    await sleep(3000)
    socket.destroy()
  },
  async 'hears events for a while'(port) {
    const socket = await opened(port)
    socket.write(get('/events'))
    await sleep(1000)
    socket.destroy()
  },
  async 'talks over a WebSocket'(port) {
    const received = new EventEmitter()
    const socket = await connectWebSocket(`ws://127.0.0.1:${port}/echo`, { message: () => received.emit('message') })
    for (let i = 0; i < 20; i++) {
      const answer = once(received, 'message')
      void socket.send('x'.repeat(1000))
      await Promise.race([answer, sleep(1000)])
    }
    socket.close()
  },
  async 'asks over HTTP/2, and resets'(port) {
    const session = connectHttp2(`http://127.0.0.1:${port}`).on('error', () => {})
    const ask = async (path, giveUp) => {
      const stream = session.request({ ':path': path }).on('error', () => {})
      if (giveUp) setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 10)
      stream.resume()
      await Promise.race([once(stream, 'close').catch(() => {}), sleep(2000)])
    }
    for (let i = 0; i < 5; i++)
      await Promise.all(['/hello', '/large', '/late', '/events'].map((path, j) => ask(path, j > 1)))
    session.destroy()
  },
}

function get(path) {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
}

/** A connection whose errors are ignored, and whose responses are discarded unless another listener reads them. */
async function opened(port) {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.on('data', () => {})
  await once(socket, 'connect').catch(() => {})
  return socket
}

async function main({ seconds, clients }) {
  const program = fileURLToPath(import.meta.url)
  const server = fork(program, ['server'], { execArgv: ['--expose-gc'] })
  const [{ port }] = await once(server, 'message')
  const sample = async () => {
    server.send('sample')
    return (await once(server, 'message'))[0]
  }
  const names = Object.keys(kinds)
  const done = new Map(names.map((name) => [name, 0]))
  const end = new AbortController()
  const client = async (name) => {
    while (!end.signal.aborted) {
      await kinds[name](port).catch(() => {})
      done.set(name, done.get(name) + 1)
    }
  }
  const running = Array.from({ length: clients }, (_, i) => client(names[i % names.length]))
  const samples = []
  const steps = 20
  for (let i = 1; i <= steps; i++) {
    await sleep((seconds * 1000) / steps)
    const { rss, heapUsed, open } = await sample()
    const milliseconds = await latencies(port)
    samples.push(heapUsed)
    console.log(
      `${Math.round((i * seconds) / steps)} s: heap ${megabytes(heapUsed)}, RSS ${megabytes(rss)}, ${open} connections; ` +
        `a request takes ${milliseconds(0.5)} ms, the slowest of a hundred ${milliseconds(0.99)}`,
    )
  }
  end.abort()
  await Promise.all(running)
  await sleep(4000)
  const { open, errors } = await sample()
  server.disconnect()
  for (const [name, times] of done) console.log(`${times} times: a client that ${name}`)
  for (const [text, times] of errors) console.log(`${times} times: ${text}`)
  const growth = middle(samples.slice(15)) / middle(samples.slice(5, 10))
  const others = errors.filter(([text]) => text !== 'Error: on purpose' && !text.startsWith('AbortError'))
  console.log(`${open} connections left; the heap of the last quarter is ${growth.toFixed(3)} times that of the second`)
  if (open > 0 || growth > 1.1 || others.length > 0) process.exitCode = 1
}

const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`

const middle = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]

/** How long each of a hundred requests takes, one after the other. */
async function latencies(port) {
  const socket = await opened(port)
  const times = []
  for (let i = 0; i < 100; i++) {
    const began = performance.now()
    socket.write(get('/hello'))
    await once(socket, 'data')
    times.push(performance.now() - began)
  }
  socket.destroy()
  times.sort((a, b) => a - b)
  return (share) => times[Math.floor(share * (times.length - 1))].toFixed(1)
}

if (process.argv[2] === 'server') await serverProcess()
else await main(countsOf('soak', { seconds: 900, clients: 200 }))
