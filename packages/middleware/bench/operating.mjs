// What client identity, limits, logs and numbers cost per request, in microseconds: node bench/operating.mjs, after a build.
// Each is measured around a handler that does nothing, on contexts of real requests.
import { testServer } from '@spillway/core/testing'
import { client, clientOf } from '../dist/client.js'
import { wrap } from '../dist/index.js'
import { ip } from '../dist/ip.js'
import { rateLimit } from '../dist/rate-limit.js'

const runs = 5
const answer = (c) => c.text('x')

/** The context of a request with these fields. */
function context(...fields) {
  let seen
  const connection = testServer((c) => {
    seen = c
    return answer(c)
  }).connect()
  connection.send(`GET /a HTTP/1.1\r\nHost: a.example\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`)
  return seen
}

const trusted = ['127.0.0.1', '10.0.0.0/8']
const xForwarded = client({ trusted, fields: ['x-forwarded-for', 'x-forwarded-proto'] })
const asked = (c) => (clientOf(c).key, answer(c))

const cases = [
  ['handler alone', [], answer, context()],
  ['client, no proxy, asked', [], asked, context()],
  ['client, X-Forwarded-*', [xForwarded], asked, context('X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https')],
  ['client, X-Forwarded-For, two proxies', [xForwarded], asked, context('X-Forwarded-For: 203.0.113.9, 10.0.0.2')],
  [
    'client, Forwarded',
    [client({ trusted, fields: 'forwarded' })],
    asked,
    context('Forwarded: for="[2001:db8::7]:4711";proto=https;host=a.example'),
  ],
  ['ip, one list', [ip({ deny: ['203.0.113.0/24'] })], answer, context()],
  ['rate limit, in memory', [rateLimit({ limit: 1e9, window: 3600 })], answer, context()],
]

for (const [name, layers, handler, c] of cases) {
  const wrapped = wrap(layers, handler)
  const times = []
  for (let run = 0; run < runs; run++) times.push(await measure(wrapped, c))
  const [best] = times.toSorted((a, b) => a - b)
  console.log(`${name.padEnd(38)} ${best.toFixed(2).padStart(7)} µs`)
}

async function measure(handler, c) {
  const asynchronous = handler(c) instanceof Promise
  const count = asynchronous ? 3000 : 30_000
  const started = performance.now()
  if (asynchronous) for (let i = 0; i < count; i++) await handler(c)
  else for (let i = 0; i < count; i++) handler(c)
  return ((performance.now() - started) / count) * 1e3
}
