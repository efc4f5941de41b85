import { basicAuth, bearerAuth, sameText } from '@spillway/middleware/auth'
import { type Router, router } from '@spillway/middleware/router'

const password = process.env['ADMIN_PASSWORD'] ?? 'for development only'
const owners = new Map([['token-of-the-build', 'build']])

const person = basicAuth({
  realm: 'admin',
  verify: (name, given) => (name === 'admin' && sameText(given, password) ? { name } : undefined),
})
const machine = bearerAuth({ verify: (token) => owners.get(token) })

export const app: Router = router()
  .group('/admin', (admin) => admin.use(person).get('/', (c) => c.text(`Hello, ${c.state.user.name}`)))
  .group('/api', (api) => api.use(machine).get('/', (c) => c.text(`Hello, ${c.state.user}`)))
