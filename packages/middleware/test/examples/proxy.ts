import { proxy, upstreams } from '@spillway/middleware/proxy'
import { type Router, router } from '@spillway/middleware/router'

const servers = process.env['API_SERVERS'] ?? 'http://127.0.0.1:3001 http://127.0.0.1:3002'

const api = upstreams(servers.split(' '), {
  balance: 'least-connections',
  check: { path: '/healthz', interval: 5000 },
  timeouts: { head: 30_000 },
})

export const app: Router = router()
  .get('/servers', (c) => c.json(api.status))
  .mount(
    '/api',
    proxy(api, { headers: (c) => ({ 'X-Request-Id': c.headers.get('x-request-id') ?? crypto.randomUUID() }) }),
  )
