// Redirects.
import type { Context, Handler } from '@spillway/core'
import type { Middleware } from '@spillway/middleware'
import { clientOf } from '@spillway/middleware/client'
import type { RouteConfig } from './config.ts'

/** Sends clients on to where the configuration says. */
export function redirectTo({ path, redirect }: RouteConfig): Handler<any> {
  const { to, status = 302 } = typeof redirect === 'string' ? { to: redirect } : redirect!
  const prefix = path === '/' ? '' : path
  return (c) => {
    const whole = new URL(c.url)
    const values: Readonly<Record<string, string>> = {
      path: whole.pathname,
      rest: whole.pathname.slice(prefix.length),
      host: whole.host,
      query: whole.search,
    }
    return c.redirect(
      to.replaceAll(/\{(path|rest|host|query)\}/g, (_, name: string) => values[name]!),
      status,
    )
  }
}

/** Sends clients that come without TLS to the port where there is some; the method stays what it is. */
export function toHttps(portOf: () => number): Middleware {
  return (c, next) => {
    if (isSecure(c)) return next()
    const url = new URL(c.url)
    url.protocol = 'https:'
    const port = portOf()
    url.port = port === 443 ? '' : String(port)
    return c.redirect(url.href, 308)
  }
}

/** Whether the client speaks TLS with us, or with a proxy that we trust. */
function isSecure(c: Context<any, any>): boolean {
  return clientOf(c).protocol === 'https'
}
