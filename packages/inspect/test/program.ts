// A program that knows nothing of an inspector.
import { gzipSync } from 'node:zlib'
import { serve } from '@spillway/core'
import { websocket } from '@spillway/middleware/websocket'

const chat = websocket(() => ({
  message: (socket, text) => void socket.send(`You said ${String(text)}`),
}))

const server = await serve(
  async (c) => {
    switch (c.path) {
      case '/json':
        return c.json({ hello: 'world' })
      case '/packed':
        return new Response(gzipSync('unpacked by the inspector'), {
          headers: { 'Content-Type': 'text/plain', 'Content-Encoding': 'gzip' },
        })
      case '/events':
        return new Response('id: 1\nevent: said\ndata: {"a":1}\n\ndata: half', {
          headers: { 'Content-Type': 'text/event-stream' },
        })
      case '/broken-image':
        return new Response('no image', { headers: { 'Content-Type': 'image/png' } })
      case '/broken-gzip':
        return new Response('no gzip', { headers: { 'Content-Encoding': 'gzip' } })
      case '/chat':
        return chat(c)
      case '/end':
        void server.close()
        return c.text('bye')
      case '/broken':
        throw new Error('It is broken')
      default:
        return c.text(c.method === 'POST' ? `got ${await c.body.text()}` : 'hello')
    }
  },
  { port: Number(process.env['PORT'] ?? 0), http2: true },
)
console.log(server.url)
