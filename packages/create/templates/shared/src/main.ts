import { type Server, closeOnSignals, serve } from '@spillway/core'
import { readiness } from '@spillway/middleware/health'
import { problemOf } from '@spillway/middleware/problem'
import app from './app.ts'
import { env } from './env.ts'

let server: Server | undefined
// Whether requests may be sent here: not before it listens, and not once it is told to end.
const ready = readiness({ server: () => server })

server = await serve((c) => (c.path === '/ready' ? ready(c) : app(c)), {
  port: env.PORT,
  host: env.HOST,
  onError: problemOf,
})
// Finishes what is under way when the process is told to end.
closeOnSignals(server)
console.log(`Listening on ${server.url}`)
