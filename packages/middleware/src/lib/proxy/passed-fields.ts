// Which fields of a request are passed on.
import { foldedName, isPlainName, passableNames } from '../http/field-names.ts'

/** Fields that are never passed on as they came: they concern this connection only (RFC 9110 §7.6.1), or are written by the proxy. */
const own: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  // would become HTTP_PROXY, which programs take for their own configuration (httpoxy)
  'proxy',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
])

/**
 * Fields that proxies send and applications trust: who the client is, how it came, what it asked for. Some
 * frameworks route by these instead of by the target that guards here have checked (CVE-2025-29927 is of this kind). A client must
 * not be able to send them. Further ones begin with {@link told}.
 */
const claims: ReadonlySet<string> = new Set([
  'cf-connecting-ip',
  'client-ip',
  'fastly-client-ip',
  'front-end-https',
  'proxy-client-ip',
  'remote-user',
  'true-client-ip',
  'wl-proxy-client-ip',
  'x-arr-ssl',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-forwarded',
  'x-host',
  'x-http-host-override',
  'x-middleware-subrequest',
  'x-real-ip',
  'x-remote-user',
  'x-rewrite-url',
  'x-scheme',
  'x-url-scheme',
])

const told = /^x-(?:forwarded|original)-/

/** Decides which of a client's fields, by their names in lower case, are passed on. */
export type Passes = (name: string) => boolean

/** @param names of fields that are passed on although by default they are not. @throws TypeError for one that the proxy writes itself. */
export function passedFields(names: readonly string[]): Passes {
  const allowed = passableNames(names, own)
  return (name) => {
    if (own.has(name)) return false
    return (isPlainName(name) && !claims.has(name) && !told.test(name)) || allowed.has(name)
  }
}

/** Whether a field could be taken for one of those set by the `headers` option. @param given their folded names. */
export function isReplaced(name: string, given: readonly string[] | undefined): boolean {
  return given !== undefined && given.includes(isPlainName(name) ? name : foldedName(name))
}
