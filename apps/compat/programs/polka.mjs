import { Readable } from 'node:stream'
import polka from 'polka'
import { pause, pieces, ready, seen } from './lib.mjs'

const read = async (req) => {
  let text = ''
  for await (const chunk of req) text += chunk
  return text
}
const app = polka({
  onError: ({ code = 500, status = code, message = 'nothing here' }, _req, res) => {
    res.statusCode = status
    res.end(message)
  },
})
// Without any middleware, Polka does not pass `next` to a handler.
app.use((_req, _res, next) => next())
app.get('/', (req, res) => res.end(`Hello from ${req.headers.host}`))
app.post('/json', async (req, res) => {
  try {
    const text = JSON.stringify(JSON.parse(await read(req)))
    res.writeHead(201, { 'Content-Type': 'application/json' }).end(text)
  } catch {
    res.writeHead(400).end('no JSON')
  }
})
app.post('/raw', async (req, res) => res.end(String((await read(req)).length)))
app.get('/stream', (_req, res) => Readable.from(pieces()).pipe(res))
app.get('/error', (_req, _res, next) => next(Object.assign(new Error('on purpose'), { status: 418 })))
app.get('/redirect', (_req, res) => res.writeHead(302, { Location: '/' }).end())
app.get('/cookie', (_req, res) => res.setHeader('Set-Cookie', ['a=1', 'b=2']).setHeader('X-A', ['1', '2']).end())
app.get('/empty', (_req, res) => res.writeHead(204).end())
app.get('/wait', (req, res) => {
  for (const [name, emitter] of Object.entries({ req, res })) emitter.on('close', () => seen(`${name} close`))
  res.write('waiting')
})
app.get('/slow', async (_req, res) => {
  await pause(100)
  res.end('slow')
})
app.listen(0, '127.0.0.1', () =>
  ready(app.server.address().port, () => new Promise((resolve) => app.server.close(resolve))),
)
