// Addresses that are let in, and addresses that are not.
import { AddressSet, HttpError } from '@spillway/core'
import { type Rules, list, optional, readOptions, text } from '@spillway/core/options'
import { clientOf } from './lib/http/known-client.ts'
import { named } from './lib/layers/layer-trace.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link ip}: addresses, networks (`10.0.0.0/8`, `fd00::/8`), and `unix` for clients of unix sockets. */
export interface IpOptions {
  /** Only these are let in. Default: everybody. */
  readonly allow?: readonly string[]
  /** These are not let in, whatever `allow` says. Default: nobody. */
  readonly deny?: readonly string[]
}

const rules: Rules<IpOptions> = { allow: optional(list(text())), deny: optional(list(text())) }

/**
 * Lets clients in by their address: that of the connection or, behind proxies, the one that `client` found. Addresses
 * are compared as numbers, so it makes no difference how they are written. A client whose address is not known is in no
 * list: `allow` keeps it out, `deny` does not. Refused clients get 403 with the code `ADDRESS_REFUSED`.
 * @throws TypeError when both lists are missing, or an entry is neither address nor network.
 */
export function ip(options: IpOptions): Middleware {
  const { allow, deny } = readOptions(rules, options)
  if (!allow && !deny) throw new TypeError('A list of addresses is needed: allow, deny, or both')
  const allowed = allow && new AddressSet(allow)
  const denied = deny && new AddressSet(deny)
  return named('ip', (c, next) => {
    const { address, key } = clientOf(c)
    const known = key === 'unix' ? undefined : address
    if ((allowed && !allowed.has(known)) || denied?.has(known))
      throw new HttpError(403, 'Requests from this address are not welcome', { code: 'ADDRESS_REFUSED' })
    return next()
  })
}
