// What is sent, in which content type and coding, and for how long it may be cached.
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { collect, sleep } from './check.mjs'
import { askPipelined } from './client.mjs'
import { letters, numbers, script, style } from './site.mjs'

const { check, checks } = collect()

// ── methods and basics ───────────────────────────────────────────────────────────────────────────────────────────────
check('basics', 'GET sends a file with its length', async ({ get }) => {
  const reply = await get('/letters.txt')
  return reply.status === 200 && reply.content.toString() === letters && reply.get('content-length') === '26'
})
check('basics', 'GET sends a large file whole', async ({ get }) => (await get('/numbers.txt')).content.equals(numbers))
check('basics', 'an empty file is 200 with length 0', async ({ get }) => {
  const reply = await get('/empty.txt')
  return reply.status === 200 && reply.get('content-length') === '0'
})
check('basics', 'HEAD says what GET says, without content', async ({ ask, get }) => {
  const [head, full] = [await ask('HEAD', '/letters.txt'), await get('/letters.txt')]
  const names = ['content-length', 'content-type', 'etag', 'last-modified', 'cache-control', 'vary']
  return head.status === 200 && head.content.length === 0 && names.every((name) => head.get(name) === full.get(name))
})
check('basics', 'HEAD of a large file has its length', async ({ ask }) => {
  const head = await ask('HEAD', '/numbers.txt')
  return head.get('content-length') === String(numbers.length) && head.content.length === 0
})
check('basics', 'POST is 405 and tells what is allowed (RFC 9110 §15.5.6)', async ({ ask }) => {
  const reply = await ask('POST', '/letters.txt', ['Content-Length: 0'])
  return reply.status === 405 && /\bGET\b/.test(reply.get('allow'))
})
check('basics', 'DELETE deletes nothing', async ({ ask, get }) => {
  const reply = await ask('DELETE', '/letters.txt')
  return reply.status >= 400 && reply.status < 500 && (await get('/letters.txt')).status === 200
})
check('basics', 'a missing file is 404', async ({ get }) => (await get('/nothing.txt')).status === 404)
check('basics', 'a file as a directory is 404, not the file', async ({ get }) => {
  const statuses = [(await get('/letters.txt/')).status, (await get('/letters.txt/x')).status]
  return statuses.every((status) => status === 404)
})
check('basics', 'has a Date', async ({ get }) => !Number.isNaN(Date.parse((await get('/letters.txt')).get('date'))))
check(
  'basics',
  'a query does not matter',
  async ({ get }) => (await get('/letters.txt?v=1')).content.toString() === letters,
)
check('basics', 'pipelined requests are answered in order', async ({ port }) => {
  const heads = ['/letters.txt', '/data.json', '/a%20b.txt'].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n`)
  const wire = await askPipelined(port, [`${heads.join('\r\n')}Connection: close\r\n\r\n`])
  const [a, b, c] = [wire.indexOf(letters), wire.indexOf('\r\n\r\n{}'), wire.indexOf('\r\n\r\nblank')]
  return a > 0 && b > a && c > b
})
check('basics', 'HTTP/1.0 gets the file, not chunks', async ({ ask }) => {
  const reply = await ask('GET', '/letters.txt', [], { version: '1.0' })
  return reply.content.toString() === letters && reply.get('transfer-encoding') === ''
})

// ── content types ────────────────────────────────────────────────────────────────────────────────────────────────────
const types = [
  ['text/plain', '/letters.txt', /^text\/plain; ?charset=utf-8$/i],
  ['text/html', '/docs/', /^text\/html; ?charset=utf-8$/i],
  ['text/css', '/style.css', /^text\/css; ?charset=utf-8$/i],
  ['JavaScript', '/app.js', /^(?:text|application)\/javascript(?:; ?charset=utf-8)?$/i],
  ['JavaScript', '/module.mjs', /^(?:text|application)\/javascript(?:; ?charset=utf-8)?$/i],
  ['application/json', '/data.json', /^application\/json/i],
  ['image/svg+xml', '/image.svg', /^image\/svg\+xml/i],
  ['image/png', '/photo.png', /^image\/png$/i],
  ['image/avif', '/picture.avif', /^image\/avif$/i],
  ['font/woff2', '/font.woff2', /^font\/woff2$/i],
  ['video/mp4', '/film.mp4', /^video\/mp4$/i],
  ['audio/wav', '/sound.wav', /^audio\/(?:x-)?wav$/i],
  ['application/pdf', '/paper.pdf', /^application\/pdf$/i],
  ['application/wasm', '/code.wasm', /^application\/wasm$/i],
  ['application/manifest+json', '/app.webmanifest', /^application\/manifest\+json/i],
]
for (const [name, path, type] of types)
  check('types', `${path} is ${name}`, async ({ get }) => type.test((await get(path)).get('content-type')))
check('types', 'a name without an end is octet-stream, or says nothing', async ({ get }) => {
  const reply = await get('/noextension')
  return reply.status === 200 && ['', 'application/octet-stream'].includes(reply.get('content-type'))
})
check(
  'types',
  'browsers may not guess (nosniff)',
  async ({ get }) => (await get('/noextension')).get('x-content-type-options') === 'nosniff',
)

// ── codings ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const decoders = {
  br: zlib.brotliDecompressSync,
  gzip: zlib.gunzipSync,
  deflate: zlib.inflateSync,
  '': (bytes) => bytes,
}
const decoded = (reply) => decoders[reply.get('content-encoding')]?.(reply.content).toString()
check('codings', 'a precompressed .gz is sent', async ({ get }) => {
  const reply = await get('/app.js', 'Accept-Encoding: gzip')
  return reply.get('content-encoding') === 'gzip' && decoded(reply) === script
})
check('codings', 'a precompressed .br is sent', async ({ get }) => {
  const reply = await get('/app.js', 'Accept-Encoding: br')
  return reply.get('content-encoding') === 'br' && decoded(reply) === script
})
check('codings', 'with the type of the file itself', async ({ get }) =>
  /javascript/.test((await get('/app.js', 'Accept-Encoding: gzip, br')).get('content-type')),
)
check('codings', 'what the client forbids is not sent (q=0)', async ({ get }) => {
  const reply = await get('/app.js', 'Accept-Encoding: br;q=0, gzip;q=0')
  return reply.get('content-encoding') === '' && reply.content.toString() === script
})
check(
  'codings',
  'what the client prefers is sent',
  async ({ get }) => (await get('/app.js', 'Accept-Encoding: br;q=0.1, gzip;q=0.9')).get('content-encoding') === 'gzip',
)
check('codings', 'without the field, nothing is coded', async ({ get }) => {
  const reply = await get('/app.js')
  return reply.get('content-encoding') === '' && reply.content.toString() === script
})
check('codings', 'Vary: Accept-Encoding, coded or not', async ({ get }) => {
  const replies = [await get('/app.js'), await get('/app.js', 'Accept-Encoding: gzip')]
  return replies.every((reply) => /accept-encoding/i.test(reply.get('vary')))
})
check('codings', 'each form has a tag of its own (§8.8.3.3)', async ({ get }) => {
  const [plain, gzip] = [await get('/app.js'), await get('/app.js', 'Accept-Encoding: gzip')]
  return gzip.get('content-encoding') === 'gzip' && gzip.get('etag') !== '' && gzip.get('etag') !== plain.get('etag')
})
check('codings', 'a coded form is 304 by its tag', async ({ get }) => {
  const gzip = await get('/app.js', 'Accept-Encoding: gzip')
  const again = await get('/app.js', 'Accept-Encoding: gzip', `If-None-Match: ${gzip.get('etag')}`)
  return gzip.get('content-encoding') === 'gzip' && gzip.get('etag') !== '' && again.status === 304
})
check('codings', 'Content-Location names a precompressed form', async ({ get }) =>
  (await get('/app.js', 'Accept-Encoding: gzip')).get('content-location').endsWith('app.js.gz'),
)
check('codings', 'text is compressed as it is asked for', async ({ get }) => {
  const reply = await get('/style.css', 'Accept-Encoding: gzip')
  return reply.get('content-encoding') === 'gzip' && decoded(reply) === style
})
check('codings', 'and has a length then', async ({ get }) => {
  const reply = await get('/style.css', 'Accept-Encoding: gzip')
  return reply.get('content-encoding') === 'gzip' && Number(reply.get('content-length')) === reply.content.length
})
check(
  'codings',
  'images are not',
  async ({ get }) => (await get('/photo.png', 'Accept-Encoding: gzip')).get('content-encoding') === '',
)

// ── caches ───────────────────────────────────────────────────────────────────────────────────────────────────────────
check('caches', 'Cache-Control', async ({ get }) => (await get('/letters.txt')).get('cache-control') !== '')
check('caches', 'a name with a hash is immutable for a year', async ({ get }) =>
  /max-age=31536000.*immutable/.test((await get('/index-B3x9kQ2z.js')).get('cache-control')),
)
check(
  'caches',
  'a page is not',
  async ({ get }) => !/immutable|max-age=[1-9]/.test((await get('/')).get('cache-control')),
)
check('caches', 'a change is seen within a second', async ({ get, root }) => {
  const path = join(root, 'fresh.txt')
  writeFileSync(path, 'one')
  const before = await get('/fresh.txt')
  writeFileSync(`${path}.new`, 'two')
  renameSync(`${path}.new`, path)
  await sleep(1100)
  return before.content.toString() === 'one' && (await get('/fresh.txt')).content.toString() === 'two'
})
check('caches', 'a file that was removed is gone within a second', async ({ get, root }) => {
  writeFileSync(join(root, 'gone.txt'), 'x')
  const before = await get('/gone.txt')
  rmSync(join(root, 'gone.txt'))
  await sleep(1100)
  return before.status === 200 && (await get('/gone.txt')).status === 404
})

export { checks }
