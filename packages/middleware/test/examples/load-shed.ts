import { health } from '@spillway/middleware/health'
import { loadShed } from '@spillway/middleware/load-shed'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router()
  .get('/live', health()) // before loadShed, so that an overloaded server is not restarted
  .use(loadShed({ delay: 200, concurrency: 1000 }))
  .get('/', (c) => c.text('in time'))
