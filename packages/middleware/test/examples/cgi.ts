import { cgi } from '@spillway/middleware/cgi'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router()
  // /cgi-bin/guestbook.pl/2026?page=2 runs cgi-bin/guestbook.pl with PATH_INFO=/2026 and QUERY_STRING=page=2
  .all('/cgi-bin/:path*', cgi('cgi-bin', { env: { LANG: 'C.UTF-8' }, limits: { timeout: 10_000 } }))
  // one script for everything below a path
  .all('/search/:path*', cgi('search.sh', { redirect: (c) => app(c) }))
