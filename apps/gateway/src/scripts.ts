// Scripts and programs of a route: FastCGI and CGI.
import { join } from 'node:path'
import type { Handler } from '@spillway/core'
import { cgi } from '@spillway/middleware/cgi'
import { type FastCgiAddress, fastcgi } from '@spillway/middleware/fastcgi'
import type { CgiConfig, FastCgiConfig } from './config.ts'
import { given } from './given.ts'

const extension = /\.php\d?(?:$|\/)/i

/** Serves files, of which scripts are run and never sent; a script may answer requests without a file. */
export function scripts(
  folder: string,
  { server, front, connections, timeout }: FastCgiConfig,
  files: Handler<any>,
): Handler<any> {
  const application = fastcgi(addressOf(server), { limits: given({ connections, timeout }) })
  const run = application.scripts(folder)
  const controller = front === undefined ? undefined : application.script(join(folder, front))
  return (c) =>
    run(c, async () => {
      if (extension.test(c.path)) return controller ? controller(c) : c.text('Not found', 404)
      const reply = await files(c)
      if (!controller || (typeof reply.status === 'number' && reply.status !== 404 && reply.status !== 405))
        return reply as never
      return controller(c)
    })
}

/** Runs CGI programs. @throws Error when there are none. */
export function programs(config: string | CgiConfig): Handler<any> {
  const { path, env, ...limits } = typeof config === 'string' ? { path: config } : config
  return cgi(path, given({ env, limits }))
}

/** `unix:/run/php.sock`, `127.0.0.1:9000` or `9000`. */
function addressOf(server: string): FastCgiAddress {
  if (server.startsWith('unix:')) return { path: server.slice('unix:'.length) }
  const [, host, port] = /^(?:(.+):)?(\d{1,5})$/.exec(server) ?? []
  if (port === undefined)
    throw new TypeError(`fastcgi.server is unix:/path or host:port, not ${JSON.stringify(server)}`)
  return { port: Number(port), ...(host !== undefined && { host }) }
}
