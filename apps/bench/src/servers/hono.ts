import { serve } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'
import { directory, greeting, host, port, selection, sum } from '../settings.ts'

const app = new Hono()
app.get('/plaintext', (c) => c.text(greeting))
app.get('/baseline11', (c) => c.text(sum(c.req.query('a'), c.req.query('b'))))
app.post('/baseline11', async (c) => c.text(sum(c.req.query('a'), c.req.query('b'), await c.req.text())))
app.get('/json/:count', (c) => c.json(selection(c.req.param('count'), c.req.query('m'))))
app.post('/upload', async (c) => {
  let size = 0
  const { body } = c.req.raw
  if (body) for await (const chunk of body) size += chunk.length
  return c.text(String(size))
})
const rewriteRequestPath = (path: string): string => path.slice('/static'.length)
app.use('/static/*', serveStatic({ root: directory, rewriteRequestPath }))

serve({ fetch: app.fetch, port, hostname: host })
