import { fileURLToPath } from 'node:url'
import { compression } from '@spillway/middleware/compression'
import { health } from '@spillway/middleware/health'
import { router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'
import { staticFiles } from '@spillway/middleware/static'

const app = router()
  .use(secureHeaders(), compression())
  .get('/live', health())
  .get(
    '/:path*',
    staticFiles(fileURLToPath(new URL('../public', import.meta.url)), { notFound: '404.html', cleanUrls: true }),
  )

export default app
