import { jwt } from '@spillway/middleware/jwt'
import { type Router, router } from '@spillway/middleware/router'

const secret = new TextEncoder().encode(process.env['JWT_SECRET'] ?? 'for development only, 32 bytes or more')

export const app: Router = router()
  .use(jwt({ key: secret, algorithms: ['HS256'], issuer: 'https://login.example', audience: 'books' }))
  .get('/', (c) => c.text(`Hello, ${c.state.claims.sub}`))
