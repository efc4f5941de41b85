// What a script is told about a request (RFC 3875 §4.1).
import { join } from 'node:path'
import type { Context } from '@spillway/core'
import { splitAuthority } from '@spillway/parser/fields'
import { foldedName, isPlainName, passableNames } from '../http/field-names.ts'
import { clientOf } from '../http/known-client.ts'
import { atOnce } from '../layers/at-once.ts'
import type { ScriptTarget } from './script-target.ts'

/** What a script can be told in addition to the request. */
export interface MetaOptions {
  /**
   * The directory for PATH_TRANSLATED and DOCUMENT_ROOT. Default: that of the scripts.
   */
  readonly documentRoot?: string
  /**
   * Host and port by which the server is known, `example.com` or `[::1]:8080`, for SERVER_NAME and SERVER_PORT. Default: those
   * of the request, on which a script must not rely.
   */
  readonly authority?: string
  /** The authenticated user, for AUTH_TYPE (`Basic`) and REMOTE_USER. Default: nobody. */
  readonly user?: (c: Context<any, any>) => { readonly type: string; readonly name: string } | undefined
  /** Whether scripts get HTTP_AUTHORIZATION, to check credentials themselves (RFC 3875 §4.1.18). Default: false. */
  readonly authorization?: boolean
  /**
   * Names of fields with characters other than letters, digits and hyphens that scripts get all the same, such as `x_token` as
   * HTTP_X_TOKEN, which they cannot tell from `X-Token`. Default: none.
   */
  readonly passOn?: readonly string[]
}

/** Meta-variables by name. */
export type MetaVariables = Record<string, string>

/**
 * Fields that no script gets: `Proxy` would become HTTP_PROXY, which programs take for their own configuration (httpoxy); two
 * have variables of their own; the others are about the connection and the transfer, which end here.
 */
const withheld: ReadonlySet<string> = new Set([
  'proxy',
  'proxy-authorization',
  'proxy-connection',
  'content-type',
  'content-length',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Every meta-variable of RFC 3875 §4.1 except REMOTE_IDENT, which nobody uses any more; and those that Apache and nginx
 * have added and scripts expect: REQUEST_URI, SCRIPT_FILENAME, DOCUMENT_ROOT, REMOTE_PORT, REQUEST_SCHEME and HTTPS. Behind
 * trusted proxies, client, scheme and host are those found by `client`. Values are strings to be written as UTF-8, so that a
 * field's octets come out as they came in; octets that are not valid UTF-8 are taken for ISO 8859-1.
 * @param length of the content; undefined when there is none.
 * @param passOn see {@link passedOn}.
 */
export function metaVariables(
  c: Context<any, any>,
  { file, scriptName, pathInfo }: ScriptTarget,
  documentRoot: string,
  length: number | undefined,
  options: MetaOptions,
  passOn: ReadonlySet<string>,
): MetaVariables {
  const { address, protocol, host } = clientOf(c)
  const usual = protocol === 'https' ? 443 : 80
  // an IPv6 address keeps its brackets (§4.1.14)
  const server = splitAuthority(options.authority ?? (host || 'localhost'), usual)
  const variables: MetaVariables = fieldVariables(c, options.authorization === true, passOn)
  variables['GATEWAY_INTERFACE'] = 'CGI/1.1'
  variables['SERVER_SOFTWARE'] = 'Spillway'
  variables['SERVER_PROTOCOL'] = `HTTP/${c.httpVersion}`
  variables['SERVER_NAME'] = server?.host ?? ''
  variables['SERVER_PORT'] = String(server?.port ?? usual)
  variables['REQUEST_METHOD'] = c.method
  variables['REQUEST_URI'] = c.target
  variables['REQUEST_SCHEME'] = protocol
  variables['QUERY_STRING'] = c.search.slice(1)
  variables['SCRIPT_NAME'] = scriptName
  variables['SCRIPT_FILENAME'] = file
  variables['DOCUMENT_ROOT'] = documentRoot
  variables['REMOTE_ADDR'] = address
  // No name is looked up: a request must not wait for a name server, and §4.1.9 allows this.
  variables['REMOTE_HOST'] = address
  if (address === c.peer.address) variables['REMOTE_PORT'] = String(c.peer.port)
  if (protocol === 'https') variables['HTTPS'] = 'on'
  if (pathInfo !== '') {
    variables['PATH_INFO'] = pathInfo
    variables['PATH_TRANSLATED'] = join(documentRoot, pathInfo)
  }
  const user = options.user && atOnce(options.user(c), '`user`')
  if (user) {
    variables['AUTH_TYPE'] = user.type
    variables['REMOTE_USER'] = user.name
  }
  const type = c.headers.get('content-type')
  if (type !== null) variables['CONTENT_TYPE'] = asUtf8(type)
  if (length !== undefined) variables['CONTENT_LENGTH'] = String(length)
  return variables
}

/** The names that `passOn` allows. @throws TypeError for one that could be taken for a field that no script gets. */
export function passedOn({ passOn = [] }: MetaOptions): ReadonlySet<string> {
  return passableNames(passOn, new Set([...withheld, 'authorization']))
}

/** HTTP_* (§4.1.18). Names that could be taken for others, such as `X_Real_IP` for `X-Real-IP`, are left out unless allowed. */
function fieldVariables(c: Context<any, any>, authorization: boolean, passOn: ReadonlySet<string>): MetaVariables {
  const variables: MetaVariables = {}
  for (const [name, value] of c.headers) {
    const lower = name.toLowerCase()
    if (!isPlainName(lower) && !passOn.has(lower)) continue
    if (withheld.has(lower) || (lower === 'authorization' && !authorization)) continue
    const variable = `HTTP_${foldedName(lower).toUpperCase().replaceAll('-', '_')}`
    const before = variables[variable]
    const separator = lower === 'cookie' ? '; ' : ', '
    variables[variable] = before === undefined ? asUtf8(value) : before + separator + asUtf8(value)
  }
  return variables
}

/** @param value with one character for each octet. */
function asUtf8(value: string): string {
  // eslint-disable-next-line no-control-regex
  if (!/[^\x00-\x7f]/.test(value)) return value
  try {
    return strictUtf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}
