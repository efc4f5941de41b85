import { cors } from '@spillway/middleware/cors'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router().group('/api', (api) =>
  api
    .use(cors({ origins: ['https://app.example'], credentials: true, exposeHeaders: ['X-Total'] }))
    .get('/books', (c) => c.json(['TCP/IP Illustrated'], { headers: { 'X-Total': '1' } }))
    .put('/books', (c) => c.empty()),
)
