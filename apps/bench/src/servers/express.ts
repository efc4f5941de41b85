import express from 'express'
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
// Express 5 takes promises.
// oxlint-disable-next-line oxc/no-async-endpoint-handlers
app.post('/upload', async (request, response) => {
  let size = 0
  for await (const chunk of request) size += (chunk as Buffer).length
  response.type('text').send(String(size))
})
app.use('/static', express.static(directory))

app.listen(port, host)
