import { Readable } from 'node:stream'
import restify from 'restify'
import { pause, pieces, ready, seen } from './lib.mjs'

const app = restify.createServer({ name: 'restify' })
// By default, these fields have a different value in each response.
app.on('pre', (_req, res) => res.setHeader('Request-Id', '1'))
app.pre((_req, res, next) => {
  res.on('header', () => res.removeHeader('Response-Time'))
  next()
})
app.use(restify.plugins.queryParser())
const body = restify.plugins.bodyParser({ mapParams: false })
app.get('/', async (req, res) => res.send(`Hello from ${req.header('host')}`))
app.post('/json', body, async (req, res) => res.send(201, req.body))
app.post('/raw', body, async (req, res) => res.send(String(req.body?.length ?? 0)))
app.get('/stream', (_req, res, next) => {
  res.setHeader('Content-Type', 'text/plain')
  Readable.from(pieces()).pipe(res).on('finish', next)
})
app.get('/error', async () => {
  throw Object.assign(new Error('on purpose'), { statusCode: 418 })
})
app.get('/redirect', (_req, res, next) => res.redirect('/', next))
app.get('/cookie', async (_req, res) => {
  for (const cookie of ['a=1', 'b=2']) res.header('Set-Cookie', cookie)
  res.send('')
})
app.get('/empty', async (_req, res) => res.send(204))
app.get('/wait', (req, res, _next) => {
  for (const [name, emitter] of Object.entries({ req, res })) emitter.on('close', () => seen(`${name} close`))
  res.write('waiting')
})
app.get('/slow', async (_req, res) => {
  await pause(100)
  res.send('slow')
})
app.listen(0, '127.0.0.1', () => ready(app.address().port, () => new Promise((resolve) => app.close(resolve))))
