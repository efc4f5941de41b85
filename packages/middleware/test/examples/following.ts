import { subscribe } from 'node:diagnostics_channel'
import type { LayerRun } from '@spillway/middleware'
import { compression } from '@spillway/middleware/compression'
import { type Router, router } from '@spillway/middleware/router'

subscribe('spillway.layer', (message) => {
  const { kind, name, context } = message as LayerRun
  console.log(`${context.path}: ${kind} ${name}`)
})

export const app: Router = router()
  .use(compression())
  .get('/books', function books(c) {
    return c.json([])
  })
