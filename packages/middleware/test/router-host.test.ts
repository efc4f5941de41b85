import type { Context, Reply } from '@spillway/core'
import { type Middleware, defineMiddleware } from '@spillway/middleware'
import { type Router, router } from '@spillway/middleware/router'
import { describe, expect, test } from 'vitest'
import { escapes } from './path-tricks.ts'
import { ask } from './memory.ts'

const deny: Middleware = (c) => c.text('denied', 401)
const named =
  (name: string) =>
  (c: Context<any, any>): Reply =>
    c.text(`${name} ${c.path}`)

describe('hosts', () => {
  const app = router()
    .get('/', named('any'))
    .host('api.example.com', (api) => api.get('/', named('api')).group('/v1', (v1) => v1.get('/:id', named('v1'))))
    .host('*.Example.com', (sub) => sub.get('/', named('sub')))
    .host('[::1]', (v6) => v6.mount('/', named('v6')))

  test.each([
    ['api.example.com', '/', '200 api /'],
    ['api.example.com:8080', '/', '200 api /'],
    ['API.Example.COM', '/', '200 api /'],
    ['api.example.com.', '/', '200 api /'],
    ['api.example.com.:80', '/v1/7', '200 v1 /v1/7'],
    ['other', 'http://api.example.com:99/', '200 api /'],
    ['api.example.com', 'http://other/', '200 any /'],
    ['api.example.com', '/none', '404 Not Found'],
    ['www.example.com', '/', '200 sub /'],
    ['www.example.com:1', '/v1/7', '404 Not Found'],
    ['a.b.example.com', '/', '200 any /'],
    ['example.com', '/', '200 any /'],
    ['.example.com', '/', '200 any /'],
    ['xapi.example.com.evil', '/', '200 any /'],
    ['[::1]:3000', '/x', '200 v6 /x'],
    ['127.0.0.1', '/', '200 any /'],
    ['', '/', '200 any /'],
  ])('Host: %s, target %s is %s', (host, target, answer) => {
    const { status, content } = ask(app, 'GET', target, host)
    // the parser refuses some of these before
    expect(status === 400 ? answer : `${status} ${content}`).toBe(answer)
  })

  test('no spelling of host or path walks around its guard', () => {
    const guarded = router()
      .get('/**:path', named('public'))
      .host('admin.example.com', (admin) => admin.use(deny).mount('/', named('secret')))
    const hosts = ['admin.example.com', 'ADMIN.example.com:1', 'admin.example.com.', 'x', 'admin.example.com@x', '']
    const answers = new Map<string, Set<string>>()
    for (const host of hosts) {
      const seen = new Set<string>()
      for (const path of escapes) seen.add(ask(guarded, 'GET', path, host).content.split(' ')[0]!)
      answers.set(host, seen)
    }
    for (const [host, seen] of answers) expect([host, ...seen].join()).not.toContain('secret')
    expect(answers.get('ADMIN.example.com:1')).toContain('denied')
    expect(ask(guarded, 'GET', '/x', 'ADMIN.example.com:1').status).toBe(401)
    expect(ask(guarded, 'GET', '/x', 'admin.example.com.').status).toBe(401)
  })

  test('stand behind the middleware of the router, whose state they see', () => {
    const auth = defineMiddleware<{ user: string }>((c, next) => {
      c.state.user = 'ali'
      return next()
    })
    const typed = router()
      .use(auth)
      .host('a', (a) => a.notFound((c) => c.text(`${c.state.user} is lost`, 404)))
    expect(ask(typed, 'GET', '/x', 'a')).toMatchObject({ status: 404, content: 'ali is lost' })
    expect(ask(typed, 'GET', '/x', 'b')).toMatchObject({ status: 404, content: 'Not Found' })
  })

  test('are listed with their names', () => {
    expect(app.routes()).toEqual([
      { method: 'GET', pattern: '/' },
      { method: 'GET', pattern: '/', host: 'api.example.com' },
      { method: 'GET', pattern: '/v1/:id', host: 'api.example.com' },
      { method: 'GET', pattern: '/', host: '*.example.com' },
      { method: '*', pattern: '/**', host: '[::1]' },
    ])
  })

  test.each(['', 'a:80', 'a b', 'http://a', 'a.*.b', '*', 'a/', 'a.', 'é.example'])('refuses the name %j', (name) => {
    expect(() => router().host(name, () => {})).toThrow('Not a host name')
  })

  test('refuses a second tree for a host', () => {
    expect(() =>
      router()
        .host('a', () => {})
        .host('A', () => {}),
    ).toThrow('There already are routes for the host a')
  })
})

const build = (trailingSlash: 'ignore' | 'redirect' | 'strict'): Router =>
  router({ trailingSlash })
    .get('/', named('root'))
    .get('/a', named('a'))
    .get('/dir/', named('dir'))
    .get('/u/:id', named('user'))
    .post('/u/:id', named('posted'))
    .get('/files/:path*', named('files'))
    .group('/g', (g) => g.get('/', named('group')))
    .group('/guarded', (g) => g.use(deny).get('/x', named('secret')))
    .mount('/m', router({ trailingSlash }).get('/', named('mounted')).get('/y', named('inner')))
    .get('/s/*', named('one'))

describe('a slash at the end', () => {
  test.each([
    // path, then the answers: ignore, redirect, strict
    ['GET /', '200 root /', '200 root /', '200 root /'],
    ['GET /a', '200 a /a', '200 a /a', '200 a /a'],
    ['GET /a/', '200 a /a/', '308 /a', '404'],
    ['GET /%61/?x=1&y=//z', '200 a /%61/', '308 /a?x=1&y=//z', '404'],
    ['GET /dir', '200 dir /dir', '308 /dir/', '404'],
    ['GET /dir/', '200 dir /dir/', '200 dir /dir/', '200 dir /dir/'],
    ['POST /u/7/', '200 posted /u/7/', '308 /u/7', '404'],
    ['HEAD /u/7/', '200', '308 /u/7', '404'],
    ['DELETE /u/7/', '405', '405', '404'],
    ['GET /u/a%2Fb%5C/', '200 user /u/a%2Fb%5C/', '308 /u/a%2Fb%5C', '404'],
    ['GET /files/x/', '200 files /files/x/', '200 files /files/x/', '200 files /files/x/'],
    ['GET /g', '200 group /g', '200 group /g', '200 group /g'],
    ['GET /g/', '200 group /g/', '308 /g', '404'],
    ['GET /guarded/x/', '401', '401', '401'],
    ['GET /m', '200 mounted /', '200 mounted /', '200 mounted /'],
    ['GET /m/y/', '200 inner /y/', '308 /m/y', '404'],
    ['GET //a/', '404', '404', '404'],
  ])('%s is %s, or redirected %s, or strictly %s', (request, ...answers) => {
    const [method, target] = request.split(' ') as [string, string]
    const seen = (['ignore', 'redirect', 'strict'] as const).map((policy) => {
      const { status, content, location } = ask(build(policy), method, target, 'h')
      return status === 200 && content ? `200 ${content}` : status === 308 ? `308 ${location}` : `${status}`
    })
    expect(seen).toEqual(answers)
  })

  test('no redirect leads to another host', () => {
    const app = router({ trailingSlash: 'redirect' })
      .get('/:a', named('a'))
      .get('/:a/:b', named('b'))
      .get('/:a/:b/:c', named('c'))
      .group('/:org', (g) => g.mount('/', router({ trailingSlash: 'redirect' }).get('/:a', named('a'))))
    const evil = ['//evil/', '///evil/', '/%2fevil/', '/\\evil/', '/%5cevil/', '//evil/%2e%2e/', '/.//evil/', '//e/v/']
    const paths = [...evil, ...escapes.map((path) => path.replaceAll('admin', 'evil').replace(/(?=\?|$)/, '/'))]
    let redirects = 0
    for (const path of paths) {
      const { status, location } = ask(app, 'GET', path, 'h')
      if (status !== 308) continue
      redirects++
      expect([path, new URL(location!, 'http://h/').host]).toEqual([path, 'h'])
      expect(location).not.toMatch(/^\/[/\\]|[\s\\]/)
    }
    expect(redirects).toBeGreaterThan(50)
  })

  test('strict lets a catch-all have what is left', () => {
    const app = router({ trailingSlash: 'strict' }).get('/a', named('a')).get('/**:path', named('rest'))
    expect(ask(app, 'GET', '/a/', 'h').content).toBe('rest /a/')
    expect(ask(app, 'GET', '/a', 'h').content).toBe('a /a')
  })
})

describe('registration', () => {
  const text = named('x')
  test.each([
    ['the same shape', () => router().get('/u/:id', text).get('/u/:name', text), 'already is a route GET /u/:id'],
    ['another slash', () => router().get('/u', text).get('/u/', text), 'already is a route GET /u'],
    [
      'a group and a route',
      () =>
        router()
          .get('/g', text)
          .group('/g', (g) => g.get('/', text)),
      'already is a route',
    ],
    ['a method that is none', () => router().on('GE T', '/u', text), 'Not a method: "GE T"'],
  ])('refuses %s', (_, register, message) => {
    expect(register).toThrow(message)
  })

  test('keeps apart what takes other paths', () => {
    expect(() =>
      router()
        .get('/u/:id(\\d+)', text)
        .get('/u/:id', text)
        .get('/u/:id([a-z]+)', text)
        .get('/f/:p*', text)
        .get('/f/x', text)
        .post('/u/:name', text),
    ).not.toThrow()
  })
})
