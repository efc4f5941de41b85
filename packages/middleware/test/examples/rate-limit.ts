import { problems } from '@spillway/middleware/problem'
import { rateLimit } from '@spillway/middleware/rate-limit'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router()
  .use(problems(), rateLimit({ limit: 100, windowSeconds: 60 }))
  .get('/', (c) => c.text('100 a minute'))
  .post('/login', [rateLimit({ name: 'login', limit: 5, windowSeconds: 300 })], (c) =>
    c.text('and 5 of these in five minutes'),
  )
