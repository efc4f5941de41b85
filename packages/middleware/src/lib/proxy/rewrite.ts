// Rewrites fields of a response that contain locations, so that the client can use them.
import type { Context, ReplyHeaders } from '@spillway/core'
import { authorityOf } from '../http/known-client.ts'
import type { UpstreamAddress } from './address.ts'

/** How the server's paths correspond to the client's. */
interface View {
  /** The prefix that was removed from the path for the server; empty or `/app`. */
  readonly base: string
  readonly server: UpstreamAddress
  /** The authority that the client asked for. */
  readonly host: string
}

/**
 * Rewrites `Location`, `Content-Location`, `Refresh` and the `Path` and `Domain` of cookies: references to the server itself lose their
 * host, and its paths become paths below the proxy's. References that already have the prefix, by `X-Forwarded-Prefix`, are left alone.
 */
export function rewriteFields(c: Context<any, any>, fields: ReplyHeaders, server: UpstreamAddress): void {
  if (!saysPlaces(fields)) return
  const view: View = { base: c.base, server, host: authorityOf(c) }
  for (const name of ['location', 'content-location']) {
    const value = fields.get(name)
    if (value === null) continue
    const seen = placeSeen(value, view)
    if (seen !== value) fields.set(name === 'location' ? 'Location' : 'Content-Location', seen)
  }
  const refresh = fields.get('refresh')
  const parts = refresh === null ? null : /^(\s*[\d.]+\s*[;,]\s*(?:url\s*=\s*)?)(["']?)([^"']*)\2$/i.exec(refresh)
  if (parts) fields.set('Refresh', `${parts[1]}${parts[2]}${placeSeen(parts[3]!, view)}${parts[2]}`)
  const cookies = fields.getSetCookie()
  if (cookies.length === 0) return
  const seen = cookies.map((cookie) => cookieSeen(cookie, view))
  if (seen.every((cookie, i) => cookie === cookies[i])) return
  fields.delete('set-cookie')
  for (const cookie of seen) fields.append('Set-Cookie', cookie)
}

const saying: ReadonlySet<string> = new Set(['location', 'content-location', 'refresh', 'set-cookie'])

/** Whether there is one of these fields: most replies have none, and are looked at once. */
function saysPlaces({ flat }: ReplyHeaders): boolean {
  // name, value, line
  for (let i = 0; i < flat.length; i += 3) {
    const { length } = flat[i]!
    if ((length === 7 || length === 8 || length === 10 || length === 16) && saying.has(flat[i]!.toLowerCase()))
      return true
  }
  return false
}

/** A reference (RFC 3986 §4.1) in the form that the client has to resolve. */
function placeSeen(place: string, view: View): string {
  if (/^\/(?![/\\])/.test(place)) return pathSeen(place, view)
  if (!/^https?:\/\//i.test(place) || !URL.canParse(place)) return place
  const { protocol, host, origin, pathname, search, hash } = new URL(place)
  const rest = `${pathSeen(pathname, view)}${search}${hash}`
  if (host === view.server.authority && (protocol === 'https:') === view.server.secure) return rest
  // The server was told the name by which the client knows it, and uses that.
  return host === view.host.toLowerCase() && rest !== `${pathname}${search}${hash}` ? `${origin}${rest}` : place
}

function pathSeen(path: string, { base, server: { basePath } }: View): string {
  if (base !== '' && isBelow(path, base)) return path
  return base + (basePath !== '' && isBelow(path, basePath) ? path.slice(basePath.length) || '/' : path)
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && /^(?:$|[/?#])/.test(path.slice(prefix.length))
}

function cookieSeen(cookie: string, view: View): string {
  // Such a cookie must be for all paths, or it is refused (RFC 6265bis §4.1.3.2).
  const isForHost = /^\s*__host-/i.test(cookie)
  const [pair, ...attributes] = cookie.split(';')
  const seen = attributes.flatMap((attribute): string[] => {
    const [name = '', ...rest] = attribute.split('=').map((part) => part.trim())
    const value = rest.join('=')
    if (/^domain$/i.test(name) && value.replace(/^\./, '').toLowerCase() === view.server.host.toLowerCase()) return []
    if (isForHost || !/^path$/i.test(name) || !value.startsWith('/')) return [attribute]
    const path = pathSeen(value, view)
    return [` ${name}=${value === '/' && view.base !== '' ? view.base : path}`]
  })
  return [pair, ...seen].join(';')
}
