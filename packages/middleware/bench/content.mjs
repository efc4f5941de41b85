// What reading and changing content costs per request, over memory instead of sockets: node bench/content.mjs, after a build.
// Each line is the whole exchange; subtract the line it is compared with.
import { gzipSync } from 'node:zlib'
import { testServer } from '@spillway/core/testing'
import { z } from 'zod'
import { body } from '../dist/body.js'
import { compression } from '../dist/compression.js'
import { conditional } from '../dist/conditional.js'
import { wrap } from '../dist/index.js'
import { multipart } from '../dist/multipart.js'
import { apiPage, openApi } from '../dist/openapi.js'
import { router } from '../dist/router.js'
import { validate } from '../dist/validate.js'

const runs = 5
const item = { id: 1, name: 'TCP/IP Illustrated', tags: ['network', 'protocol'], price: 59.9 }
const document = JSON.stringify({ items: Array.from({ length: 10 }, () => item) })
const text = document.repeat(4)
const schema = z.object({
  items: z.array(z.object({ id: z.int(), name: z.string(), tags: z.array(z.string()), price: z.number() })),
})
const empty = (c) => c.empty()
const form = `--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n${document}\r\n--x--\r\n`

const get = (...fields) => request('GET', fields)
const post = (type, content, ...fields) =>
  request('POST', [`Content-Type: ${type}`, `Content-Length: ${content.length}`, ...fields], content)

const json = 'application/json'
const cases = [
  ['GET, no layer', (c) => c.text(text), get()],
  ['conditional: tag of 4 KB', wrap([conditional()], (c) => c.text(text)), get()],
  ['conditional: 304', wrap([conditional()], (c) => c.text(text)), get('If-None-Match: *')],
  ['compression: not asked for', wrap([compression()], (c) => c.text(text)), get()],
  ['compression: gzip of 4 KB', wrap([compression()], (c) => c.text(text)), get('Accept-Encoding: gzip')],
  ['compression: br of 4 KB', wrap([compression()], (c) => c.text(text)), get('Accept-Encoding: gzip, br')],
  ['POST 1 KB, c.body.json()', async (c) => (await c.body.json()) && c.empty(), post(json, document)],
  ["body('json')", wrap([body('json')], empty), post(json, document)],
  ["body('json'), gzip", wrap([body('json')], empty), post(json, gzipSync(document), 'Content-Encoding: gzip')],
  ["body('urlencoded')", wrap([body('urlencoded')], empty), post('application/x-www-form-urlencoded', 'a=1&b=2&c=3')],
  ['validate: 1 KB by zod', wrap([validate({ body: schema })], empty), post(json, document)],
  ['validate: query by zod', wrap([validate({ query: z.object({}) })], empty), get()],
  ['multipart: one file of 1 KB', upload, post('multipart/form-data; boundary=x', form)],
  ['openapi: the page', apiPage('/openapi.json'), get()],
]

// In turns, or those measured first would pay for the compiler.
const best = new Map()
for (let run = 0; run < runs; run++)
  for (const [name, handler, bytes] of cases) {
    const time = await measure(handler, bytes, 2000)
    best.set(name, Math.min(best.get(name) ?? Infinity, time))
  }
for (const [name, time] of best) console.log(`${name.padEnd(32)} ${time.toFixed(1).padStart(7)} µs`)

const app = router()
for (let i = 0; i < 100; i++) app.post(`/r${i}/:id`, [validate({ body: schema })], empty)
const before = performance.now()
openApi(app, { info: { title: 'x', version: '1' } })
console.log(`openapi: document of 100 routes   ${(performance.now() - before).toFixed(1)} ms, once`)

async function upload(c) {
  for await (const part of multipart(c)) if (part.kind === 'file') await part.bytes()
  return c.empty()
}

function request(method, fields, content = '') {
  const head = [`${method} / HTTP/1.1`, 'Host: x', ...fields].join('\r\n')
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), Buffer.from(content)])
}

/** Microseconds for one exchange, each sent when the one before has been answered. */
async function measure(handler, bytes, count) {
  const over = Promise.withResolvers?.() ?? withResolvers()
  let left = count
  const client = testServer((c) => {
    c.done(() => (--left > 0 ? setImmediate(() => client.send(bytes)) : over.resolve()))
    return handler(c)
  }).connect()
  const started = performance.now()
  client.send(bytes)
  await over.promise
  return ((performance.now() - started) / count) * 1000
}

function withResolvers() {
  let resolve
  const promise = new Promise((settle) => (resolve = settle))
  return { promise, resolve }
}
