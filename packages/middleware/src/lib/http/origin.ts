// Origins (RFC 6454), and whether a page is our own.
import type { Context } from '@spillway/core'
import { clientOf } from './known-client.ts'

/**
 * Checks a list of origins when an application starts.
 * @throws TypeError when one is not a serialized origin: scheme, host, and port unless it is the default (RFC 6454 §6.2).
 */
export function originSet(origins: readonly string[]): ReadonlySet<string> {
  // `*` is a valid character in a host name, but such an origin would never match.
  for (const origin of origins)
    if (!URL.canParse(origin) || new URL(origin).origin !== origin || /[*]|^null$/.test(origin))
      throw new TypeError(`Not an origin: ${JSON.stringify(origin)}. An origin looks like https://example.com`)
  return new Set(origins)
}

/**
 * Whether an origin is the one a request was sent to. Behind a proxy that ends TLS without saying so, the scheme the client used
 * is not known: an https page may then call what looks like http here; the reverse is refused.
 */
export function isSameOrigin(c: Context<any, any>, origin: string): boolean {
  const { host, protocol: scheme } = clientOf(c)
  if (!host) return false
  const secure = scheme === 'https'
  if (origin === `https://${host}` || (!secure && origin === `http://${host}`)) return true
  if (!URL.canParse(origin)) return false
  const { protocol } = new URL(origin)
  if (protocol !== 'https:' && (protocol !== 'http:' || secure)) return false
  // The same scheme on both sides, so that a default port written out makes no difference.
  const own = `${protocol}//${host}`
  return URL.canParse(own) && new URL(own).origin === origin
}
