import { compose } from '@spillway/middleware'
import { compression } from '@spillway/middleware/compression'
import { logger } from '@spillway/middleware/logger'
import { type Router, router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'

export const app: Router = router()
  .use(compose(logger(), compression()))
  .get('/api/time', (c) => c.json({ now: new Date().toISOString() })) // a script
  .get('/api/books/:id', (c) => c.json({ id: c.params.id })) // `id` is known from the pattern
  .get('/:path*', staticFiles('public')) // a file
