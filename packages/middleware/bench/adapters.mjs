// What mounting, hosts and the adapters cost per request: node bench/adapters.mjs, after a build. The handlers are called
// without a server, so the adapters' own work is all there is; `toFetch` makes its Request as well.
import { Reply } from '@spillway/core'
import { fromFetch, toFetch } from '@spillway/core/web'
import { testServer } from '@spillway/core/testing'
import { connect } from '../dist/connect.js'
import { router } from '../dist/router.js'
import { compare } from './measure.mjs'

const cases = []
const clients = new Map()
const answer = () => new Reply('x')
const build = (tree) => tree.get('/x', answer)
const inner = router().get('/users/:id', answer).get('/x', answer)

const direct = {
  'a route, no hosts': [router().get('/x', answer), 'a', '/x'],
  'the same, with 3 hosts': [hosts().get('/x', answer), 'a', '/x'],
  'a route of a wildcard host': [hosts(), 'b.example.com', '/x'],
  'a route of a mounted router': [router().mount('/api', inner), 'a', '/api/x'],
  'the same, two mounts deep': [router().mount('/v1', router().mount('/api', inner)), 'a', '/v1/api/x'],
  'a redirect of a slash': [router({ trailingSlash: 'redirect' }).get('/x', answer), 'a', '/x/'],
}
for (const [name, [app, host, path]] of Object.entries(direct)) {
  const headers = { get: () => host }
  const c = { method: 'GET', target: path, path, base: '', search: '', params: {}, headers, redirect: answer, url: '' }
  cases.push([name, 300_000, () => app(c)])
}

const passOn = (_req, _res, next) => next()
const patch = (_req, res, next) => {
  const { end } = res
  res.end = function (...args) {
    return end.apply(this, args)
  }
  next()
}
const request = new Request('http://a/x')
const exchanges = {
  'an exchange over memory': answer,
  'through a connect middleware': router().use(connect(passOn)).get('/x', answer),
  'through one that replaces `end`': router().use(connect(patch)).get('/x', answer),
  'with fromFetch': fromFetch(() => new Response('x')),
}
for (const [name, app] of Object.entries(exchanges)) cases.push([name, 50_000, () => exchange(app)])
const app = toFetch(answer)
cases.push(['toFetch', 200_000, () => app(request)])
await compare(cases)

function hosts() {
  return router().host('a.example.com', build).host('*.example.com', build).host('c.example.com', build)
}

async function exchange(handler) {
  const client = (clients.get(handler) ?? connectTo(handler)).client
  const before = client.received.length
  client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
  while (client.received.length === before) await new Promise((resolve) => setImmediate(resolve))
}

/** One connection for all exchanges of a handler. */
function connectTo(handler) {
  const client = testServer(handler).connect()
  clients.set(handler, { client })
  return { client }
}
