import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { HttpError } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { type ConnectMiddleware, type ConnectRequest, connect } from '@spillway/middleware/connect'
import { router } from '@spillway/middleware/router'
import compression from 'compression'
import session from 'express-session'
import helmet from 'helmet'
import morgan from 'morgan'
import multer from 'multer'
import passport from 'passport'
import { describe, expect, test, vi } from 'vitest'
import { comesToRest } from './rest.ts'
import { escapes } from './path-tricks.ts'
import { send, start } from './server.ts'

const text = 'compressible '.repeat(500)

describe('helmet', () => {
  test('sets its fields on every reply, and a handler may change them', async () => {
    const app = router()
      .use(connect(helmet()))
      .get('/', (c) => c.text('x', { headers: { 'X-Frame-Options': 'DENY' } }))
      .get('/stream', (c) => c.stream(pieces()))
    const server = await start(app)
    const { status, headers, content } = await send(server, 'GET', '/')
    expect([status, content.toString(), headers.get('content-length')]).toEqual([200, 'x', '1'])
    expect(headers.get('content-security-policy')).toContain("default-src 'self'")
    expect([headers.get('x-content-type-options'), headers.get('x-frame-options')]).toEqual(['nosniff', 'DENY'])
    expect((await send(server, 'GET', '/none')).headers.get('x-dns-prefetch-control')).toBe('off')
    expect(await (await fetch(`${server.url}/stream`)).text()).toBe('abc')
    expect((await send(server, 'HEAD', '/')).headers.get('content-length')).toBe('1')
  })
})

describe('morgan', () => {
  test('logs when the reply has left, with its status and length; errors and aborts too', async () => {
    const lines: string[] = []
    const log = morgan(':method :url :status :res[content-length] :response-time :remote-addr', {
      stream: { write: (line) => void lines.push(line.trim()) },
    })
    const app = router()
      .use(connect(log))
      .get('/ok', (c) => c.text('four'))
      .get('/late', async (c) => (await sleep(20), c.text('x', 201)))
      .get('/fails', () => Promise.reject(new HttpError(418, 'tea')))
      .get('/endless', (c) => c.stream(endless()))
    const server = await start(app)
    for (const path of ['/ok', '/late', '/fails', '/none']) await send(server, 'GET', path)
    await vi.waitFor(() => expect(lines).toHaveLength(4))
    expect(lines[0]).toMatch(/^GET \/ok 200 4 [\d.]+ 127\.0\.0\.1$/)
    expect(lines[1]).toMatch(/^GET \/late 201 1 \d{2,}\.\d+ /)
    expect(lines[2]).toMatch(/^GET \/fails 418 /)
    expect(lines[3]).toMatch(/^GET \/none 404 9 /)
    const leaving = new AbortController()
    await fetch(`${server.url}/endless`, { signal: leaving.signal })
    leaving.abort()
    await vi.waitFor(() => expect(lines).toHaveLength(5))
  })
})

describe('compression', () => {
  const app = router()
    .use(connect(compression({ threshold: 100 })))
    .get('/text', (c) => c.text(text))
    .get('/small', (c) => c.text('small'))
    .get('/stream', (c) => c.stream(pieces(200), { headers: { 'Content-Type': 'text/plain' } }))
    .get('/image', (c) => c.stream(new Uint8Array(5000), { headers: { 'Content-Type': 'image/png' } }))
    .get('/fails', (c) =>
      c.stream(
        (async function* () {
          yield text
          throw new Error('x')
        })(),
        { headers: { 'Content-Type': 'text/plain' } },
      ),
    )
    .get('/endless', (c) => c.stream(endless(), { headers: { 'Content-Type': 'text/plain' } }))

  test('compresses replies of ours', async () => {
    const server = await start(app)
    const gzip = await fetch(`${server.url}/text`, { headers: { 'accept-encoding': 'gzip' } })
    expect([gzip.headers.get('content-encoding'), gzip.headers.get('vary')]).toEqual(['gzip', 'Accept-Encoding'])
    expect(await gzip.text()).toBe(text)
    const raw = await send(server, 'GET', '/text', ['Accept-Encoding: br'])
    expect(raw.headers.get('content-length')).toBe(undefined)
    expect(brotliDecompressSync(raw.content).toString()).toBe(text)
    const stream = await send(server, 'GET', '/stream', ['Accept-Encoding: gzip'])
    expect(gunzipSync(stream.content).toString()).toBe('abc'.repeat(200))
  })

  test('leaves alone what it should', async () => {
    const server = await start(app)
    for (const path of ['/small', '/image']) {
      const { headers, complete } = await send(server, 'GET', path, ['Accept-Encoding: gzip'])
      expect([path, headers.get('content-encoding'), complete]).toEqual([path, undefined, true])
    }
    const head = await send(server, 'HEAD', '/text', ['Accept-Encoding: gzip'])
    expect([head.status, head.content.length]).toEqual([200, 0])
  })

  test('a source that fails while all it gave is still with the coder is an error reply', async () => {
    const server = await start(app, { onError: () => {} })
    const { status, complete } = await send(server, 'GET', '/fails', ['Accept-Encoding: gzip'])
    expect([status, complete]).toEqual([500, true])
  })

  test('a client that does not read slows the source, and one that leaves ends it', async () => {
    const server = await start(app)
    const leaving = new AbortController()
    produced = 0
    await fetch(`${server.url}/endless`, { signal: leaving.signal, headers: { 'accept-encoding': 'gzip' } })
    await comesToRest(() => produced)
    leaving.abort()
    await vi.waitFor(() => expect(endlessEnded).toBe(true))
  }, 20_000)
})

describe('multer', () => {
  const upload = multer({ storage: multer.memoryStorage(), limits: { fileSize: 100_000 } })
  const app = router().post(
    '/',
    [connect<{ file?: { buffer: Buffer; originalname: string }; body: object }>(upload.single('file'))],
    (c) =>
      c.json({
        name: c.state.req.file?.originalname,
        sha: sha(c.state.req.file?.buffer),
        fields: { ...c.state.req.body },
      }),
  )

  test('takes an upload', async () => {
    const server = await start(app)
    const form = new FormData()
    const bytes = new Uint8Array(90_000).fill(7)
    form.set('title', 'Ä')
    form.set('file', new Blob([bytes]), 'a.bin')
    const response = await fetch(server.url, { method: 'POST', body: form })
    expect(await response.json()).toEqual({ name: 'a.bin', sha: sha(bytes), fields: { title: 'Ä' } })
  })

  test('its errors are ours', async () => {
    const seen: unknown[] = []
    const server = await start(app, { onError: (error) => void seen.push((error as { code?: string }).code) })
    const form = new FormData()
    form.set('file', new Blob([new Uint8Array(200_000)]), 'a.bin')
    expect((await fetch(server.url, { method: 'POST', body: form })).status).toBe(500)
    expect(seen).toEqual(['LIMIT_FILE_SIZE'])
  })

  test('leaves other content to the handler', async () => {
    const echo = router().post('/', [connect(upload.single('file'))], async (c) => c.text(await c.body.text()))
    const response = await fetch((await start(echo)).url, { method: 'POST', body: 'plain' })
    expect(await response.text()).toBe('plain')
  })
})

interface Session {
  views?: number
  destroy(done: () => void): void
}

describe('express-session', () => {
  const app = router()
    .use(connect<{ session: Session }>(session({ secret: 's', resave: false, saveUninitialized: false })))
    .get('/', (c) => {
      const { session: current } = c.state.req
      current.views = (current.views ?? 0) + 1
      return c.text(`${current.views}`)
    })
    .get('/stream', (c) => {
      c.state.req.session.views = 10
      return c.stream(pieces())
    })
    .get('/none', (c) => c.text('none'))
    .get('/out', async (c) => {
      await new Promise<void>((resolve) => c.state.req.session.destroy(resolve))
      return c.text('bye')
    })

  test('counts, in a cookie of its own', async () => {
    const server = await start(app)
    const first = await fetch(server.url)
    const cookie = first.headers.get('set-cookie')!.split(';')[0]!
    const get = async (path: string): Promise<string> =>
      (await fetch(server.url + path, { headers: { cookie } })).text()
    expect([await first.text(), await get('/'), await get('/')]).toEqual(['1', '2', '3'])
    expect([await get('/stream'), await get('/')]).toEqual(['abc', '11'])
    expect((await fetch(`${server.url}/none`)).headers.get('set-cookie')).toBe(null)
    expect([await get('/out'), await get('/')]).toEqual(['bye', '1'])
    expect((await send(server, 'GET', '/')).headers.get('content-length')).toBe('1')
  })
})

describe('passport', () => {
  const auth = new passport.Passport()
  const Strategy = passport.Strategy
  class Form extends Strategy {
    readonly name = 'form'
    authenticate(req: ConnectRequest): void {
      const user = new URL(req.url, 'http://h').searchParams.get('user')
      if (user) this['success']({ id: user })
      else this['fail']('No user', 401)
    }
  }
  auth.use(new Form())
  auth.serializeUser((user: { id: string }, done) => done(null, user.id))
  auth.deserializeUser((id: string, done) => done(null, { id }))
  const app = router()
    .use(connect(session({ secret: 's', resave: false, saveUninitialized: false })))
    .use(connect(auth.initialize()), connect<{ user?: { id: string }; isAuthenticated(): boolean }>(auth.session()))
    .get('/login', [connect(auth.authenticate('form'))], (c) => c.text(`hello ${c.state.req.user!.id}`))
    .get('/go', [connect(auth.authenticate('form', { successRedirect: '/me', failureRedirect: '/no' }))], (c) =>
      c.empty(),
    )
    .get('/me', (c) => (c.state.req.isAuthenticated() ? c.text(c.state.req.user!.id) : c.text('nobody', 401)))

  test('logs in, remembers, and refuses', async () => {
    const server = await start(app)
    const refused = await fetch(`${server.url}/login`)
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'No user'])
    const login = await fetch(`${server.url}/login?user=ali`)
    expect(await login.text()).toBe('hello ali')
    const cookie = login.headers.get('set-cookie')!.split(';')[0]!
    expect(await (await fetch(`${server.url}/me`, { headers: { cookie } })).text()).toBe('ali')
    expect((await fetch(`${server.url}/me`)).status).toBe(401)
    for (const [query, to] of [
      ['?user=b', '/me'],
      ['', '/no'],
    ]) {
      const redirected = await fetch(`${server.url}/go${query!}`, { redirect: 'manual' })
      expect([redirected.status, redirected.headers.get('location')]).toEqual([302, to])
    }
  })
})

const run = async (...middlewares: ConnectMiddleware[]): Promise<string> => {
  const app = router({})
    .use(connect(...middlewares))
    .all('/**', (c) => c.text('behind'))
  const { status, content, headers } = await send(await start(app, { onError: () => {} }), 'POST', '/p?q')
  const fields = [...headers].filter(([name]) => name.startsWith('x-')).join(';')
  return `${status} ${content.toString()} ${fields}`.trim()
}

const show: ConnectMiddleware = (req, res) => res.end(`${req.baseUrl} ${req.url} ${req.originalUrl}`)

describe('connect', () => {
  test.each<[string, ConnectMiddleware, string]>([
    ['passes on', (_, __, next) => next(), '200 behind'],
    ['passes on later', (_, __, next) => void setTimeout(next, 5), '200 behind'],
    ['answers', (_, res) => res.end('own'), '200 own'],
    ['answers in pieces', (_, res) => (res.write('a'), res.write('b'), setTimeout(() => res.end('c'), 5)), '200 abc'],
    ['answers with a head', (_, res) => res.writeHead(404, 'Nope', { 'X-A': '1' }).end(), '404  x-a,1'],
    ['answers with a list', (_, res) => res.writeHead(404, ['X-A', '1', 'X-B', '2']).end(), '404  x-a,1;x-b,2'],
    ['answers nothing', (_, res) => (res.setHeader('X-A', ['1', '2']), res.end()), '200  x-a,1, 2'],
    ['throws', () => raise(new HttpError(418, 'tea')), '418 tea'],
    ['rejects', () => Promise.reject(new HttpError(418, 'tea')), '418 tea'],
    [
      'passes an error',
      (_, __, next) => next(Object.assign(new Error('t'), { statusCode: 418, expose: true })),
      '418 t',
    ],
    ['passes a text', (_, __, next) => next('text'), '500 Internal Server Error'],
    ['calls twice', (_, __, next) => (next(), next()), '200 behind'],
    ['ends and goes on', (_, res, next) => (res.end('own'), next()), '200 own'],
    ['destroys', (_, res) => res.destroy(), '500 Internal Server Error'],
    ['sees the request', (req, res) => res.end(`${req.method} ${req.url} ${req.headers.host}`), '200 POST /p?q test'],
  ])('%s', async (_, middleware, answer) => {
    expect((await run(middleware)).replace(/\n/g, '')).toBe(answer)
  })

  test('takes several, and refuses those for errors', async () => {
    const order: string[] = []
    const named =
      (name: string): ConnectMiddleware =>
      (req, res, next) => {
        order.push(name)
        res.setHeader(`x-${name}`, name)
        next()
      }
    expect(await run(named('a'), named('b'))).toBe('200 behind x-a,a;x-b,b')
    expect(order).toEqual(['a', 'b'])
    const four = Object.defineProperty(() => {}, 'length', { value: 4 })
    expect(() => connect(four)).toThrow('onError')
  })

  test('below a mount the path has no prefix', async () => {
    const app = router().mount('/api', router().use(connect(show)))
    expect((await send(await start(app), 'GET', '/api/x?q')).content.toString()).toBe('/api /x?q /api/x?q')
  })

  test('each sees the path as it is where it stands, and again when the mount is left', async () => {
    const seen: string[] = []
    const look =
      (name: string): ConnectMiddleware =>
      (req, res, next) => {
        const tell = (): number => seen.push(`${name} ${req.baseUrl} ${req.url} ${req.originalUrl}`)
        tell()
        if (name === 'outer') res.on('finish', tell)
        next()
      }
    const inner = router()
      .use(connect(look('inner')))
      .get('/x', (c) => c.text('x'))
      .get('/fails', () => raise(new Error('x')))
    const app = router()
      .use(connect(look('outer')))
      .mount('/api', inner)
    const server = await start(app, { onError: () => {} })
    for (const path of ['/x', '/fails']) {
      seen.length = 0
      await send(server, 'GET', `/api${path}?q`)
      await vi.waitFor(() => expect(seen).toHaveLength(3))
      const outer = `outer  /api${path}?q /api${path}?q`
      expect(seen).toEqual([outer, `inner /api ${path}?q /api${path}?q`, outer])
    }
  })

  // CVE-2026-33807, CVE-2026-33808, CVE-2026-22037
  test('has one form of the path, that of the routes: a guard that goes by it cannot be bypassed', async () => {
    const app = router()
      .use(connect(guardsAdmin))
      .get('/admin/**:rest', (c) => c.text('secret'))
      .get('/public', (c) => c.text('public'))
    expect(escapes.length).toBeGreaterThan(400)
    const seen = new Set<string>()
    const server = testServer(app)
    for (const path of escapes) {
      const client = server.connect()
      client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      while (client.received === '') await new Promise((resolve) => setImmediate(resolve))
      seen.add(client.received.slice(9, 12) + (client.received.includes('secret') ? ' secret' : ''))
    }
    expect([...seen].toSorted()).toEqual(['200', '401', '404'])
    const url = `${(await start(router().get('/a%20b/:c', [connect(guardsAdmin)], (c) => c.text(c.state.req.url)))).url}/%61%20b/%2f?q=%61`
    expect(await (await fetch(url)).text()).toBe('/a%20b/%2F?q=%61')
  })

  // CVE-2026-21710
  test('fields with the names of what every object has are fields like others', async () => {
    const seen: unknown[] = []
    const look: ConnectMiddleware = ({ headers }, _, next) => {
      for (const name of ['constructor', '__proto__', 'hasownproperty'])
        seen.push(Object.hasOwn(headers, name) && headers[name])
      next()
    }
    const server = await start(router().get('/', [connect(look)], (c) => c.empty()))
    await send(server, 'GET', '/', ['Constructor: a', '__proto__: b', 'hasOwnProperty: c', 'constructor: d'])
    expect(seen).toEqual(['a, d', 'b', 'c'])
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  })

  test('reads the content, once', async () => {
    const app = router().post(
      '/',
      [
        connect<{ got: string }>(async (req, _, next) => {
          req.got = ''
          for await (const chunk of req) req.got += chunk
          next()
        }),
      ],
      (c) => c.text(`${c.state.req.got} ${c.body.used} ${c.state.req.complete}`),
    )
    const response = await fetch((await start(app)).url, { method: 'POST', body: 'content' })
    expect(await response.text()).toBe('content true true')
  })

  test('tells of a client that has left', async () => {
    const seen = new Set<string>()
    const watch: ConnectMiddleware = (req, res) => {
      for (const name of ['aborted', 'close']) req.on(name, () => seen.add(`request ${name}`))
      for (const name of ['finish', 'close']) res.on(name, () => seen.add(`response ${name}`))
      req.socket.on('close', () => seen.add('socket close'))
      res.writeHead(200)
      const writing = setInterval(() => res.write('more'), 5)
      res.on('close', () => clearInterval(writing))
    }
    const leaving = new AbortController()
    const server = await start(
      router()
        .use(connect(watch))
        .get('/', (c) => c.empty()),
    )
    await fetch(server.url, { signal: leaving.signal })
    leaving.abort()
    await vi.waitFor(() =>
      expect([...seen].toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
        'request aborted',
        'request close',
        'response close',
        'socket close',
      ]),
    )
  })
})

let produced = 0
let endlessEnded = false

async function* endless(): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const chunk = new Uint8Array(64 * 1024)
      crypto.getRandomValues(chunk)
      produced++
      yield chunk
    }
  } finally {
    endlessEnded = true
  }
}

async function* pieces(times = 1): AsyncGenerator<string> {
  for (let i = 0; i < times; i++) for (const piece of 'abc') yield piece
}

const guardsAdmin: ConnectMiddleware = ({ url }: { url: string }, res, next) => {
  if (!url.startsWith('/admin')) return next()
  res.statusCode = 401
  res.end()
  return undefined
}

function sha(bytes: Uint8Array | undefined): string {
  return createHash('sha256')
    .update(bytes ?? '')
    .digest('hex')
}

function raise(error: Error): never {
  throw error
}

/** As `connect-timeout` does it: those behind go on, and have a limit of time. */
const limit: ConnectMiddleware = (req, _res, next) => {
  const timer = setTimeout(() => {
    req.timedout = true
    next(Object.assign(new Error('Response timeout'), { status: 503, code: 'ETIMEDOUT' }))
  }, 30)
  req.on('close', () => clearTimeout(timer))
  next()
}
const late: ConnectMiddleware = (_req, res, next) => {
  res.on('finish', () => next(new Error('too late')))
  next()
}
const twice: ConnectMiddleware = (_req, _res, next) => {
  next()
  next()
}

describe('an error that comes after next()', () => {
  test('is the reply while there is none yet, and what comes then is let go of', async () => {
    let go!: () => void
    let cancelled = false
    const source = new ReadableStream({ cancel: () => void (cancelled = true) })
    const app = router()
      .use(connect(limit))
      .get('/', async (c) => {
        await new Promise<void>((resolve) => (go = resolve))
        return c.stream(source)
      })
    const server = await start(app, { onError: () => undefined })
    expect((await send(server, 'GET', '/')).status).toBe(503)
    go()
    await vi.waitFor(() => expect(cancelled).toBe(true))
  })

  test('changes nothing of a reply that is complete, and is told', async () => {
    const errors: unknown[] = []
    const server = await start(
      router()
        .use(connect(late))
        .get('/', (c) => c.text('x')),
      { onError: (error) => void errors.push(error) },
    )
    expect((await send(server, 'GET', '/')).status).toBe(200)
    await vi.waitFor(() => expect(String(errors[0])).toContain('too late'))
  })

  test('a second next() runs nothing twice', async () => {
    let count = 0
    const server = await start(
      router()
        .use(connect(twice))
        .get('/', (c) => c.text(String(++count))),
    )
    expect((await send(server, 'GET', '/')).content.toString()).toBe('1')
  })
})
