import { health } from '@spillway/middleware/health'
import { problems } from '@spillway/middleware/problem'
import { router } from '@spillway/middleware/router'

const app = router()
  .use(problems())
  .get('/live', health())
  .get('/', (c) => c.text('It works. Try /hello/world'))
  .get('/hello/:name', (c) => c.json({ hello: c.params.name }))

export default app
