import { logger } from '@spillway/middleware/logger'
import { requestId } from '@spillway/middleware/request-id'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router()
  .use(logger({ format: 'json' }), requestId({ trusted: ['127.0.0.1'] }))
  .get('/', (c) => c.text(`This is request ${c.state.requestId}`))
