import { metrics } from '@spillway/middleware/metrics'
import { type Router, router } from '@spillway/middleware/router'

const { observe, expose } = metrics()

export const app: Router = router()
  .get('/metrics', expose) // for the internal network only: see Allow and deny
  .use(observe)
  .get('/books/:id', (c) => c.text(`Book ${c.params.id}`))
