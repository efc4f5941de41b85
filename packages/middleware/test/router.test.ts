import type { Context, Reply } from '@spillway/core'
import type { Middleware } from '@spillway/middleware'
import { type Router, router } from '@spillway/middleware/router'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { send, start } from './server.ts'

const mark =
  (name: string): Middleware =>
  async (_, next) => {
    const reply = await next()
    reply.headers.append('x-through', name)
    return reply
  }
const deny: Middleware = (c) => c.text('denied', 401)
const params = (c: Context<any, any>): Reply => c.json(c.params)
const named =
  (name: string) =>
  (c: Context<any, any>): Reply =>
    c.text(`${name} ${c.method}`)

const context = (path: string) => ({ method: 'GET', path, params: {}, json: (value: unknown) => value }) as never
const sorted = (list: string | undefined) => list?.split(', ').toSorted()

/** Asks, and gives `status content` to each request in a table of requests and answers. */
async function answers(app: Router<any>, table: Record<string, string>): Promise<Record<string, string>> {
  const server = await start(app)
  const seen: Record<string, string> = {}
  for (const request of Object.keys(table)) {
    const [method = '', target = ''] = request.split(' ')
    const { status, content } = await send(server, method, target)
    seen[request] = `${status} ${content.toString()}`.trim()
  }
  return seen
}

describe('matching', () => {
  test('says the same of a path below a catch-all however often it is asked for', async () => {
    const seen: string[] = []
    const app = router().get('/files/:area/**:path', (c) => {
      seen.push(JSON.stringify(c.params))
      // What one handler does to its parameters is not for the next.
      c.params['path' as never] = 'changed' as never
      return c.text(c.route)
    })
    const server = await start(app)
    for (const target of ['/files/a%20b/c/d%2Fe', '/files/%61/b', '/files/a/b', '/files/a/b/'])
      for (let i = 0; i < 3; i++)
        expect((await send(server, 'GET', target)).content.toString()).toBe('/files/:area/**:path')
    const each = [
      { area: 'a b', path: 'c/d%2Fe' },
      { area: 'a', path: 'b' },
      { area: 'a', path: 'b' },
      { area: 'a', path: 'b' },
    ]
    expect(seen.map((text) => JSON.parse(text))).toEqual(each.flatMap((one) => [one, one, one]))
  })

  test('a route that is added later takes its paths from a catch-all', async () => {
    const app = router().get('/files/**:path', named('rest'))
    const server = await start(app)
    const ask = async (): Promise<string> => (await send(server, 'GET', '/files/a')).content.toString()
    expect([await ask(), await ask()]).toEqual(['rest GET', 'rest GET'])
    app.get('/files/:one', named('one'))
    expect([await ask(), await ask()]).toEqual(['one GET', 'one GET'])
    app.group('/files/a', (routes) => routes.use(deny).get('/b', named('b')))
    expect([await ask(), await ask()]).toEqual(['denied', 'denied'])
  })

  test('takes the route that fits best, whatever the order', async () => {
    const app = router()
      .get('/**:path', named('rest'))
      .get('/users/:id', named('user'))
      .post('/users/me', named('me'))
      .get('/users/me', named('me'))
      .get('/users/:id(\\d+)', named('number'))
      .all('/any', named('any'))
      .get('/', named('root'))
    const table = {
      'GET /': '200 root GET',
      'GET /users/me': '200 me GET',
      'POST /users/me': '200 me POST',
      'GET /users/7': '200 number GET',
      'GET /users/ann': '200 user GET',
      'GET /users/ann/': '200 user GET',
      'GET /users/me/': '200 me GET',
      'GET /a/b': '200 rest GET',
      'PURGE /any': '200 any PURGE',
      'GET /any?x=/users/me': '200 any GET',
      'GET http://other/users/me': '200 me GET',
    }
    expect(await answers(app, table)).toEqual(table)
  })

  test('gives decoded parameters', async () => {
    const app = router()
      .get('/one/:id', params)
      .get('/opt/:id?', params)
      .get('/files/:path*', params)
      .get('/more/**:path', params)
      .get('/mix/:name.:ext', params)
    const table = {
      'GET /one/a%20b%2Fc': '200 {"id":"a b/c"}',
      'GET /one/%252F': '200 {"id":"%2F"}',
      'GET /one/__proto__': '200 {"id":"__proto__"}',
      'GET /opt': '200 {}',
      'GET /opt/x': '200 {"id":"x"}',
      'GET /files': '200 {}',
      'GET /files/a/b%20c': '200 {"path":"a/b c"}',
      'GET /more/a/..%2F..%2Fetc': '200 {"path":"a/..%2F..%2Fetc"}',
      'GET /more/a/%2e%2e/b': '200 {"path":"b"}',
      'GET /mix/a.b.c': '200 {"name":"a","ext":"b.c"}',
    }
    expect(await answers(app, table)).toEqual(table)
  })

  test('reads one path, however it is spelled', async () => {
    const app = router().get('/admin/x', named('secret')).get('/caf\u00e9', named('café')).get('/a\\:b', named('colon'))
    const table = {
      'GET /%61dmin/x': '200 secret GET',
      'GET /public/../admin/x': '200 secret GET',
      'GET /public/%2e%2E/admin/./x': '200 secret GET',
      'GET /caf%c3%a9': '200 café GET',
      'GET /a%3Ab': '200 colon GET',
      'GET //admin/x': '404 Not Found',
      'GET /admin//x': '404 Not Found',
      'GET /admin%2Fx': '404 Not Found',
      'GET /admin%5Cx': '404 Not Found',
      'GET /admin;/x': '404 Not Found',
      'GET /ADMIN/x': '404 Not Found',
      'GET /admin/x%00': '400 Bad Request',
      'GET /admin/%zz': '400 Bad Request',
      'GET /admin/%ff': '400 Bad Request',
    }
    expect(await answers(app, table)).toEqual(table)
  })

  test('any text arrives as the parameter it was sent as', async () => {
    const app = router().get('/u/:id', params)
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((id) => !/^\.\.?$|\0/.test(id))
    fc.assert(
      fc.property(text, (id) => {
        expect({ ...(app(context(`/u/${encodeURIComponent(id)}`)) as object) }).toEqual({ id })
      }),
    )
  })
})

// CVE-2024-45296, CVE-2024-45813
test.each(['/:a-:b-:c-:d', '/:a.:b.:c/:d-:e-:f', '/x/:a(\\d+)-:b(\\d+)-:c(\\d+)'])(
  '%s is matched without backtracking',
  async (pattern) => {
    const server = await start(router().get(pattern, (c) => c.text('found')))
    for (const piece of ['-', '.', 'a-', '1-', '1'])
      for (const prefix of ['/', '/x/'])
        expect((await send(server, 'GET', `${prefix}${piece.repeat(7000 / piece.length)}/%0a`)).status).toBe(404)
  },
)

/** Which of the last characters is an `a`, two states for each of them. */
const kept = (count: number): string => `/:id([ab]*a[ab]{${count}})`

test('a constraint of too many states is found when it is registered, not by whoever asks for the right paths', () => {
  expect(() => router().get(kept(9), (c) => c.empty())).not.toThrow()
  for (const pattern of [kept(11), `${kept(11)}.:ext`, `/x-${kept(11).slice(1)}`])
    expect(() => router().get(pattern as '/', (c) => c.empty())).toThrow(/too large/)
})

describe('methods', () => {
  const app = router()
    .get('/both', named('get'))
    .post('/both', named('post'))
    .head('/own', (c) => c.empty({ status: 200, headers: { 'x-own': 'head' } }))
    .get('/own', named('get'))
    .get('/later', named('get'))
    .head('/later', (c) => c.empty({ status: 200, headers: { 'x-own': 'head' } }))
    .options('/asked', named('options'))
    .put('/asked', named('put'))
    .on(['PROPFIND', 'REPORT'], '/dav', named('dav'))

  test.each([
    ['OPTIONS', '/both', 204, 'GET, POST, HEAD, OPTIONS'],
    ['DELETE', '/both', 405, 'GET, POST, HEAD, OPTIONS'],
    ['get', '/both', 405, 'GET, POST, HEAD, OPTIONS'],
    ['PATCH', '/dav', 405, 'PROPFIND, REPORT, OPTIONS'],
    ['GET', '/asked', 405, 'OPTIONS, PUT'],
    ['OPTIONS', '*', 204, 'GET, POST, HEAD, OPTIONS, PUT, PROPFIND, REPORT'],
    ['OPTIONS', '/none', 404, undefined],
    ['BREW', '/none', 404, undefined],
  ])('%s %s is %i, Allow: %s', async (method, target, status, allow) => {
    const reply = await send(await start(app), method, target)
    expect(reply.status).toBe(status)
    expect(sorted(reply.headers.get('allow'))).toEqual(sorted(allow))
    expect(reply.content.length === 0).toBe(status === 204)
  })

  test('HEAD is GET without content, unless there is a route for it', async () => {
    const server = await start(app)
    const [head, get] = [await send(server, 'HEAD', '/both'), await send(server, 'GET', '/both')]
    expect(head.status).toBe(200)
    expect(head.content).toHaveLength(0)
    expect([...head.headers.keys()]).toEqual([...get.headers.keys()])
    expect((await send(server, 'HEAD', '/own')).headers.get('x-own')).toBe('head')
    expect((await send(server, 'HEAD', '/later')).headers.get('x-own')).toBe('head')
    expect((await send(server, 'OPTIONS', '/asked')).content.toString()).toBe('options OPTIONS')
  })

  test('HEAD of a specific route is not taken by a catch-all for every method', async () => {
    const reply = await send(
      await start(
        router()
          .get('/x', (c) => c.text('four'))
          .all('/**', deny as never),
      ),
      'HEAD',
      '/x',
    )
    expect(reply.headers.get('content-length')).toBe('4')
  })
})

describe('middleware', () => {
  const app = router()
    .get('/before', named('before'))
    .use(mark('root'))
    .get('/after', [mark('route')], named('after'))
    .group('/api', (api) =>
      api
        .bypass('/:org', (open) => open.get('/open', named('open')))
        .use(mark('api'))
        .group('/:org', (org) => org.use(mark('org')).get('/:id', params).get('/', named('org'))),
    )
    .bypass(['/api', '/api/:org'], (open) => open.get('/api/outside', named('outside')))

  test.each([
    ['GET', '/before', 200, undefined],
    ['GET', '/after', 200, 'route, root'],
    ['GET', '/api/open', 200, 'root'],
    ['GET', '/api/o/7', 200, 'org, api, root'],
    ['GET', '/api/o', 200, 'org, api, root'],
    ['GET', '/api/outside', 200, 'root'],
    // replies of the router itself go through the node the path belongs to
    ['GET', '/none', 404, 'root'],
    ['GET', '/api', 404, 'api, root'],
    ['GET', '/api/o/7/8', 404, 'org, api, root'],
    ['PUT', '/api/o/7', 405, 'org, api, root'],
    ['OPTIONS', '/api/o/7', 204, 'org, api, root'],
    ['OPTIONS', '/api/outside', 204, 'root'],
    ['OPTIONS', '*', 204, 'root'],
    ['GET', '/%zz', 400, 'root'],
  ])('%s %s is %i through %s', async (method, target, status, through) => {
    const reply = await send(await start(app), method, target)
    expect({ status: reply.status, through: reply.headers.get('x-through') }).toEqual({ status, through })
  })

  test('a guard of a group stands in front of everything below it', async () => {
    const guarded = router()
      .get('/', named('root'))
      .get('/**:path', named('public'))
      .group('/admin', (g) =>
        g.use(deny).get('/', named('secret')).get('/users/:id', named('secret')).post('/x', named('secret')),
      )
    const server = await start(guarded)
    const piece = fc.constantFrom(
      '/',
      '//',
      '/./',
      '/../',
      '%2f',
      '%5c',
      'admin',
      '%61dmin',
      'Admin',
      'users',
      '7',
      'x',
      ';',
      '%2e',
      '.',
    )
    const paths = fc
      .sample(fc.array(piece, { maxLength: 8 }), { numRuns: 150, seed: 7 })
      .map((pieces) => `/${pieces.join('')}`)
    for (const path of paths) {
      for (const method of ['GET', 'POST']) {
        const { content } = await send(server, method, path)
        expect(`${method} ${path}: ${content.toString()}`).not.toContain('secret')
      }
    }
    for (const path of ['/admin', '/admin/', '/admin/users/7', '/x/../admin/users/7', '/%61dmin/users/7'])
      expect(await send(server, 'GET', path)).toMatchObject({ status: 401 })
    for (const method of ['GET', 'POST', 'OPTIONS', 'PUT', 'BREW'])
      expect(await send(server, method, '/admin/none')).toMatchObject({ status: 401 })
  })
})

describe('registration', () => {
  const text = named('x')
  test.each([
    ['a route that is there', () => router().get('/a', text).get('/a', text), 'There already is a route GET /a'],
    [
      'a pattern without a slash',
      () => router().get('a' as '/a', text),
      'A pattern begins with a slash: "/a", not "a"',
    ],
    ['a pattern that is no text', () => router().get(/a/ as unknown as '/a', text), 'A pattern is text, not /a/'],
    [
      'a group without a slash',
      () => router().group('a' as '/a', () => {}),
      'A pattern begins with a slash: "/a", not "a"',
    ],
    [
      'no handler',
      () => router().get('/a', undefined as never),
      'The handler of /a is a function, not undefined: does what it is imported from export that name?',
    ],
    ['a pattern without meaning', () => router().get('/:a/:a', text), 'duplicate param name "a"'],
  ])('refuses %s', (_, register, message) => {
    expect(register).toThrow(message)
  })

  test('lists the routes', () => {
    const app = router()
      .get('/', text)
      .group('/api', (g) => g.post('/:id', text).all('/x', text))
    expect(app.routes()).toEqual([
      { method: 'GET', pattern: '/' },
      { method: 'POST', pattern: '/api/:id' },
      { method: '*', pattern: '/api/x' },
    ])
  })

  test('may go on while requests come in', async () => {
    const app = router()
    const server = await start(app)
    expect(await send(server, 'GET', '/late')).toMatchObject({ status: 404 })
    app.get('/late', text)
    expect(await send(server, 'GET', '/late')).toMatchObject({ status: 200 })
  })
})
