import { ip } from '@spillway/middleware/ip'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router()
  .use(ip({ deny: ['203.0.113.0/24', '2001:db8:bad::/48'] }))
  .get('/', (c) => c.text('open to nearly everybody'))
  .group('/admin', (admin) => admin.use(ip({ allow: ['10.0.0.0/8', 'fd00::/8'] })).get('/', (c) => c.text('inside')))
