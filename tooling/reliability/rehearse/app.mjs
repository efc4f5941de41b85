// One host of the rehearsal: a page that needs nothing, one that needs a session in Redis, and a readiness check.
// Usage: node app.mjs <address> <address of Redis>
import { createRequire } from 'node:module'
import { closeOnSignals, serve } from '../../../packages/core/dist/index.js'
import { readiness } from '../../../packages/middleware/dist/health.js'
import { router } from '../../../packages/middleware/dist/router.js'
import { redisStore, sessions } from '../../../packages/middleware/dist/sessions.js'

// ioredis is a development dependency of that package.
const { Redis } = createRequire(new URL('../../../packages/middleware/package.json', import.meta.url))('ioredis')
const [host, redisHost] = process.argv.slice(2)
const redis = new Redis({ host: redisHost, maxRetriesPerRequest: null, retryStrategy: () => 100 })
redis.on('error', () => {})
const store = redisStore((...command) => redis.call(...command))
const app = router()
  .get('/', (c) => c.text(host))
  .get('/readyz', readiness({ server: () => server }))
  .get('/session', [sessions({ store, onError: () => {} })], (c) => {
    c.state.session.data.visits = (c.state.session.data.visits ?? 0) + 1
    return c.text(String(c.state.session.data.visits))
  })
const server = await serve(app, { host, port: 3000 })
// The front server notices within half a second that this host is no longer ready.
closeOnSignals(server, { announce: 1000, deadline: 5000 })
