// Redirects.
import type { Context, Handler } from '@spillway/core'
import type { Middleware } from '@spillway/middleware'
import { clientOf } from '@spillway/middleware/client'
import type { RouteConfig } from './config.ts'

/** Redirects clients as configured. */
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

/** Redirects requests without TLS to the TLS port, with 308, which keeps the method. */
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

/** Whether the client uses TLS, with us or with a trusted proxy. */
function isSecure(c: Context<any, any>): boolean {
  return clientOf(c).protocol === 'https'
}
