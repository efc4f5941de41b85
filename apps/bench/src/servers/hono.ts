import { serve } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'
import { proxy } from 'hono/proxy'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import { directory, greeting, host, port, selection, sum, upstream } from '../settings.ts'

const app = new Hono()
if (upstream === undefined) app.get('/plaintext', (c) => c.text(greeting))
else app.get('/plaintext', (c) => proxy(`${upstream}${c.req.path}`, c.req))
app.get('/baseline11', (c) => c.text(sum(c.req.query('a'), c.req.query('b'))))
app.post('/baseline11', async (c) => c.text(sum(c.req.query('a'), c.req.query('b'), await c.req.text())))
app.get('/json/:count', (c) => c.json(selection(c.req.param('count'), c.req.query('m'))))
app.post('/upload', async (c) => {
  let size = 0
  const { body } = c.req.raw
  if (body) for await (const chunk of body) size += chunk.length
  return c.text(String(size))
})
const readers = new Set<SSEStreamingApi>()
app.get('/events', (c) =>
  streamSSE(c, async (stream) => {
    readers.add(stream)
    await new Promise<void>((resolve) => stream.onAbort(resolve))
    readers.delete(stream)
  }),
)
app.post('/events', async (c) => {
  const data = await c.req.text()
  for (const reader of readers) void reader.writeSSE({ data })
  return c.body(null, 204)
})
const rewriteRequestPath = (path: string): string => path.slice('/static'.length)
app.use('/static/*', serveStatic({ root: directory, rewriteRequestPath }))

serve({ fetch: app.fetch, port, hostname: host })
