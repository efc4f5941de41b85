// The behaviour of the middleware over real sockets.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get as getByNode } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { basicAuth } from '@spillway/middleware/auth'
import { body } from '@spillway/middleware/body'
import { cache } from '@spillway/middleware/cache'
import { compression } from '@spillway/middleware/compression'
import { connect } from '@spillway/middleware/connect'
import { cookies } from '@spillway/middleware/cookies'
import { cors } from '@spillway/middleware/cors'
import { html } from '@spillway/middleware/html'
import { jwt } from '@spillway/middleware/jwt'
import { logger } from '@spillway/middleware/logger'
import { metrics } from '@spillway/middleware/metrics'
import { multipart } from '@spillway/middleware/multipart'
import { createServer } from '@spillway/middleware/node'
import { proxy, upstreams } from '@spillway/middleware/proxy'
import { rateLimit } from '@spillway/middleware/rate-limit'
import { router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'
import { sessions } from '@spillway/middleware/sessions'
import { sse } from '@spillway/middleware/sse'
import { staticFiles } from '@spillway/middleware/static'
import { validate } from '@spillway/middleware/validate'
import { websocket } from '@spillway/middleware/websocket'
import { connectWebSocket } from '@spillway/middleware/websocket-client'
import { SignJWT } from 'jose'
import { runChecks } from './harness.mjs'

/** Runs a server for the duration of one check. */
async function withServer(app, use) {
  const server = await serve(app, { port: 0, host: '127.0.0.1', onError: () => {} })
  try {
    return await use(server)
  } finally {
    await server.close({ deadline: 20 })
  }
}

/** Sends one request to a server of its own. */
const ask = (app, path = '/', init = {}) =>
  withServer(app, async (server) => {
    const response = await fetch(server.url + path, init)
    return { status: response.status, headers: response.headers, text: await response.text() }
  })

/** The messages that a WebSocket receives, one at a time. */
function messages() {
  const come = []
  let wake
  return {
    take: async () => {
      while (come.length === 0) await new Promise((resolve) => (wake = resolve))
      return come.shift()
    },
    put: (value) => {
      come.push(value)
      wake?.()
    },
  }
}

const authorization = (text) => ({ headers: { authorization: text } })

const checks = {
  'routes, parameters, 404 and 405': async () => {
    const app = router().get('/books/:id', (c) => c.json({ id: c.params.id }))
    assert.equal((await ask(app, '/books/a%20b')).text, '{"id":"a b"}')
    assert.equal((await ask(app, '/books')).status, 404)
    const refused = await ask(app, '/books/1', { method: 'POST' })
    assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD, OPTIONS'])
  },
  'a Response of the runtime is a reply': async () => {
    const app = router().get('/', () => Response.json({ a: 1 }, { headers: { 'x-a': 'b' } }))
    const { text, headers } = await ask(app)
    assert.deepEqual([text, headers.get('x-a')], ['{"a":1}', 'b'])
  },
  'files: content, revalidation, ranges, none outside': async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-files-'))
    writeFileSync(join(folder, 'a.txt'), '0123456789')
    try {
      const app = router().get('/:path*', staticFiles(folder))
      const { status, headers, text } = await ask(app, '/a.txt')
      assert.deepEqual([status, text], [200, '0123456789'])
      const again = await ask(app, '/a.txt', { headers: { 'if-none-match': headers.get('etag') } })
      assert.equal(again.status, 304)
      const part = await ask(app, '/a.txt', { headers: { range: 'bytes=2-4' } })
      assert.deepEqual([part.status, part.text], [206, '234'])
      assert.equal((await ask(app, '/%2e%2e/etc/passwd')).status, 404)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
  'a large file arrives whole': async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-files-'))
    writeFileSync(join(folder, 'a.bin'), 'spillway'.repeat(500_000))
    try {
      assert.equal((await ask(router().get('/:path*', staticFiles(folder)), '/a.bin')).text, 'spillway'.repeat(500_000))
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
  compression: async () => {
    const app = router()
      .use(compression())
      .get('/', (c) => c.text('all work and no play '.repeat(1000)))
    // The codings that `fetch` decodes in every runtime.
    for (const coding of ['gzip', 'br']) {
      const { text, headers } = await ask(app, '/', { headers: { 'accept-encoding': coding } })
      assert.equal(text.length, 21_000, coding)
      assert.match(headers.get('vary'), /accept-encoding/i)
    }
  },
  'JSON and forms are read, with limits': async () => {
    const app = router().post('/', [body(['json', 'urlencoded'], { bodyBytes: 100 })], (c) => c.json(c.state.body))
    const json = { method: 'POST', headers: { 'content-type': 'application/json' } }
    assert.equal((await ask(app, '/', { ...json, body: '{"a":[1]}' })).text, '{"a":[1]}')
    assert.equal((await ask(app, '/', { ...json, body: '{' })).status, 400)
    assert.equal((await ask(app, '/', { ...json, body: JSON.stringify('x'.repeat(200)) })).status, 413)
    const form = await ask(app, '/', { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
    assert.equal(form.text, '{"a":"b"}')
  },
  'files of a form are read as they come': async () => {
    const app = router().post('/', async (c) => {
      const seen = []
      for await (const part of multipart(c)) {
        let text = part.value ?? ''
        if (part.kind === 'file') for await (const piece of part) text += Buffer.from(piece).toString()
        seen.push([part.name, part.filename ?? null, text])
      }
      return c.json(seen)
    })
    const data = new FormData()
    data.append('a', 'b')
    data.append('f', new File(['content'], 'f.txt', { type: 'text/plain' }))
    const { text } = await ask(app, '/', { method: 'POST', body: data })
    assert.deepEqual(JSON.parse(text), [
      ['a', null, 'b'],
      ['f', 'f.txt', 'content'],
    ])
  },
  'cookies are signed, sessions are kept': async () => {
    const secrets = 's'.repeat(32)
    const app = router()
      .use(cookies({ secrets }))
      .use(sessions({ secrets, name: 'session', cookie: { secure: false } }))
      .get('/', (c) => {
        c.state.session.data.visits = (c.state.session.data.visits ?? 0) + 1
        c.state.cookies.set('a', 'b')
        return c.text(String(c.state.session.data.visits))
      })
    await withServer(app, async ({ url }) => {
      const first = await fetch(url)
      assert.equal(await first.text(), '1')
      const cookie = first.headers.getSetCookie().map((line) => line.split(';')[0])
      assert.equal(await (await fetch(url, { headers: { cookie: cookie.join('; ') } })).text(), '2')
    })
  },
  'who may: passwords and tokens': async () => {
    const secret = new TextEncoder().encode('s'.repeat(32))
    const app = router()
      .get('/basic', [basicAuth({ verify: (user, password) => password === 'right' && user })], (c) =>
        c.text(c.state.user),
      )
      .get('/jwt', [jwt({ key: secret, algorithms: ['HS256'] })], (c) => c.text(c.state.claims.sub))
    assert.equal((await ask(app, '/basic')).status, 401)
    assert.equal((await ask(app, '/basic', authorization(`Basic ${btoa('ali:right')}`))).text, 'ali')
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('ali')
      .setExpirationTime('1h')
      .sign(secret)
    assert.equal((await ask(app, '/jwt', authorization(`Bearer ${token}`))).text, 'ali')
    assert.equal((await ask(app, '/jwt', authorization(`Bearer ${token}x`))).status, 401)
  },
  'a contract is checked': async () => {
    const positive = {
      '~standard': {
        version: 1,
        vendor: 'suite',
        validate: ({ n }) =>
          Number(n) > 0 ? { value: { n: Number(n) } } : { issues: [{ message: 'too small', path: ['n'] }] },
      },
    }
    const app = router().get('/', [validate({ query: positive })], (c) => c.json(c.state.valid.query))
    assert.equal((await ask(app, '/?n=2')).text, '{"n":2}')
    assert.equal((await ask(app, '/?n=0')).status, 400)
  },
  'fields for browsers, escaped pages, limits of rates, logs, metrics': async () => {
    const lines = []
    const { observe, expose } = metrics()
    const app = router()
      .use(logger({ write: (line) => lines.push(line) }))
      .use(observe)
      .use(secureHeaders())
      .use(cors({ origins: ['https://a.example'] }))
      .use(rateLimit({ limit: 2, windowSeconds: 60 }))
      .get('/', (c) => c.html(html`<p>${'<b>'}</p>`))
    await withServer(app, async ({ url }) => {
      const response = await fetch(url, { headers: { origin: 'https://a.example' } })
      assert.equal(await response.text(), '<p>&lt;b&gt;</p>')
      assert.equal(response.headers.get('access-control-allow-origin'), 'https://a.example')
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
      assert.equal((await fetch(url)).status, 200)
      assert.equal((await fetch(url)).status, 429)
    })
    assert.equal(lines.length, 3)
    assert.match((await ask(expose)).text, /^spillway_phase_seconds_count/m)
  },
  'what may be kept is answered from the cache': async () => {
    let asked = 0
    const app = router()
      .use(cache())
      .get('/', (c) => c.text(String(++asked), { headers: { 'Cache-Control': 'public, max-age=60' } }))
    await withServer(app, async ({ url }) => {
      for (let i = 0; i < 3; i++) assert.equal(await (await fetch(url)).text(), '1')
    })
  },
  'events reach the client one by one': async () => {
    const app = router().get('/', (c) =>
      sse(c, async (stream) => {
        for (let i = 1; i <= 3; i++) await stream.send({ event: 'tick', id: String(i), data: { i } })
      }),
    )
    const { text, headers } = await ask(app)
    assert.match(headers.get('content-type'), /^text\/event-stream/)
    assert.deepEqual(text.match(/^data: ?.+$/gm)?.length, 3)
  },
  'WebSockets: ours at both ends, and the client of the runtime': async () => {
    const app = router().get(
      '/',
      websocket(() => ({ message: (socket, data) => socket.send(data) })),
    )
    await withServer(app, async (server) => {
      const url = server.url.replace('http', 'ws')
      const inbox = messages()
      const socket = await connectWebSocket(url, { message: (_, data) => inbox.put(data) })
      await socket.send('hello')
      assert.equal(await inbox.take(), 'hello')
      await socket.send('x'.repeat(200_000))
      assert.equal((await inbox.take()).length, 200_000)
      socket.close()
      // Node 20 has no WebSocket client.
      if (!globalThis.WebSocket) return
      const other = new WebSocket(url)
      other.addEventListener('message', ({ data }) => inbox.put(data))
      await new Promise((resolve) => other.addEventListener('open', resolve))
      other.send('from the runtime')
      assert.equal(await inbox.take(), 'from the runtime')
      other.close()
    })
  },
  'a WebSocket in memory': async () => {
    const app = router().get(
      '/',
      websocket(() => ({ message: (socket, data) => socket.send(data) })),
    )
    const inbox = messages()
    const socket = await connectWebSocket(
      'ws://localhost/',
      { message: (_, data) => inbox.put(data) },
      { server: testServer(app) },
    )
    await socket.send('hello')
    assert.equal(await inbox.take(), 'hello')
    socket.close()
  },
  'a proxy passes requests, content and WebSockets on': async () => {
    const behind = router()
      .get(
        '/ws',
        websocket(() => ({ message: (socket, data) => socket.send(data) })),
      )
      .post('/', async (c) => c.text(`got ${(await c.body.text()).length}`))
      .get('/:path*', (c) => c.text(c.headers.get('x-forwarded-for') ?? 'nobody'))
    await withServer(behind, (origin) => {
      const group = upstreams([origin.url])
      return withServer(proxy(group), async ({ url }) => {
        assert.equal(await (await fetch(`${url}/a`)).text(), '127.0.0.1')
        const sent = await fetch(url, { method: 'POST', body: 'x'.repeat(300_000) })
        assert.equal(await sent.text(), 'got 300000')
        const inbox = messages()
        const socket = await connectWebSocket(`${url.replace('http', 'ws')}/ws`, {
          message: (_, data) => inbox.put(data),
        })
        await socket.send('through')
        assert.equal(await inbox.take(), 'through')
        socket.close()
      })
    })
  },
  'a layer of the Express world': async () => {
    const app = router()
      .use(
        connect((req, res, next) => {
          res.setHeader('x-layer', req.url)
          next()
        }),
      )
      .get('/a', (c) => c.text('ours'))
    const { text, headers } = await ask(app, '/a?b')
    assert.deepEqual([text, headers.get('x-layer')], ['ours', '/a?b'])
  },
  'a program for node:http': async () => {
    const server = createServer((req, res) => {
      let size = 0
      req.on('data', (chunk) => (size += chunk.length)).on('end', () => res.setHeader('x-size', size).end(req.method))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${server.address().port}/`
    const response = await fetch(url, { method: 'POST', body: 'abc' })
    assert.deepEqual([await response.text(), response.headers.get('x-size')], ['POST', '3'])
    const text = await new Promise((resolve, reject) =>
      getByNode(url, { agent: false }, (res) => {
        let all = ''
        res
          .setEncoding('utf8')
          .on('data', (part) => (all += part))
          .on('end', () => resolve(all))
      }).on('error', reject),
    )
    assert.equal(text, 'GET')
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  },
}

export const run = () => runChecks(checks)
