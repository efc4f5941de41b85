// What the cache costs per request, over memory instead of sockets: node bench/cache.mjs, after a build. Each line is the
// whole exchange; subtract the first one.
import { testServer } from '@spillway/core/testing'
import { cache } from '../dist/cache.js'
import { wrap } from '../dist/index.js'

const runs = 5
const count = 10_000
const text = 'x'.repeat(4096)
const answer = (cacheControl) => (c) => c.text(text, { headers: { 'Cache-Control': cacheControl, ETag: '"a"' } })
const get = (...fields) => `${['GET /some/path?query HTTP/1.1', 'Host: example.com', ...fields].join('\r\n')}\r\n\r\n`

const cases = [
  ['4 KB, no cache', answer('max-age=600'), get()],
  ['hit', wrap([cache()], answer('max-age=600')), get()],
  ['hit, with Vary', wrap([cache()], varying), get('Accept-Language: de')],
  ['hit, 304', wrap([cache()], answer('max-age=600')), get('If-None-Match: "a"')],
  ['hit, range', wrap([cache()], answer('max-age=600')), get('Range: bytes=0-99')],
  ['not to be stored', wrap([cache()], answer('private')), get()],
  ['validated', wrap([cache()], validated), get()],
]

const best = cases.map(() => Infinity)
for (let run = 0; run < runs; run++)
  for (const [at, [, handler, bytes]] of cases.entries()) best[at] = Math.min(best[at], await measure(handler, bytes))
for (const [at, [name]] of cases.entries()) console.log(`${name.padEnd(24)} ${best[at].toFixed(1).padStart(6)} µs`)

function varying(c) {
  const reply = answer('max-age=600')(c)
  reply.headers.set('Vary', 'Accept-Language')
  return reply
}

function validated(c) {
  if (c.headers.get('if-none-match') === '"a"') return c.empty({ status: 304, headers: { ETag: '"a"' } })
  return answer('no-cache')(c)
}

/** Microseconds for one exchange, each sent when the one before has been answered. */
async function measure(handler, bytes) {
  let left = count
  let over
  const done = new Promise((resolve) => (over = resolve))
  const client = testServer((c) => {
    c.done(() => (--left > 0 ? setImmediate(() => client.send(bytes)) : over()))
    return handler(c)
  }).connect()
  const started = performance.now()
  client.send(bytes)
  await done
  return ((performance.now() - started) / count) * 1000
}
