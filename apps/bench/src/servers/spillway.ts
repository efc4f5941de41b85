import { serve } from '@spillway/core'
import { proxy, upstreams } from '@spillway/middleware/proxy'
import { router } from '@spillway/middleware/router'
import { sessions } from '@spillway/middleware/sessions'
import { type EventStream, sse } from '@spillway/middleware/sse'
import { staticFiles } from '@spillway/middleware/static'
import { topics } from '@spillway/middleware/topics'
import { type WebSocketHandlers, websocket } from '@spillway/middleware/websocket'
import fastJson, { type Schema } from 'fast-json-stringify'
import { selectionSchema } from '../schema.ts'
import { directory, greeting, host, isPatient, port, routes, selection, sum, tls, upstream } from '../settings.ts'

const room = topics()('room')
const echo = (): WebSocketHandlers => ({ message: (socket, data) => socket.send(data) })
const readers = new Set<EventStream>()
const session = sessions<{ visits: number }>({ name: 'session', cookie: { secure: false } })
/** In effect unlimited: the default suits people and games, not a load generator. */
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
  .group('/session', (visits) =>
    visits.use(session).get('/', (c) => {
      const { data } = c.state.session
      data.visits = (data.visits ?? 0) + 1
      return c.text(greeting)
    }),
  )
  .get('/events', (c) =>
    sse(c, async (stream) => {
      readers.add(stream)
      await stream.closed
      readers.delete(stream)
    }),
  )
  .post('/events', async (c) => {
    const data = await c.body.text()
    for (const reader of readers) void reader.send({ data })
    return c.empty()
  })
  .get('/echo', websocket(echo, { messagesPerSecond }))
  .get('/packed', websocket(echo, { messagesPerSecond, deflate: true }))
  .get(
    '/publish',
    websocket(() => ({ open: (socket) => void room.subscribe(socket), message: (_, data) => room.publish(data) })),
  )

for (let i = 0; i < routes; i++) app.get(`/routes/${i}/of/:name`, (c) => c.text(greeting))
const edge = router()
  .get('/static/**:path', staticFiles(directory))
  .mount('/', proxy(upstreams([upstream ?? 'http://127.0.0.1'])))

const server = await serve(upstream === undefined ? app : edge, {
  port,
  host,
  ...(tls && { tls, http2: true }),
  ...(isPatient && { timeouts: { keepAlive: 0 } }),
})
// A graceful end, so that a profiler can write its file.
process.once('SIGTERM', () => void server.close({ deadline: 1000 }))
