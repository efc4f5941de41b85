import { type Router, router } from '@spillway/middleware/router'
import { sessions } from '@spillway/middleware/sessions'

interface Data {
  user: string
  cart: string[]
}

export const app: Router = router()
  .use(sessions<Data>({ secrets: process.env['SESSION_SECRET'] ?? 'for development only, 32 bytes or more' }))
  .post('/cart/:item', (c) => {
    const { data } = c.state.session
    data.cart = [...(data.cart ?? []), c.params.item]
    return c.json(data.cart)
  })
  .post('/login/:user', (c) => {
    c.state.session.regenerate() // after a log-in the session gets a new id and keeps its cart
    c.state.session.data.user = c.params.user
    return c.json(c.state.session.data)
  })
  .post('/logout', (c) => {
    c.state.session.destroy()
    return c.empty()
  })
