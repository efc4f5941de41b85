// Requests that came over a connection for another name.
import { AddressSet, HttpError } from '@spillway/core'
import type { Middleware } from '@spillway/middleware'
import { clientOf } from '@spillway/middleware/client'
import type { Certificates } from './certificates.ts'
import type { Config } from './config.ts'

/** Refuses a request for a host that is not configured here (RFC 9110 §15.5.20). */
export function misdirected(): never {
  throw new HttpError(421, 'There is no site with this name here', { expose: true })
}

/**
 * With several certificates, refuses requests for a host for which that of their connection is not valid (RFC 9110 §7.4): the client has
 * verified another one. Exempt are clients without server_name, which got the certificate for such clients, and trusted proxies.
 */
export function vouchedFor(certificates: Certificates, trusted: Config['trusted']): Middleware {
  const proxies = new AddressSet(trusted?.addresses ?? [])
  return (c, next) => {
    const servername = c.peer.servername?.toLowerCase()
    if (servername === undefined) return next()
    const host = clientOf(c)
      .host.toLowerCase()
      .replace(/\.?(?::\d*)?$/, '')
    if (host === servername || certificates.cover(servername, host)) return next()
    if (proxies.has(c.peer.address || undefined)) return next()
    throw new HttpError(421, `This connection is for ${servername}`, { expose: true })
  }
}
