import { Readable } from 'node:stream'
import Hapi from '@hapi/hapi'
import { pause, pieces, ready, seen } from './lib.mjs'

const server = Hapi.server({ port: 0, host: '127.0.0.1' })
const get = (path, handler) => server.route({ method: 'GET', path, handler })
get('/', (req) => `Hello from ${req.info.hostname}`)
server.route({ method: 'POST', path: '/json', handler: (req, h) => h.response(req.payload).code(201) })
server.route({
  method: 'POST',
  path: '/raw',
  options: { payload: { parse: false, output: 'data', maxBytes: 10_000_000 } },
  handler: (req) => String(req.payload.length),
})
get('/stream', (_req, h) => h.response(Readable.from(pieces(), { objectMode: false })).type('text/plain'))
get('/error', () => {
  throw Object.assign(new Error('on purpose'), { isBoom: false })
})
get('/redirect', (_req, h) => h.redirect('/'))
get('/cookie', (_req, h) => h.response('').state('a', '1').state('b', '2').header('x-a', '1'))
get('/empty', (_req, h) => h.response().code(204))
get('/wait', ({ raw: { req, res } }, h) => {
  for (const [name, emitter] of Object.entries({ req, res })) emitter.on('close', () => seen(`${name} close`))
  res.write('waiting')
  return h.abandon
})
get('/slow', async () => {
  await pause(100)
  return 'slow'
})
await server.start()
ready(server.info.port, () => server.stop())
