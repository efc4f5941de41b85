import { compression } from '@spillway/middleware/compression'
import { type Router, router } from '@spillway/middleware/router'

async function* clock(): AsyncGenerator<string> {
  for (let i = 0; i < 3; i++) yield `data: ${new Date().toISOString()}\n\n`
}

export const app: Router = router()
  .use(compression())
  .get('/report', (c) => c.text('all work and no play '.repeat(1000)))
  .get('/clock', (c) => c.stream(clock(), { headers: { 'Content-Type': 'text/event-stream' } }))
