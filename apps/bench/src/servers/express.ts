import express, { type Response } from 'express'
import session from 'express-session'
import { directory, greeting, host, port, selection, sum } from '../settings.ts'

const app = express()
app.get('/plaintext', (_request, response) => {
  response.type('text').send(greeting)
})
app.get('/baseline11', ({ query }, response) => {
  response.type('text').send(sum(query['a'], query['b']))
})
app.post('/baseline11', express.text(), ({ query, body }, response) => {
  response.type('text').send(sum(query['a'], query['b'], body))
})
app.get('/json/:count', ({ params, query }, response) => {
  response.json(selection(params.count, query['m'] as string))
})
// Express 5 accepts async handlers.
// oxlint-disable-next-line oxc/no-async-endpoint-handlers
app.post('/upload', async (request, response) => {
  let size = 0
  for await (const chunk of request) size += (chunk as Buffer).length
  response.type('text').send(String(size))
})

const sessions = session({ secret: 'x'.repeat(32), resave: false, saveUninitialized: false })
app.get('/session', sessions, (request, response) => {
  const data = request.session as { visits?: number }
  data.visits = (data.visits ?? 0) + 1
  response.type('text').send(greeting)
})
const readers = new Set<Response>()
app.get('/events', (_request, response) => {
  response.type('text/event-stream').set('Cache-Control', 'no-store').flushHeaders()
  readers.add(response)
  response.on('close', () => readers.delete(response))
})
app.post('/events', express.text(), ({ body }, response) => {
  for (const reader of readers) reader.write(`data: ${body}\n\n`)
  response.sendStatus(204)
})
app.use('/static', express.static(directory))

app.listen(port, host)
