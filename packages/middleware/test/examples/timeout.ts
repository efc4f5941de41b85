import { setTimeout as sleep } from 'node:timers/promises'
import { type Router, router } from '@spillway/middleware/router'
import { timeout } from '@spillway/middleware/timeout'

export const app: Router = router()
  .use(timeout(100))
  .get('/slow', async (c) => {
    await sleep(60_000, undefined, { signal: c.signal }) // ends after 100 ms, and so would a fetch or a query
    return c.text('never')
  })
