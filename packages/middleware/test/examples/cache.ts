import { cache } from '@spillway/middleware/cache'
import { type Router, router } from '@spillway/middleware/router'

const rates = { EUR: 1, USD: 1.09 }

export const app: Router = router()
  // public files, and every reply that says it may be kept
  .use(cache({ cacheBytes: 256 * 1024 * 1024 }))
  .get('/rates', (c) =>
    c.json(rates, {
      headers: { 'Cache-Control': 'public, max-age=60, stale-while-revalidate=600, stale-if-error=86400' },
    }),
  )
  .post('/rates', async (c) => {
    Object.assign(rates, await c.body.json())
    return c.empty()
  })
  .get('/me', (c) => c.json({ name: 'Ali' }, { headers: { 'Cache-Control': 'private' } }))
