import { cookies } from '@spillway/middleware/cookies'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router()
  .use(cookies({ secrets: process.env['COOKIE_SECRET'] ?? 'for development only, 32 bytes or more' }))
  .get('/', (c) =>
    c.text(`Theme ${c.state.cookies.get('theme') ?? 'none'}, seat ${c.state.cookies.signed.get('seat')}`),
  )
  .post('/theme/:name', (c) => {
    c.state.cookies.set('theme', c.params.name, { maxAge: 365 * 86_400 })
    c.state.cookies.signed.set('seat', '12A') // can be read by the client, but not changed
    return c.empty()
  })
