import { type Server, serve } from '@spillway/core'
import { health, readiness } from '@spillway/middleware/health'
import { router } from '@spillway/middleware/router'

let server: Server | undefined
const database = { ping: (): Promise<void> => Promise.resolve() }

const app = router()
  .get('/live', health())
  .get('/ready', readiness({ server: () => server, checks: { db: () => database.ping() } }))

export async function main(port: number): Promise<Server> {
  server = await serve(app, { port })
  return server // later: server.close({ announce: 5000 })
}
