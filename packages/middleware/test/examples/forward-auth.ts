import { forwardAuth, proxy, upstreams } from '@spillway/middleware/proxy'
import { type Router, router } from '@spillway/middleware/router'

const judge = upstreams([process.env['AUTH_SERVER'] ?? 'http://127.0.0.1:9091'])
const wiki = upstreams([process.env['WIKI_SERVER'] ?? 'http://127.0.0.1:3001'])

export const app: Router = router()
  .use(forwardAuth(judge, { path: '/verify', copy: ['Remote-User'] }))
  .mount('/', proxy(wiki, { passOn: ['Remote-User'] }))
