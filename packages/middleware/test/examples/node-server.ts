import type { Server } from 'node:http'
import { createServer } from '@spillway/middleware/node'
import { WebSocketServer } from 'ws'

// Or an application: createServer(express()), createServer(koa.callback())
export const server: Server = createServer((req, res) => {
  res.setHeader('Content-Type', 'text/plain').end(`Hello at ${req.url}`)
})

new WebSocketServer({ server }).on('connection', (socket) => socket.send('hello'))
