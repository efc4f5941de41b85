import { serve } from '@spillway/core'
import { defineMiddleware } from '@spillway/middleware'
import { router } from '@spillway/middleware/router'
import { expect, expectTypeOf, test } from 'vitest'

interface User {
  id: string
}

const auth = defineMiddleware<{ user: User }>((c, next) => {
  c.state.user = { id: '1' }
  return next()
})

// Each call is type-checked; none of it needs to run.
const compiles = (...calls: (() => unknown)[]): number => calls.length

test('a mounted router names what it needs', () => {
  expect.assertions(0)
  const inner = router<{ user: User }, '/orgs/:org'>().get('/:id', (c) => {
    expectTypeOf(c.params).toExtend<{ org: string; id: string }>()
    return c.text(c.state.user.id + c.params.org + c.params.id)
  })
  compiles(() => router().use(auth).mount('/orgs/:org', inner))
  compiles(() =>
    router()
      .use(auth)
      .group('/orgs/:org', (g) => g.mount('/x', inner)),
  )
  compiles(() =>
    router()
      .mount('/x', router())
      .mount('/:y', (c) => c.text(c.params.y)),
  )
  // @ts-expect-error the state it needs is not there
  compiles(() => router().mount('/orgs/:org', inner))
  // @ts-expect-error the parameter it needs is not there
  compiles(() => router().use(auth).mount('/orgs', inner))
  // @ts-expect-error nor is any of it at the root
  compiles(() => serve(inner))
})

test('hosts, and replies to what is missing, see the state so far', () => {
  expect.assertions(0)
  compiles(() =>
    router()
      .use(auth)
      .notFound((c) => c.text(c.state.user.id))
      .host('a', (a) => a.get('/', (c) => c.text(c.state.user.id)))
      .group('/g', (g) => g.notFound((c) => c.text(c.state.user.id))),
  )
  // @ts-expect-error state not provided
  compiles(() => router().notFound((c) => c.text(c.state.user.id)))
  // @ts-expect-error state not provided
  compiles(() => router().host('a', (a) => a.get('/', (c) => c.text(c.state.user.id))))
})
