// Argument: which version.
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { createServer } from 'node:http'
import multer from 'multer'
import { listen, pause, pieces, seen } from './lib.mjs'

const express = createRequire(import.meta.url)(process.argv[2])
const app = express()
app.use(express.json())
app.get('/', (req, res) => res.send(`Hello from ${req.hostname} to ${req.ip.replace('::ffff:', '')}`))
app.post('/json', (req, res) => res.status(201).json(req.body))
app.get('/stream', (_req, res) => Readable.from(pieces()).pipe(res.type('text')))
app.post('/upload', multer({ limits: { fileSize: 100_000 } }).single('file'), (req, res) =>
  res.json({ size: req.file.size }),
)
app.post('/raw', (req, res) => {
  let size = 0
  req.on('data', (chunk) => (size += chunk.length)).on('end', () => res.send(String(size)))
})
app.get('/error', () => {
  throw Object.assign(new Error('on purpose'), { status: 418 })
})
app.get('/redirect', (_req, res) => res.redirect('/'))
app.get('/cookie', (_req, res) => res.cookie('a', '1').cookie('b', '2').append('X-A', '1').append('X-A', '2').end())
app.get('/file', (_req, res) => res.sendFile(new URL('./lib.mjs', import.meta.url).pathname))
app.get('/download', (_req, res) => res.download(new URL('./lib.mjs', import.meta.url).pathname, 'lib €.mjs'))
app.get('/empty', (_req, res) => res.status(204).end())
app.get('/wait', (req, res) => {
  for (const [name, emitter] of Object.entries({ req, res })) emitter.on('close', () => seen(`${name} close`))
  res.write('waiting')
})
app.get('/slow', async (_req, res) => {
  await pause(100)
  res.send('slow')
})
const inner = express()
inner.get('/x', (req, res) => res.send(`${req.baseUrl} ${req.url} ${req.originalUrl}`))
app.use('/inner', inner)
app.use((error, _req, res, _next) => res.status(error.status ?? 500).json({ error: error.message }))
listen(createServer(app))
