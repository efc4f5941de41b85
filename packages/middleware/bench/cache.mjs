// What the cache costs per request, over memory instead of sockets: node bench/cache.mjs, after a build. Each line is the
// whole exchange; subtract the first one.
import { testServer } from '@spillway/core/testing'
import { cache } from '../dist/cache.js'
import { wrap } from '../dist/index.js'
import { compare } from './measure.mjs'

const text = 'x'.repeat(4096)
const count = 50_000

await compare([
  ['4 KB, no cache', count, exchange(answer('max-age=600'))],
  ['hit', count, exchange(wrap([cache()], answer('max-age=600')))],
  ['hit, with Vary', count, exchange(wrap([cache()], varying), 'Accept-Language: de')],
  ['hit, 304', count, exchange(wrap([cache()], answer('max-age=600')), 'If-None-Match: "a"')],
  ['hit, range', count, exchange(wrap([cache()], answer('max-age=600')), 'Range: bytes=0-99')],
  ['not to be stored', count, exchange(wrap([cache()], answer('private')))],
  ['validated', count, exchange(wrap([cache()], validated))],
])

function answer(cacheControl) {
  return (c) => c.text(text, { headers: { 'Cache-Control': cacheControl, ETag: '"a"' } })
}

function varying(c) {
  const reply = answer('max-age=600')(c)
  reply.headers.set('Vary', 'Accept-Language')
  return reply
}

function validated(c) {
  if (c.headers.get('if-none-match') === '"a"') return c.empty({ status: 304, headers: { ETag: '"a"' } })
  return answer('no-cache')(c)
}

/** One request after the other to a handler, a new connection for every thousand: the memory of a client grows. */
function exchange(handler, ...fields) {
  const bytes = `${['GET /some/path?query HTTP/1.1', 'Host: example.com', ...fields].join('\r\n')}\r\n\r\n`
  let over
  const server = testServer((c) => {
    c.done(() => over())
    return handler(c)
  })
  let client
  let sent = 0
  return () => {
    const done = new Promise((resolve) => (over = resolve))
    if (sent++ % 1000 === 0) client = server.connect()
    client.send(bytes)
    return done
  }
}
