import { logger } from '@spillway/middleware/logger'
import { router } from '@spillway/middleware/router'

export const app = router()
  .use(logger({ format: 'json', write: (line) => process.stderr.write(line) }))
  .get('/', (c) => c.text('seen'))
