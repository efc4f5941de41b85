import { type Router, router } from '@spillway/middleware/router'
import { trace } from '@spillway/middleware/trace'

export const app: Router = router()
  .use(trace())
  .get('/', async (c) => {
    // const prices = await fetch('http://prices.internal/', { headers: c.state.trace.fields })
    return c.text(`This is trace ${c.state.trace.traceId}`)
  })
