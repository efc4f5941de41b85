import { fastcgi } from '@spillway/middleware/fastcgi'
import { type Router, router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'

const php = fastcgi({ path: 'run/php-fpm.sock' }, { authority: 'www.example.com', limits: { connections: 5 } })

// Scripts first, so that no PHP file is ever sent as it is; then files; then the front controller for everything else.
export const app: Router = router().all(
  '/:path*',
  [php.scripts('public'), staticFiles('public')],
  php.script('/srv/www/public/index.php'),
)
