import { type Middleware, defineMiddleware } from '@spillway/middleware'
import { type Router, router } from '@spillway/middleware/router'

const timing: Middleware = async (c, next) => {
  const started = performance.now()
  const reply = await next()
  reply.headers.set('Server-Timing', `app;dur=${performance.now() - started}`)
  return reply
}

const auth = defineMiddleware<{ user: { name: string } }>((c, next) => {
  if (c.headers.get('authorization') !== 'Bearer sesame') return c.text('Who are you?', 401)
  c.state.user = { name: 'Ali' }
  return next()
})

export const app: Router = router()
  .use(timing)
  .get('/', (c) => c.text('open to everybody'))
  .group('/account', (account) =>
    account
      .use(auth) // a guard in front of everything below /account
      .get('/', (c) => c.text(`Hello, ${c.state.user.name}`)),
  )
