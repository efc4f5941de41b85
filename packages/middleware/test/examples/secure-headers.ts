import { type Router, router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'

export const app: Router = router()
  .use(secureHeaders({ csp: { 'img-src': "'self' https://images.example" } }))
  .get('/', (c) => c.html(`<script nonce="${c.state.nonce}">console.log('runs')</script>`))
