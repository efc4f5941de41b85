// A program that knows nothing of an inspector.
import { gzipSync } from 'node:zlib'
import { serve } from '@spillway/core'

const server = await serve(
  async (c) => {
    switch (c.path) {
      case '/json':
        return c.json({ hello: 'world' })
      case '/packed':
        return new Response(gzipSync('unpacked by the inspector'), {
          headers: { 'Content-Type': 'text/plain', 'Content-Encoding': 'gzip' },
        })
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
