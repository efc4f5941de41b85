import { AsyncLocalStorage } from 'node:async_hooks'
import { ip } from '@spillway/middleware/ip'
import { logger } from '@spillway/middleware/logger'
import { metrics } from '@spillway/middleware/metrics'
import { spans } from '@spillway/middleware/opentelemetry'
import { requestId } from '@spillway/middleware/request-id'
import { type Router, router } from '@spillway/middleware/router'
import { defineMiddleware } from '@spillway/middleware'

const { observe, expose } = metrics()

/** Lets log lines from deep in the code name the request that they belong to. */
const current = new AsyncLocalStorage<{ id: string }>()
export const log = (message: string): void =>
  console.log(JSON.stringify({ message, request: current.getStore()?.id ?? null }))

const remember = defineMiddleware<{}, { requestId: string }>((c, next) =>
  current.run({ id: c.state.requestId }, () => next()),
)

export const app: Router = router()
  .get('/metrics', [ip({ allow: ['127.0.0.1', '10.0.0.0/8'] })], expose) // for Prometheus
  .use(requestId(), logger({ format: 'json' }), observe, spans())
  .use(remember)
  .get('/books/:id', async (c) => {
    await Promise.resolve()
    log(`looking for ${c.params.id}`)
    return c.text(`Book ${c.params.id}`)
  })
