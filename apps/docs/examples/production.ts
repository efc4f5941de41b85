import { type Server, closeOnSignals, serve } from '@spillway/core'
import { client } from '@spillway/middleware/client'
import { health, readiness } from '@spillway/middleware/health'
import { logFailures, logger } from '@spillway/middleware/logger'
import { problemOf, problems } from '@spillway/middleware/problem'
import { router } from '@spillway/middleware/router'
import { readEnv } from './env.ts'

const env = readEnv()
let server: Server | undefined

const app = router()
  .get('/live', health()) // the process answers
  .get('/ready', readiness({ server: () => server })) // and is ready for requests
  // The gateway tells who the client is, in these fields.
  .use(
    client({
      trusted: ['127.0.0.1', '10.0.0.0/8'],
      fields: ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'],
    }),
  )
  .use(logger({ format: 'json' }), problems())
  .get('/', (c) => c.json({ client: c.state.client.address, over: c.state.client.protocol }))

server = await serve(app, { port: env.PORT, host: env.HOST, onError: problemOf })
logFailures(server, { format: 'json' }) // errors that no handler sees
// SIGTERM: not ready for four seconds, then no new connections; requests in progress then have twenty seconds.
closeOnSignals(server, { announce: 4000, deadline: 20_000 })
console.error(`Listening on ${server.url}`)
export { server }
