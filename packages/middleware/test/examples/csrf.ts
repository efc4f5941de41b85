import { csrf } from '@spillway/middleware/csrf'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router()
  .use(csrf({ origins: ['https://admin.example'] }))
  .post('/transfer', (c) => c.text('done'))
