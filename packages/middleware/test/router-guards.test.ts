import { type Middleware, wrap } from '@spillway/middleware'
import { type Router, router } from '@spillway/middleware/router'
import { describe, expect, test } from 'vitest'
import { ask } from './memory.ts'

const deny: Middleware = (c) => c.text('denied', 401)
const named =
  (name: string) =>
  (c: { text(text: string): any }): any =>
    c.text(name)
const open = named('open')
const secret = named('secret')

const log: Middleware = (_, next) => next()
const auth: Middleware = (_, next) => next()

const guards: [string, (app: Router) => Router][] = [
  ['a group', (app) => app.group('/admin', (admin) => admin.use(deny).get('/', secret).get('/:x/:y?', secret))],
  ['a mounted router with a guard', (app) => app.mount('/admin', router().use(deny).all('/**', secret))],
  ['a wrapped handler', (app) => app.mount('/admin', wrap([deny], secret))],
  [
    'a group in a mount',
    (app) =>
      app.mount(
        '/',
        router().group('/admin', (admin) => admin.use(deny).get('/', secret)),
      ),
  ],
  ['a mount in a mount', (app) => app.mount('/', router().mount('/admin', router().mount('/', wrap([deny], secret))))],
  ['strict slashes', (app) => app.group('/%61dmin/', (admin) => admin.use(deny).get('/', secret))],
]

describe.each(guards)('%s is not walked around', (_, guard) => {
  test.each([
    '/admin',
    '/admin/*',
    '/admin/**:rest',
    '/admin/users',
    '/%61dmin/x',
    '/admin/:id(\\d+)',
    '/:x(adm.*)/y',
    '/:lang?/admin/:page',
    '/*.json',
    '/**:p/edit',
    '/:p+/feed',
    '/:p*/feed',
    '/admin{/x}?',
    '/admi:n',
  ])('by %s, whatever the order', (pattern) => {
    const before = (): Router => guard(router().get(pattern, open))
    const after = (): Router => guard(router()).on(['GET', 'PURGE'], pattern, open)
    const tables = [before, after].map(attempt)
    expect(tables[0] === undefined).toBe(tables[1] === undefined)
    for (const app of tables) expect(app ? statuses(app) : [401]).toEqual([401])
  })
})

/** Undefined for a table that is refused. */
function attempt(build: () => Router): Router | undefined {
  try {
    return build()
  } catch (error) {
    if (!/^The paths below \/(%61dmin|admin)?\/? belong to a group or mount/.test((error as Error).message)) throw error
    return undefined
  }
}

/** What is answered below `/admin`. */
function statuses(app: Router): number[] {
  const paths = ['', '/', '/users', '/7', '/y', '/a.json', '/edit', '/feed', '/x/edit', '/../admin']
  return [...new Set(paths.map((path) => ask(app, 'GET', `/admin${path}`).status))]
}

describe('a route that would walk around a guard', () => {
  test('is refused with both places', () => {
    const app = router().group('/admin', (admin) => admin.use(deny))
    expect(() => app.get('/:lang?/admin/:page', open)).toThrow(
      /GET \/:lang\?\/admin\/:page \(.*router-guards\.test\.ts:\d+:\d+\) could answer for paths of the group \/admin \(.*router-guards\.test\.ts:\d+:\d+\).*bypass\('\/admin'/,
    )
  })

  test('is taken when that is said', () => {
    const app = router()
      .group('/admin', (admin) => admin.use(deny).get('/users', secret))
      .bypass('/admin', (routes) => routes.use((_, next) => next()).get('/admin/login', open))
    expect(ask(app, 'GET', '/admin/login').content).toBe('open')
    for (const path of ['/admin/login/x', '/admin/login/..%2fusers', '/admin/users', '/admin/login;/../users'])
      expect([path, ask(app, 'GET', path).content === 'open']).toEqual([path, false])
    const other = router().group('/admin', (admin) => admin.use(deny))
    expect(() => other.bypass('/login', (routes) => routes.get('/admin/login', open))).toThrow('belong to a group')
  })

  test('is refused when the guard comes later, also in a router that is mounted already', () => {
    const inner = router()
    const app = router().mount('/x', inner).get('/:a/admin', open).get('/x/admin/login', open)
    expect(() => inner.group('/admin', (admin) => admin.use(deny))).toThrow(
      'The paths below /x/admin belong to a group or mount, not to GET /x/admin/login',
    )
    expect(ask(app, 'GET', '/y/admin').content).toBe('open')
  })

  test.each(['/**:path', '/:page', '/:a/:b', '/', '/public', '/administrator', '/*'])(
    '%s may stand beside',
    (pattern) => {
      const app = router()
        .group('/admin', (admin) => admin.use(deny).get('/', secret))
        .get(pattern, open)
      for (const path of ['/admin', '/admin/x', '/admin/x/y']) expect(ask(app, 'GET', path).status).toBe(401)
    },
  )

  test('guards of a host are for its routes alone', () => {
    const app = router()
      .host('a.example', (a) => a.group('/admin', (admin) => admin.use(deny)).get('/x', open))
      .get('/admin/x', open)
    expect(ask(app, 'GET', '/admin/x', 'a.example').status).toBe(401)
    expect(ask(app, 'GET', '/admin/x', 'b.example').content).toBe('open')
    expect(() => router().host('a', (a) => a.group('/admin', (g) => g.use(deny)).get('/admin/:x', open))).toThrow(
      '/admin',
    )
  })
})

describe('of two patterns the more specific wins, whatever the order', () => {
  test.each([
    ['/:x', '/:x/:o?', '/a', '/:x'],
    ['/:x', '/:x/:t*', '/a', '/:x'],
    ['/:x/:o?', '/:x/:t*', '/a/b', '/:x/:o?'],
    ['/:x/:t*', '/:x?/:y/:z', '/a/b', '/:x?/:y/:z'],
    ['/a/:o?', '/a/:p(\\d+)?', '/a', '/a/:p(\\d+)?'],
    ['/:x(\\d+)', '/:x([0-9a-f]+)', '/12', '/:x(\\d+)'],
    ['/:x(\\d\\d)', '/:x', '/12', '/:x(\\d\\d)'],
    ['/a:x', '/:x', '/ab', '/a:x'],
    ['/**:p/edit', '/**', '/a/edit', '/**:p/edit'],
    ['/**:p/:a/edit', '/**:p/edit', '/a/b/edit', '/**:p/:a/edit'],
    ['/**:p', '/**', '/a', '/**:p'],
    ['/:a/:b', '/:a/*', '/a/b', '/:a/:b'],
    ['/:a/b', '/a/:b', '/a/b', '/a/:b'],
  ])('%s and %s: %s is for %s', (a, b, path, winner) => {
    for (const [first, second] of [
      [a, b],
      [b, a],
    ] as const) {
      const app = router().get(first, named(first)).get(second, named(second))
      expect(ask(app, 'GET', path).content).toBe(winner)
    }
  })

  test.each([
    ['/:x(\\d+)', '/:y([1-9a-f]+)'],
    ['/:a-:b', '/:a.:b'],
    ['/**:p/:x/edit', '/**:p/a/:y'],
    ['/a/:o(\\d+)?', '/a/:p([a-z]+)?'],
    // The one that is asked first takes all that the other does.
    ['/:a/:b+', '/:c*/a/b'],
    ['/:user/:rest*', '/:path+/edit'],
    ['/:a/a', '/:b?/a/:c*'],
  ])('%s and %s are refused, for neither is', (a, b) => {
    for (const [first, second] of [
      [a, b],
      [b, a],
    ] as const)
      expect(() => router().get(first, open).get(second, open)).toThrow(/router-guards.*router-guards.*neither is more/)
    expect(() => router().get(a, open).post(b, open)).not.toThrow()
  })

  test.each([
    ['/:x/:o?', '/:y/:z?'],
    ['/u/:id(\\d+)', '/u/:n([0-9]+)'],
    ['/a b', '/a%20b'],
    ['/caf\u00e9', '/caf%c3%a9'],
    ['/%61', '/a/'],
  ])('%s and %s are the same', (a, b) => {
    expect(() => router().get(a, open).get(b, open)).toThrow('There already is a route GET')
  })
})

describe('patterns have one form', () => {
  test.each([
    ['/%61dmin', '/admin'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/caf\u00e9', '/caf%c3%a9'],
    ['/a b', '/a%20b'],
    ['/x%2fy', '/x%2Fy'],
    ['/a%2Ab', '/a*b'],
    ['/a\\*\\?b', '/a*%3Fb'],
    ['/%E2%82%AC/:id', '/%e2%82%ac/7'],
    ['/:x([a-z ]+)', '/a%20b'],
    ['/:x(\u00e9+)', '/%c3%a9'],
    ['/c++', '/c++'],
    ['/12\\:30', '/12:30'],
    ['/100%25', '/100%25'],
  ])('%s takes %s', (pattern, path) => {
    expect(ask(router().get(pattern, open), 'GET', path).content).toBe('open')
    const guarded = router().group(pattern as '/', (g) => g.use(deny))
    expect(ask(guarded, 'GET', `${path}/x`).status).toBe(401)
  })

  test.each([
    ['/bad%zz', '"%" must be followed by two hexadecimal digits'],
    ['/bad%', '"%" must be followed by two hexadecimal digits'],
    ['/%ff', 'not UTF-8'],
    ['/a/../b', 'a segment ".."'],
    ['/a/%2e', 'a segment "."'],
    ['/a%00', 'NUL'],
    ['/\ud800', 'half of a surrogate pair'],
    ['/a?', '"?" has no meaning'],
    ['/a*b', '"*" is a whole segment'],
    ['/a:', '":" has no meaning'],
    ['/:1', '":" has no meaning'],
    ['/:a/:a', 'duplicate param name "a"'],
    ['/**/x/:y*', 'more than one catch-all'],
    ['/:x(\\d', 'not closed'],
    ['/:x()', 'no constraint'],
    ['/:x(^a)', '"^" has no meaning'],
    ['/:x(a(?=b))', '"(?" is not supported'],
    ['/:x((a)\\1)', '"\\1" is not supported'],
    ['/:x(a{2,1})', 'out of order'],
    ['/:x([b-a])', 'a range has its ends in the wrong order'],
    ['/:x([a)', 'not closed'],
    ['/:x(\\.\\.?)', 'no path has a segment that its constraint allows'],
    ['/:x([^\\s\\S])', 'no path has a segment that its constraint allows'],
    ['/:x(a{999}{9})', 'has no meaning'],
    ['/:x([ab]*a[ab]{400}[ab]{400})', 'too l'],
    ['/a:b?c', '"?"'],
    ['/:x(\\d+)*', 'a whole segment without a constraint'],
    ['/{a', '"{" and "}"'],
    ['/{a}+', 'cannot be repeated'],
    [`/${'{a}?'.repeat(7)}`, 'optional'],
  ])('%j is refused', (pattern, message) => {
    expect(() => router().get(pattern, open)).toThrow(message)
    expect(() => router().group(pattern as '/', (g) => g.use(deny))).toThrow(message)
  })
})

describe('a path that others may read as a guarded one', () => {
  const app = router()
    .group('/admin', (admin) => admin.use(deny).get('/x', secret))
    .all('/login', [deny], secret)
    .get('/users/:id', open)
    .mount('/', open)

  test.each([
    '//admin/x',
    '/a/..%2fadmin',
    '/admin%2fx',
    '/x/..;/admin',
    '/%2561dmin',
    '/%5cadmin',
    '//login',
    '/login;x',
  ])('%s is 400', (path) => {
    expect(ask(app, 'GET', path).status).toBe(400)
  })

  test.each([
    '/users/a%2Fb',
    '/users/a;b',
    '/users/x%2Fadmin',
    '/a//b',
    '/img/https%3A%2F%2Fh%2Fadmin',
    '/a%25b',
    '/admin%20x',
  ])('%s is not', (path) => {
    expect(ask(app, 'GET', path).content).toBe('open')
  })
})

describe('a slash at the root of a mount', () => {
  const inner = router().get('/', open)
  test.each([
    ['strict', '/api', 200],
    ['strict', '/api/', 404],
    ['redirect', '/api', 200],
    ['redirect', '/api/', 308],
    ['ignore', '/api/', 200],
  ] as const)('%s: %s is %i, as for a group', (trailingSlash, path, status) => {
    const apps = [
      router({ trailingSlash }).mount('/api', inner),
      router().mount('/api', router({ trailingSlash }).get('/', open)),
      router({ trailingSlash }).group('/api', (api) => api.get('/', open)),
    ]
    const location = status === 308 ? '/api?a=1' : undefined
    for (const app of apps) expect(ask(app, 'GET', `${path}?a=1`)).toMatchObject({ status, location })
  })
})

describe('explain', () => {
  const app = router()
    .use(log)
    .get('/:page', open)
    .get('/**:path', open)
    .get('/about', open)
    .group('/admin', (admin) => admin.use(auth).get('/users/:id', secret))
    .mount('/api', router().use(auth).get('/', open).get('/:id(\\d+)', open))
    .host('x.example', (x) => x.get('/only', open))

  test('says who competes, who wins, and behind which layers', () => {
    const about = app.explain('GET', '/%61bout?x=1')
    expect(about).toMatchObject({ path: '/about', layers: ['log'] })
    expect(about.status).toBeUndefined()
    expect(about.routes.map(({ method, pattern }) => `${method} ${pattern}`)).toEqual([
      'GET /about',
      'GET /:page',
      'GET /**:path',
    ])
    expect(about.routes[0]!.at).toMatch(/router-guards\.test\.ts:\d+:\d+$/)
    expect(app.explain('GET', '/api/7')).toMatchObject({
      routes: [{ pattern: '/api/:id(\\d+)', layers: ['log', 'auth'] }, { pattern: '/**:path' }],
      layers: ['log', 'auth'],
    })
    expect(app.explain('GET', 'http://x.example:80/only')).toMatchObject({ routes: [{ pattern: '/only' }] })
  })

  test.each([
    ['GET', '/admin/none', 404, ['log', 'auth']],
    ['POST', '/admin/users/7', 405, ['log', 'auth']],
    ['OPTIONS', '/about', 204, ['log']],
    ['GET', '//admin/users/7', 400, ['log']],
    ['GET', '/%zz', 400, ['log']],
    ['GET', '/api/none', 404, ['log', 'auth']],
  ])('%s %s is %i', (method, target, status, layers) => {
    expect(app.explain(method, target)).toMatchObject({ status, layers })
  })

  test('routes() names the layers, too', () => {
    expect(app.routes().find(({ pattern }) => pattern === '/api')).toEqual({
      method: 'GET',
      pattern: '/api',
      layers: ['log', 'auth'],
    })
  })
})
