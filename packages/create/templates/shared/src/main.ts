import { closeOnSignals, serve } from '@spillway/core'
import { problemOf } from '@spillway/middleware/problem'
import app from './app.ts'
import { env } from './env.ts'

const server = await serve(app, { port: env.PORT, host: env.HOST, onError: problemOf })
// Finishes what is under way when the process is told to end.
closeOnSignals(server)
console.log(`Listening on ${server.url}`)
