import { defineMiddleware } from '@spillway/middleware'
import { type Router, router } from '@spillway/middleware/router'

const auth = defineMiddleware<{ user: string }>((c, next) => {
  if (c.headers.get('authorization') !== 'Bearer sesame') return c.text('Who are you?', 401)
  c.state.user = 'Ali'
  return next()
})

export const app: Router = router()
  .group('/admin', (admin) => admin.use(auth).get('/users', (c) => c.text(`Hello, ${c.state.user}`)))
  .bypass('/admin', (open) => open.get('/admin/login', (c) => c.text('Name and password, please')))
  .get('/:page', (c) => c.text(c.params.page))
