// Requests that came over a connection for another name.
import { AddressSet, HttpError } from '@spillway/core'
import type { Middleware } from '@spillway/middleware'
import { clientOf } from '@spillway/middleware/client'
import type { Certificates } from './certificates.ts'
import type { Config } from './config.ts'

/** A request for a name that nobody has configured: whoever sends it is wrong about this server (RFC 9110 §15.5.20). */
export function misdirected(): never {
  throw new HttpError(421, 'There is no site of this name here', { expose: true })
}

/**
 * Refuses requests for a name for which the certificate of their connection does not vouch (RFC 9110 §7.4), where there are several:
 * the client has made sure of somebody else. Clients that named nobody have seen the certificate that there is for
 * them, and proxies that are trusted know what they do.
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
