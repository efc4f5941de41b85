// What client identity, limits, logs and numbers cost per request, in microseconds: node bench/operating.mjs, after a build.
// Each is measured around a handler that does nothing, on contexts of real requests.
import { testServer } from '@spillway/core/testing'
import { client, clientOf } from '../dist/client.js'
import { wrap } from '../dist/index.js'
import { ip } from '../dist/ip.js'
import { loadShed } from '../dist/load-shed.js'
import { logger } from '../dist/logger.js'
import { rateLimit } from '../dist/rate-limit.js'
import { metrics } from '../dist/metrics.js'
import { spans } from '../dist/opentelemetry.js'
import { compare } from './measure.mjs'
import { requestId } from '../dist/request-id.js'
import { serverTiming } from '../dist/server-timing.js'
import { timeout } from '../dist/timeout.js'
import { trace } from '../dist/trace.js'

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

/** The events of connections are another matter: they are counted below. */
function observing() {
  const { observe, stop } = metrics()
  stop()
  return observe
}

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
  ['rate limit, in memory', [rateLimit({ limit: 1e9, windowSeconds: 3600 })], answer, context()],
  ...['text', 'combined', 'json'].map((format) => [
    `logger, ${format}`,
    [logger({ format, write() {} })],
    answer,
    context(),
  ]),
  ['request id', [requestId()], answer, context()],
  ['metrics, by route', [observing()], answer, context()],
  ['timeout, synchronous', [timeout(1000)], answer, context()],
  ['timeout, asynchronous', [timeout(1000)], async (c) => answer(c), context()],
  ['trace context, begun', [trace()], answer, context()],
  ['trace context, continued', [trace()], answer, context(`Traceparent: 00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`)],
  ['spans, without an SDK', [spans()], answer, context()],
  ['load shedding', [loadShed({ delay: 1000, concurrency: 1e6 })], answer, context()],
  ['server timing', [serverTiming()], answer, context()],
]

await compare(
  cases.map(([name, layers, handler, c]) => {
    const wrapped = wrap(layers, handler)
    return [name, 30_000, () => wrapped(c)]
  }),
)

// Whole exchanges over memory, with and without somebody who counts connections.
function exchange() {
  const connection = testServer(answer).connect()
  const request = 'GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n'
  return (watched) => {
    const numbers = watched ? metrics() : undefined
    for (let i = 0; i < 100; i++) connection.send(request)
    numbers?.stop()
  }
}

const [silent, watched] = [exchange(), exchange()]
await compare([
  ['100 exchanges, nobody counts', 100, () => silent(false)],
  ['100 exchanges, metrics', 100, () => watched(true)],
])
