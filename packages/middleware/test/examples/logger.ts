import { logger } from '@spillway/middleware/logger'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router()
  .use(logger({ format: 'json', write: (line) => process.stderr.write(line) }))
  .get('/', (c) => c.text('seen'))
