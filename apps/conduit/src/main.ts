import { explain } from '@spillway/command-line'
import { closeOnSignals, serve } from '@spillway/core'
import { problemOf } from '@spillway/middleware/problem'
import { conduit } from './app.ts'
import { env } from './env.ts'

try {
  const { app, close } = await conduit({ database: env.DATABASE, secret: env.SECRET })
  const server = await serve(app, { port: env.PORT, host: env.HOST, onError: problemOf })
  closeOnSignals({ close: (options) => server.close(options).finally(close) })
  console.log(`Conduit answers at ${server.url}/api, and describes it at ${server.url}/docs`)
} catch (error) {
  console.error(`Conduit cannot start: ${explain(error)}`)
  process.exit(1)
}
