import { serve } from '@spillway/core'
import { router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'
import { topics } from '@spillway/middleware/topics'
import { type WebSocketHandlers, websocket } from '@spillway/middleware/websocket'
import fastJson, { type Schema } from 'fast-json-stringify'
import { selectionSchema } from '../schema.ts'
import { directory, greeting, host, port, selection, sum, tls } from '../settings.ts'

const room = topics()('room')
const echo = (): WebSocketHandlers => ({ message: (socket, data) => socket.send(data) })
/** Beyond what people or games do. */
const messagesPerSecond = 2 ** 31 - 1

const app = router({ stringify: (schema) => fastJson(schema as unknown as Schema) })
  .get('/plaintext', (c) => c.text(greeting))
  .get('/baseline11', (c) => {
    const query = new URLSearchParams(c.search)
    return c.text(sum(query.get('a'), query.get('b')))
  })
  .post('/baseline11', async (c) => {
    const query = new URLSearchParams(c.search)
    return c.text(sum(query.get('a'), query.get('b'), await c.body.text()))
  })
  .get('/json/:count', (c) => c.json(selection(c.params.count, new URLSearchParams(c.search).get('m'))))
  .get('/typed/:count', { gives: { 200: selectionSchema } }, (c, give) =>
    give(200, selection(c.params.count, new URLSearchParams(c.search).get('m'))),
  )
  .post('/upload', async (c) => {
    c.body.limit = Infinity
    let size = 0
    for await (const chunk of c.body) size += chunk.length
    return c.text(String(size))
  })
  .get('/static/**:path', staticFiles(directory))
  .get('/echo', websocket(echo, { messagesPerSecond }))
  .get('/packed', websocket(echo, { messagesPerSecond, deflate: true }))
  .get(
    '/publish',
    websocket(() => ({ open: (socket) => void room.subscribe(socket), message: (_, data) => room.publish(data) })),
  )

const server = await serve(app, { port, host, ...(tls && { tls, http2: true }) })
// A tidy end, so that a profiler can write its file.
process.once('SIGTERM', () => void server.close({ deadline: 1000 }))
