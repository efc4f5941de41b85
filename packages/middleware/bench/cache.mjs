// What the cache costs per request: node bench/cache.mjs, after a build. Handlers are called with the context of a request
// that has been parsed, so each line is the cache and the making of the reply, without sending it.
import { testServer } from '@spillway/core/testing'
import { cache } from '../dist/cache.js'
import { wrap } from '../dist/index.js'
import { compare } from './measure.mjs'

const text = 'x'.repeat(4096)
const count = 200_000

await compare([
  ['no cache', count, call(answer('max-age=600'))],
  ['hit', count, call(wrap([cache()], answer('max-age=600')))],
  ['hit, with Vary', count, call(wrap([cache()], varying), 'Accept-Language: de')],
  ['hit, 304', count, call(wrap([cache()], answer('max-age=600')), 'If-None-Match: "a"')],
  ['hit, range', count, call(wrap([cache()], answer('max-age=600')), 'Range: bytes=0-99')],
  ['not to be stored', count, call(wrap([cache()], answer('private')))],
  ['validated', count, call(wrap([cache()], validated))],
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

/** A handler with the context of a request; an unconditional one has filled the cache before. */
function call(handler, ...fields) {
  const contexts = []
  const client = testServer((c) => (contexts.push(c), new Promise(() => {}))).connect()
  const head = 'GET /some/path?query HTTP/1.1\r\nHost: example.com'
  client.send(`${[head, ...fields].join('\r\n')}\r\n\r\n`)
  const plain = testServer(handler).connect()
  plain.send(`${[head, ...fields.filter((field) => field.startsWith('Accept'))].join('\r\n')}\r\n\r\n`)
  return () => handler(contexts[0])
}
