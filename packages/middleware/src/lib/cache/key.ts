// What a stored response is found by, and which requests a cache stays away from.
import type { Context } from '@spillway/core'
import { authorityOf, clientOf } from '../http/known-client.ts'
import { connectionOptions } from '../http/connection-options.ts'

/**
 * The URL as the client knows it (RFC 9111 §2): behind trusted proxies a handler may well put their host into links. Its target
 * is as it was sent, for whoever answers may tell spellings apart, and one of them must not get what is for another. Where the
 * Host that came is not the client's, it stands behind the URL, for handlers see it too.
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
 * What all spellings of a URL have in common: octets, slashes, dots and default ports are read, and a slash at the end makes no
 * difference. Coarser than any router, so that a change to a resource reaches whatever may have been stored of it.
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

/** Each octet that is encoded as the character of its number: not what it means, but the same for every spelling. */
function decoded(text: string): string {
  return text.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}

/** Fields by which frameworks take one method for another. */
const methodOverrides = ['x-http-method-override', 'x-http-method', 'x-method-override']

/** Connection options that are no names of fields that anybody but the next hop reads. */
const hopByHop =
  /^(?:close|http2-settings|keep-alive|proxy-(?:authenticate|authorization|connection)|te|trailer|transfer-encoding|upgrade)$/

/** Whether frameworks may take a request for one of another method. */
export function overridesMethod({ headers }: Context<any, any>): boolean {
  return methodOverrides.some((name) => headers.has(name))
}

/**
 * Whether a request asks to be forwarded without some of its fields, or for another protocol. The reply is then to a request
 * that others do not make, even where it names no field it depends on.
 */
export function isForOneHop({ headers }: Context<any, any>): boolean {
  const connection = headers.get('connection')
  if (connection === null) return false
  return connectionOptions(connection).some((option) =>
    hopByHop.test(option) ? option === 'upgrade' && headers.has('upgrade') : headers.has(option),
  )
}
