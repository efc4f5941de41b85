import { type Router, router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'

export const app: Router = router()
  .get('/api/time', (c) => c.json({ now: Date.now() }))
  .get('/assets/:path*', staticFiles('public/assets', { cacheControl: 'public, max-age=31536000, immutable' }))
  .get('/:path*', staticFiles('public', { precompressed: true, fallback: 'index.html', notFound: '404.html' }))
