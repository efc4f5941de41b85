// No framework at all, and a WebSocket.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { listen, pause, pieces, seen } from './lib.mjs'

const routes = {
  '/': (req, res) => res.end(`Hello from ${req.headers.host}`),
  '/json': async (req, res) => {
    let text = ''
    for await (const chunk of req) text += chunk
    res.writeHead(201, { 'Content-Type': 'application/json' }).end(text)
  },
  '/raw': async (req, res) => {
    let size = 0
    for await (const chunk of req) size += chunk.length
    res.end(String(size))
  },
  '/stream': async (_req, res) => {
    for await (const piece of pieces()) res.write(piece)
    res.end()
  },
  '/redirect': (_req, res) => res.writeHead(302, 'Elsewhere', { Location: '/' }).end(),
  '/cookie': (_req, res) => res.setHeader('Set-Cookie', ['a=1', 'b=2']).setHeader('X-A', ['1', '2']).end(),
  '/empty': (_req, res) => res.writeHead(204).end(),
  '/wait': (req, res) => {
    for (const [name, emitter] of Object.entries({ req, res })) emitter.on('close', () => seen(`${name} close`))
    res.write('waiting')
  },
  '/slow': async (_req, res) => {
    await pause(100)
    res.end('slow')
  },
  '/trailers': (_req, res) => {
    res.writeHead(200, { Trailer: 'X-Sum' })
    res.write('content')
    res.addTrailers({ 'X-Sum': '7' })
    setImmediate(() => res.end())
  },
}
const server = createServer((req, res) => (routes[req.url] ?? missing)(req, res))
const missing = (_req, res) => res.writeHead(404).end('nothing here')
const sockets = new WebSocketServer({ server })
sockets.on('connection', (socket) =>
  socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary })),
)
listen(server)
