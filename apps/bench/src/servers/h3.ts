import { EventStream, H3, getQuery, getRouterParam, serve } from 'h3'
import { greeting, host, port, selection, sum } from '../settings.ts'

interface Query {
  a?: string
  b?: string
  m?: string
}

const app = new H3()
app.get('/plaintext', () => greeting)
app.get('/baseline11', (event) => {
  const { a, b } = getQuery<Query>(event)
  return sum(a, b)
})
app.post('/baseline11', async (event) => {
  const { a, b } = getQuery<Query>(event)
  return sum(a, b, await event.req.text())
})
app.get('/json/:count', (event) => selection(getRouterParam(event, 'count'), getQuery<Query>(event).m))
app.post('/upload', async (event) => {
  let size = 0
  if (event.req.body) for await (const chunk of event.req.body) size += chunk.length
  return String(size)
})
const readers = new Set<EventStream>()
app.get('/events', (event) => {
  const stream = new EventStream(event)
  readers.add(stream)
  // Its response head is sent only with the first chunk.
  void stream.pushComment('open')
  stream.onClosed(() => void readers.delete(stream))
  return stream
})
app.post('/events', async (event) => {
  const data = await event.req.text()
  for (const reader of readers) void reader.push(data)
  return new Response(null, { status: 204 })
})

serve(app, { port, hostname: host, silent: true })
