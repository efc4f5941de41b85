// Where an upstream server is.
import { isIP } from 'node:net'

/** Where an upstream server listens. */
export interface UpstreamAddress {
  /** The URL as it was configured. */
  readonly url: string
  readonly secure: boolean
  /** Host name or IP address; empty for a unix socket. */
  readonly host: string
  /** Where to connect: the host, or one of its addresses. */
  readonly reach: string
  readonly port: number
  /** Path of a unix socket. */
  readonly socketPath: string | undefined
  /** The Host field, if the upstream's own name is wanted. */
  readonly authority: string
  /** Prepended to every path; empty, or begins with a slash and does not end in one. */
  readonly basePath: string
}

/**
 * Reads `http://host:port/base`, `https://…` and `unix:/run/app.sock`.
 * @throws TypeError that says what is wrong.
 */
export function parseAddress(url: string): UpstreamAddress {
  if (url.startsWith('unix:')) {
    const socketPath = url.slice(5)
    if (!socketPath.startsWith('/')) throw new TypeError(`Not an absolute path of a unix socket: ${url}`)
    return { url, secure: false, host: '', reach: '', port: 0, socketPath, authority: 'localhost', basePath: '' }
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:')
    throw new TypeError(`Not http://host, https://host or unix:/path: ${url}`)
  if (parsed.username || parsed.password || parsed.search || parsed.hash)
    throw new TypeError(`An upstream has neither credentials nor query nor fragment: ${url}`)
  const secure = parsed.protocol === 'https:'
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1')
  return {
    url,
    secure,
    host,
    reach: host,
    port: Number(parsed.port) || (secure ? 443 : 80),
    socketPath: undefined,
    authority: parsed.host,
    basePath: withoutSlashes(parsed.pathname),
  }
}

/** One of the addresses of a server's name; its URL has the address as a fragment. */
export function addressAt(server: UpstreamAddress, reach: string): UpstreamAddress {
  return { ...server, url: `${server.url}#${reach}`, reach }
}

/** Whether the host is a name, which may have several addresses that change over time. */
export function isNamed({ host, socketPath }: UpstreamAddress): boolean {
  return socketPath === undefined && isIP(host) === 0
}

/** The name that a TLS upstream is asked for and must prove; an IP address is not a name (RFC 6066 §3). */
export function serverName({ host }: UpstreamAddress): string {
  return isIP(host) ? '' : host
}

/** A path without the slashes at its end. */
function withoutSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end--
  return path.slice(0, end)
}
