import { type Context, serve } from '@spillway/core'
import { type Middleware, compose, defineMiddleware, wrap } from '@spillway/middleware'
import { router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'
import { expect, expectTypeOf, test } from 'vitest'

interface User {
  id: string
  admin: boolean
}

const auth = defineMiddleware<{ user: User }>((c, next) => {
  if (!c.headers.get('authorization')) return c.text('no', 401)
  c.state.user = { id: '1', admin: true }
  return next()
})
const adminOnly = defineMiddleware<{}, { user: User }>((c, next) => (c.state.user.admin ? next() : c.text('no', 403)))
const timing: Middleware = async (c, next) => {
  const reply = await next()
  reply.headers.set('server-timing', c.method)
  return reply
}

// Each call is type-checked; none of it needs to run.
const compiles = (...calls: (() => unknown)[]): number => calls.length

test('state flows from middleware to the handlers behind it', () => {
  compiles(() =>
    router()
      .use(timing, auth)
      .get('/u/:id/p/:post', (c) => {
        expectTypeOf(c.state.user).toEqualTypeOf<User>()
        expectTypeOf(c.params.id).toEqualTypeOf<string>()
        return c.json({ me: c.state.user.id, id: c.params.id, post: c.params.post })
      }),
  )
  compiles(() => router().get('/admin/:x', [auth, adminOnly], (c) => c.text(c.state.user.id + c.params.x)))
  compiles(() =>
    router()
      .use(auth)
      .use(adminOnly)
      .post('/', [timing], (c) => c.text(c.state.user.id)),
  )
  compiles(() =>
    router()
      .use(auth)
      .group('/:org', (g) => g.use(adminOnly).get('/:id', (c) => c.text(c.state.user.id + c.params.org + c.params.id))),
  )
  compiles(() => wrap([auth, adminOnly], (c) => c.text(c.state.user.id)))
})

test('a middleware in front of what it needs does not compile', () => {
  expect.assertions(0)
  // @ts-expect-error adminOnly needs user
  compiles(() => router().use(adminOnly))
  // @ts-expect-error wrong order
  compiles(() => router().use(adminOnly, auth))
  // @ts-expect-error wrong order on a route
  compiles(() => router().get('/bad', [adminOnly, auth], (c) => c.text('x')))
  // @ts-expect-error wrong order in a wrapped handler
  compiles(() => wrap([adminOnly, auth], (c) => c.text('x')))
  // @ts-expect-error the group's own middleware comes after what its parent has
  compiles(() => router().group('/a', (g) => g.use(adminOnly)))
  // @ts-expect-error state not provided
  compiles(() => router().get('/q/:id', (c) => c.text(c.state.user.id)))
  const early = router()
  // @ts-expect-error `use` changes what it returns, not what was there before
  compiles(() => [early.use(auth), early.get('/', (c) => c.text(c.state.user.id))])
})

test('parameters are those of the pattern', () => {
  expect.assertions(0)
  compiles(() => router().get('/a/:id?', (c) => c.text(expectString(c.params.id ?? ''))))
  compiles(() => router().get('/a/**:path', (c) => c.text(expectString(c.params.path))))
  compiles(() => router().get('/a/:id(\\d+)', (c) => c.text(expectString(c.params.id))))
  compiles(() => router().on(['PUT', 'POST'], '/a/:id', (c) => c.text(expectString(c.params.id))))
  compiles(() => router().get('/native', () => new Response('web standard')))
  compiles(() => router().get('/async/:id', async (c) => c.text(c.params.id)))
  // @ts-expect-error unknown parameter
  compiles(() => router().get('/q/:id', (c) => c.text(c.params.nope)))
  // @ts-expect-error an optional parameter may be undefined
  compiles(() => router().get('/a/:id?', (c) => c.text(expectString(c.params.id))))
  // @ts-expect-error not a reply
  compiles(() => router().get('/a', () => 'text'))
})

test('compose adds up what its middleware add and need', () => {
  const both = compose(timing, auth, adminOnly)
  expectTypeOf(both).toExtend<Middleware<{ user: User }>>()
  compiles(() =>
    router()
      .use(both)
      .get('/', (c) => c.text(c.state.user.id)),
  )
  compiles(() => router().use(compose(auth)).use(compose(timing, adminOnly)))
  // @ts-expect-error the composed middleware still needs user
  compiles(() => router().use(compose(timing, adminOnly)))
})

test('a router is a handler, and files are both handler and middleware', () => {
  compiles(() =>
    serve(
      router()
        .use(auth)
        .get('/', (c) => c.text(c.state.user.id)),
    ),
  )
  compiles(() => serve(staticFiles('.')))
  compiles(() => router().use(staticFiles('.')).get('/**:path', staticFiles('.')))
  expectTypeOf(router()).toExtend<(c: Context) => unknown>()
})

function expectString(value: string): string {
  return value
}
