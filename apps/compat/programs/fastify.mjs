import { Readable } from 'node:stream'
import fastify from 'fastify'
import { pause, pieces, ready, seen } from './lib.mjs'

const app = fastify({ forceCloseConnections: 'idle' })
app.addContentTypeParser('*', (_req, payload, done) => done(null, payload))
app.get('/', async (req) => `Hello from ${req.hostname} to ${req.ip}`)
app.post('/json', async (req, reply) => reply.code(201).send(req.body))
app.get('/stream', async (_req, reply) => reply.type('text/plain').send(Readable.from(pieces())))
app.post('/raw', async (req) => {
  let size = 0
  for await (const chunk of req.body) size += chunk.length
  return String(size)
})
app.get('/error', async () => {
  throw Object.assign(new Error('on purpose'), { statusCode: 418 })
})
app.get('/redirect', async (_req, reply) => reply.redirect('/'))
app.get('/cookie', async (_req, reply) => reply.header('set-cookie', ['a=1', 'b=2']).header('x-a', ['1', '2']).send())
app.get('/empty', async (_req, reply) => reply.code(204).send())
app.get('/wait', (req, reply) => {
  for (const [name, emitter] of Object.entries({ req: req.raw, res: reply.raw }))
    emitter.on('close', () => seen(`${name} close`))
  reply.hijack()
  reply.raw.write('waiting')
})
app.get('/slow', async () => {
  await pause(100)
  return 'slow'
})
await app.listen({ port: 0, host: '127.0.0.1' })
ready(app.server.address().port, () => app.close())
