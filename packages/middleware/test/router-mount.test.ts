import { AbortedError, type Context, type Handler, HttpError, type Reply } from '@spillway/core'
import type { Middleware } from '@spillway/middleware'
import { type Router, router } from '@spillway/middleware/router'
import { describe, expect, test, vi } from 'vitest'
import { ask as overMemory } from './memory.ts'
import { escapes } from './path-tricks.ts'
import { send, start } from './server.ts'

const at = (c: Context<any, any>): string => `${c.base}|${c.path}|${JSON.stringify(c.params)}`
const view = (c: Context<any, any>): Reply => c.text(at(c))
const deny: Middleware = (c) => c.text('denied', 401)
const secret: Handler<any> = (c) => c.text('secret')

async function ask(app: Router<any>, target: string, method = 'GET', fields: string[] = []): Promise<string> {
  const { status, content } = await send(await start(app), method, target, fields)
  return `${status} ${content.toString()}`.trim()
}

describe('mount', () => {
  const inner = router().get('/', view).get('/users/:id', view).post('/users', view)
  const app = router()
    .get('/api/own', view)
    .mount('/api', inner)
    .mount('/raw', view)
    .mount('/deep/er/', router().mount('/in', inner))
    .mount('/orgs/:org', router<{}, '/orgs/:org'>().get('/of/:id', view).get('/', view))
    .group('/g', (g) => g.mount('/', router().get('/x', view)))
    .get('/:any', (c) => c.text('outside'))

  test.each([
    ['GET', '/api', '200 /api|/|{}'],
    ['GET', '/api/', '200 /api|/|{}'],
    ['GET', '/api/users/7', '200 /api|/users/7|{"id":"7"}'],
    ['GET', '/x/../api/users/a%2Fb', '200 /api|/users/a%2Fb|{"id":"a/b"}'],
    ['GET', '/%61pi/users/7?x=/y', '200 /api|/users/7|{"id":"7"}'],
    ['GET', 'http://other/api/users/7', '200 /api|/users/7|{"id":"7"}'],
    ['GET', '/api/own', '200 |/api/own|{}'],
    ['GET', '/apis', '200 outside'],
    ['GET', '/api%2Fusers', '200 outside'],
    ['GET', '/api/none', '404 Not Found'],
    ['DELETE', '/api/users', '405 Method Not Allowed'],
    ['BREW', '/raw/a//b/', '200 /raw|/a//b/|{}'],
    ['GET', '/raw//evil', '200 /raw|//evil|{}'],
    ['GET', '/deep/er/in/users/1', '200 /deep/er/in|/users/1|{"id":"1"}'],
    ['GET', '/deep/er/inn', '404 Not Found'],
    ['GET', '/orgs/a%20b/of/2', '200 /orgs/a%20b|/of/2|{"org":"a b","id":"2"}'],
    ['GET', '/orgs/o', '200 /orgs/o|/|{"org":"o"}'],
    ['GET', '/g/x', '200 /g|/x|{}'],
  ])('%s %s is %s', async (method, target, answer) => {
    expect(await ask(app, target, method)).toBe(answer)
  })

  test('the middleware around it sees the path as it was, whatever happens inside', async () => {
    const seen: string[] = []
    const watch: Middleware = async (c, next) => {
      const before = at(c)
      try {
        return await next()
      } finally {
        seen.push(`${before} ${at(c)}`)
      }
    }
    const outer = router()
      .use(watch)
      .mount('/sync', router().get('/:id', view))
      .mount('/async', async (c) => {
        await Promise.resolve()
        return view(c)
      })
      .mount('/throws', () => {
        throw new HttpError(418, 'tea')
      })
      .mount('/rejects', () => Promise.reject(new HttpError(418, 'tea')))
    const answers = []
    for (const path of ['/sync/1', '/async/1', '/throws/1', '/rejects/1']) answers.push(await ask(outer, path))
    expect(answers).toEqual(['200 /sync|/1|{"id":"1"}', '200 /async|/1|{}', '418 tea', '418 tea'])
    expect(seen).toEqual(['/sync/1', '/async/1', '/throws/1', '/rejects/1'].map((path) => `|${path}|{} |${path}|{}`))
  })

  test('what is made below it finds its own path and parameters for as long as it likes', async () => {
    const seen: string[] = []
    const organization = router<{}, '/orgs/:org'>().get('/of/:id', async (c) => {
      c.done(() => seen.push(`below ${at(c)}`))
      const late = async function* () {
        yield 'begins '
        await new Promise((resolve) => setTimeout(resolve, 5))
        yield at(c)
      }
      return c.stream(late())
    })
    const outer = router()
      .use((c, next) => {
        const reply = next()
        // Those below have not answered yet.
        seen.push(`meanwhile ${at(c)}`)
        c.done(() => seen.push(`around ${at(c)} ${c.route}`))
        return reply
      })
      .mount('/orgs/:org', organization)
    expect(await ask(outer, '/orgs/a/of/1')).toBe('200 begins /orgs/a|/of/1|{"org":"a","id":"1"}')
    await vi.waitFor(() => expect(seen).toHaveLength(3))
    expect(seen.toSorted()).toEqual([
      'around |/orgs/a/of/1|{"org":"a"} /orgs/:org/of/:id',
      'below /orgs/a|/of/1|{"org":"a","id":"1"}',
      'meanwhile |/orgs/a/of/1|{"org":"a"}',
    ])
  })

  test('all else is that of the exchange', async () => {
    type Members = Readonly<Record<string, unknown>>
    const names = ['method', 'target', 'search', 'query', 'url', 'httpVersion', 'protocol', 'headers', 'body', 'peer']
    names.push('state', 'signal', 'request', 'errorHeaders', 'text', 'html', 'json', 'redirect', 'empty', 'stream')
    let around: Context<any, any> | undefined
    const reason = new AbortedError('handler', 'enough')
    const outer = router()
      .use((c, next) => ((around = c), next()))
      .mount('/in', (c) => {
        for (const name of names) expect((c as unknown as Members)[name]).toBe((around as unknown as Members)[name])
        expect(() => c.upgrade(() => {}, { Upgrade: 'x' })).toThrow('an upgraded connection')
        expect(() => c.hints({}, 200)).toThrow('interim')
        c.abort(reason)
        return c.text(String(around!.signal.reason === reason))
      })
    expect(await ask(outer, '/in')).toBe('200 true')
  })

  test('a synchronous mount stays synchronous', () => {
    const context = { method: 'GET', path: '/a/b', base: '', params: {}, text: (x: string) => x } as never
    const sync = router().mount('/a', (c) => c.text(`at ${c.path}`))
    expect(sync(context)).not.toBeInstanceOf(Promise)
  })

  test.each([
    ['twice', () => router().mount('/a', view).mount('/a/', view), 'There already is a route * /a/**'],
    ['below what is optional', () => router().mount('/a/:x?', view), 'nothing optional'],
    ['below a catch-all', () => router().mount('/**', view), 'nothing optional'],
    ['below an empty segment', () => router().mount('//a', view), 'nothing optional'],
    ['nothing', () => router().mount('/a', undefined as never), 'The handler of /a is a function, not undefined'],
    [
      'below a catch-all of the same prefix',
      () => router().get('/a/**:x', view).mount('/a', view),
      'The paths below /a belong to a group or mount, not to GET /a/**:x',
    ],
    [
      'when a catch-all of the same prefix comes later',
      () => router().mount('/', view).get('/:x*', view),
      'The paths below / belong to a group or mount, not to GET /:x*',
    ],
    [
      'over a guarded group',
      () =>
        router()
          .group('/a', (g) => g.use(deny))
          .mount('/a', view),
      'The paths below /a belong to a group or mount, not to * /a/**',
    ],
    [
      'over a group that is guarded later',
      () =>
        router()
          .mount('/:b', view)
          .group('/:a', (g) => g.use(deny)),
      'The paths below /:a belong to a group or mount, not to * /:b/**',
    ],
  ])('is refused %s', (_, register, message) => {
    expect(register).toThrow(message)
  })

  test('a catch-all inside of a guarded group takes what the group owns', async () => {
    const inside = router().group('/a', (g) => g.use((c, next) => next()).all('/**', view))
    expect(await ask(inside, '/a/x')).toMatch(/^200 /)
    const before = router().group('/a', (g) => g.mount('/', view).use(deny))
    expect(await ask(before, '/a/x')).toMatch(/^200 /)
    const after = router().group('/:org', (g) => g.use(deny).mount('/', view))
    expect(await ask(after, '/a/x')).toBe('401 denied')
  })

  test('lists the routes of what is mounted', () => {
    expect(
      app
        .routes()
        .map(({ method, pattern }) => `${method} ${pattern}`)
        .slice(0, 6),
    ).toEqual(['GET /api/own', 'GET /api', 'GET /api/users/:id', 'POST /api/users', '* /raw/**', 'GET /deep/er/in'])
  })
})

describe('no path walks around a guard', () => {
  const behind = router().get('/', secret).get('/users/:id', secret).all('/**:rest', secret)
  const cases: [string, Router][] = [
    ['a mount behind root middleware of a group', router().group('/admin', (g) => g.use(deny).mount('/', behind))],
    ['a mounted router with its own guard', router().mount('/admin', router().use(deny).mount('/', behind))],
    ['a group', router().group('/admin', (g) => g.use(deny).get('/', secret).all('/**:rest', secret))],
    ['a route with a guard', router().all('/admin', [deny], secret).all('/admin/**:rest', [deny], secret)],
    ['strict', router({ trailingSlash: 'strict' }).group('/admin', (g) => g.use(deny).mount('/', behind))],
    [
      'redirect',
      router({ trailingSlash: 'redirect' }).group('/admin', (g) =>
        g.use(deny).get('/', secret).get('/users/:id', secret),
      ),
    ],
    [
      'nested',
      router().mount(
        '/',
        router().group('/admin', (g) => g.use(deny).mount('/users', behind)),
      ),
    ],
  ]
  test.each(cases)('%s', async (_, app) => {
    app.get('/public', (c) => c.text('public'))
    expect(escapes.length).toBeGreaterThan(400)
    const answers = new Set<string>()
    for (const path of escapes)
      for (const method of ['GET', 'OPTIONS', 'admin']) answers.add(overMemory(app, method, path).content)
    expect(answers).toContain('denied')
    expect(answers).toContain('public')
    expect([...answers].join()).not.toContain('secret')
    const server = await start(app)
    for (const path of ['/admin', '/admin/', '/admin/users/7', '/a/../admin/users/7', '/%61dmin/users/7'])
      expect([path, (await send(server, 'GET', path)).status]).toEqual([path, 401])
  })
})

// CVE-2025-29927 and its like: other servers are steered by these
test('no field of the request walks around a guard, or stands for another method or path', async () => {
  const app = router()
    .group('/admin', (g) => g.use(deny).all('/**:rest', secret))
    .get('/public', (c) => c.text('public'))
  const server = await start(app)
  const fields = [
    'X-Middleware-Subrequest: middleware:middleware:middleware:middleware:middleware',
    'X-HTTP-Method-Override: DELETE',
    'X-Method-Override: DELETE',
    'X-Original-URL: /public',
    'X-Rewrite-URL: /public',
    'X-Forwarded-Prefix: /public',
    'X-Forwarded-Host: localhost',
    'X-Forwarded-For: 127.0.0.1',
  ]
  expect((await send(server, 'GET', '/admin/x', fields)).status).toBe(401)
  const swapped = fields.map((field) => field.replace('/public', '/admin/x'))
  expect((await send(server, 'GET', '/public', swapped)).content.toString()).toBe('public')
})

describe('notFound', () => {
  const app = router()
    .use(async (_, next) => {
      const reply = await next()
      reply.headers.set('x-root', '1')
      return reply
    })
    .notFound((c) => c.json({ missing: c.path }, 404))
    .get('/known', view)
    .group('/shop', (shop) => shop.notFound(async (c) => c.text('no such thing', 404)).get('/thing', view))
    .mount(
      '/own',
      router().notFound((c) => c.text(`not below ${c.base}`, 410)),
    )

  test.each([
    ['GET', '/none', '404 {"missing":"/none"}'],
    ['PUT', '/known', '405 Method Not Allowed'],
    ['GET', '/shop', '404 no such thing'],
    ['GET', '/shop/none', '404 no such thing'],
    ['GET', '/shop/thing', '200 |/shop/thing|{}'],
    ['GET', '/shops', '404 {"missing":"/shops"}'],
    ['GET', '/own/x', '410 not below /own'],
    ['GET', '/%zz', '400 Bad Request'],
  ])('%s %s is %s', async (method, target, answer) => {
    const reply = await send(await start(app), method, target)
    expect(`${reply.status} ${reply.content.toString()}`).toBe(answer)
    expect(reply.headers.get('x-root')).toBe('1')
  })
})

describe('c.route', () => {
  const routes: string[] = []
  const shop = router().get('/', view).get('/items/:id(\\d+)', view).mount('/more', router().get('/:page?', view))
  const app = router()
    .use((c, next) => {
      const reply = next()
      routes.push(c.route)
      return reply
    })
    .get('/literal', view)
    .get('/files/:path*', view)
    .group('/admin', (admin) => admin.use((_, next) => next()).get('/:any', view))
    .mount('/shops/:shop', shop)
    .mount('/raw', view)

  test.each([
    ['GET', '/literal', '/literal'],
    ['HEAD', '/literal/', '/literal'],
    ['GET', '/files/a/b', '/files/:path*'],
    ['GET', '/admin/x', '/admin/:any'],
    ['GET', '/admin/x/y', ''],
    ['GET', '/shops/a', '/shops/:shop'],
    ['GET', '/shops/a/items/7', '/shops/:shop/items/:id(\\d+)'],
    ['GET', '/shops/a/more/2', '/shops/:shop/more/:page?'],
    ['GET', '/shops/a/none', '/shops/:shop'],
    ['GET', '/raw/x', '/raw'],
    ['GET', '/none', ''],
    ['POST', '/literal', ''],
  ])('%s %s is "%s"', (method, target, route) => {
    overMemory(app, method, target)
    expect(routes.at(-1)).toBe(route)
  })
})
