// The keys of stored responses, and the requests that bypass a cache.
import type { Context } from '@spillway/core'
import { authorityOf, clientOf } from '../http/known-client.ts'
import { connectionOptions } from '../http/connection-options.ts'

/**
 * The URL as the client knows it (RFC 9111 §2): behind trusted proxies a handler may put their host into links. The target
 * is kept exactly as sent, because whoever answers may distinguish spellings, and one must not get what is for another. If the
 * received Host is not the one the client used, it is appended to the URL, because handlers see it too.
 */
export function keyOf(c: Context<any, any>): string {
  const { url } = c
  const { protocol, host } = clientOf(c)
  const authority = authorityOf(c).toLowerCase()
  const known = host.toLowerCase()
  const seen = authority === known ? '' : ` ${authority}`
  return `${protocol}://${known || 'localhost'}${url.slice(url.indexOf('/', url.indexOf('//') + 2))}${seen}`
}

/**
 * What all spellings of a URL have in common: octets, slashes, dots and default ports are normalized, and a slash at the end makes no
 * difference. This is coarser than any router, so that a change to a resource reaches everything that may have been stored for it.
 */
export function resourceOf(key: string): string {
  const [url = ''] = key.split(' ', 1)
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const end = url.indexOf('?', start)
  const path = decoded(end < 0 ? url.slice(start) : url.slice(start, end))
  const segments: string[] = []
  for (const segment of path.split(/[/\\]/))
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  const origin = url.slice(0, start)
  const query = end < 0 ? '' : `?${decoded(url.slice(end + 1))}`
  return `${URL.canParse(origin) ? new URL(origin).origin : origin}/${segments.join('/')}${query}`
}

/** Decodes each encoded octet to the character with that number: not its meaning, but the same for every spelling. */
function decoded(text: string): string {
  return text.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}

/** Fields that make frameworks treat one method as another. */
const methodOverrides = ['x-http-method-override', 'x-http-method', 'x-method-override']

/** Connection options that only the next hop reads. */
const hopByHop =
  /^(?:close|http2-settings|keep-alive|proxy-(?:authenticate|authorization|connection)|te|trailer|transfer-encoding|upgrade)$/

/** Whether frameworks may treat a request as one with another method. */
export function overridesMethod({ headers }: Context<any, any>): boolean {
  return methodOverrides.some((name) => headers.has(name))
}

/**
 * Whether a request asks to be forwarded without some of its fields, or for another protocol. The reply is then to a request
 * that others do not make, even if it does not say that it depends on those fields.
 */
export function isForOneHop({ headers }: Context<any, any>): boolean {
  const connection = headers.get('connection')
  if (connection === null) return false
  return connectionOptions(connection).some((option) =>
    hopByHop.test(option) ? option === 'upgrade' && headers.has('upgrade') : headers.has(option),
  )
}
