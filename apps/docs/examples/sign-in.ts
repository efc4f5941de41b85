import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { defineMiddleware } from '@spillway/middleware'
import { csrf } from '@spillway/middleware/csrf'
import { problem, problems } from '@spillway/middleware/problem'
import { rateLimit } from '@spillway/middleware/rate-limit'
import { type Router, router } from '@spillway/middleware/router'
import { type Session, sessions } from '@spillway/middleware/sessions'
import { z } from 'zod'

const derive = promisify<string, Buffer, number, Buffer>(scrypt)
const users = new Map<string, { salt: Buffer; hash: Buffer }>()

/** The data that the session stores. */
interface Data {
  user: string
}

const Sign = z.object({ user: z.string().min(1).max(50), password: z.string().min(8).max(200) })

const signedIn = defineMiddleware<{ user: string }, { session: Session<Data> }>((c, next) => {
  const { user } = c.state.session.data
  if (user === undefined) return problem(401)
  c.state.user = user
  return next()
})

export const app: Router = router()
  .use(problems(), csrf())
  .use(sessions<Data>({ secrets: process.env['SESSION_SECRET'] ?? 'for development only, 32 bytes or more' }))
  .post('/users', { body: Sign }, async (c) => {
    const { user, password } = c.state.valid.body
    if (users.has(user)) return problem(409)
    const salt = randomBytes(16)
    users.set(user, { salt, hash: await derive(password, salt, 32) })
    return c.empty(201)
  })
  .post('/session', { layers: [rateLimit({ name: 'sign-in', limit: 10 })], body: Sign }, async (c) => {
    const { user, password } = c.state.valid.body
    // An unknown user takes just as long to check.
    const { salt, hash } = users.get(user) ?? { salt: Buffer.alloc(16), hash: Buffer.alloc(32) }
    if (!timingSafeEqual(await derive(password, salt, 32), hash)) return problem(403)
    c.state.session.regenerate() // a new session ID on sign-in: one planted before is worthless (session fixation)
    c.state.session.data.user = user
    return c.empty()
  })
  .delete('/session', (c) => {
    c.state.session.destroy()
    return c.empty()
  })
  .group('/account', (account) => account.use(signedIn).get('/', (c) => c.json({ user: c.state.user })))
