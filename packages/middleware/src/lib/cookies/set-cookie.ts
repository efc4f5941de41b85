// Set-Cookie fields (RFC 6265).
import { type Rules, type Settled, choice, flag, optional, readOptions, text, whole } from '@spillway/core/options'
import { serializeCookie } from 'cookie-es'

/** Attributes of a cookie (RFC 6265bis §4.1.2). */
export interface CookieOptions {
  /** Seconds to keep it; 0 deletes it. More than 400 days are 400 days, as in browsers (RFC 6265bis §5.5). Default: until the browser closes. */
  readonly maxAge?: number
  /** The path below which it is sent. Default: `/`. */
  readonly path?: string
  /** Also sends it to subdomains of this domain. Default: this host only. */
  readonly domain?: string
  /** Keeps scripts from reading it. Default: true. */
  readonly httpOnly?: boolean
  /**
   * Sends it over TLS only. Default: true, because anyone on the way can read and change a page served without TLS.
   * Browsers except Safari treat `localhost` as secure.
   */
  readonly secure?: boolean
  /** Whether it is sent with requests from other sites. Default: `lax`, so that other sites cannot post with it. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /** A separate cookie for each top-level site that embeds this one (CHIPS). Default: false. */
  readonly partitioned?: boolean
}

const rules: Rules<Settled<CookieOptions, Exclude<keyof CookieOptions, 'maxAge' | 'domain'>>> = {
  maxAge: optional(whole(0, { to: Number.MAX_SAFE_INTEGER })),
  path: text('/', /^\//),
  domain: optional(text('', /./)),
  httpOnly: flag(true),
  secure: flag(true),
  sameSite: choice(['strict', 'lax', 'none'], 'lax'),
  partitioned: flag(),
}

/** Browsers silently drop a cookie whose name and value together have more bytes (RFC 6265bis §5.6). */
const largest = 4096

/** What browsers identify a cookie by (RFC 6265bis §5.7; CHIPS). */
export function cookieKey(name: string, { domain, path = '/', partitioned = false }: CookieOptions = {}): string {
  return [name, domain?.replace(/^\./, '').toLowerCase(), path, partitioned].join(';')
}

/**
 * The value of a Set-Cookie field.
 * @throws TypeError when a name, value or attribute contains characters it must not, or when browsers would drop the cookie:
 * for a name prefix whose conditions are not met, `SameSite=None` or `Partitioned` without `Secure`, or its size. RangeError for a
 * `maxAge` that is not a whole number from 0 up.
 */
export function setCookieValue(name: string, value: string, options: CookieOptions = {}): string {
  const { maxAge, path, domain, httpOnly, secure, sameSite, partitioned } = readOptions(rules, options)
  const refuse = (reason: string): never => {
    throw new TypeError(`Cookie ${JSON.stringify(name)}: ${reason}`)
  }
  // Browsers compare prefixes without regard to case (RFC 6265bis §4.1.3).
  const prefix = /^__(?:host-http|secure|host|http)-/i.exec(name)?.[0].toLowerCase()
  if (prefix && !secure) refuse('its prefix asks for `secure`')
  if (prefix?.startsWith('__host-') && (path !== '/' || domain !== undefined))
    refuse('the prefix __Host- asks for path `/` and no domain')
  if (prefix?.endsWith('http-') && !httpOnly) refuse(`its prefix asks for \`httpOnly\``)
  if (!secure && sameSite === 'none') refuse('`sameSite: none` asks for `secure`')
  if (!secure && partitioned) refuse('`partitioned` asks for `secure`')
  const field = serializeCookie({
    name,
    value,
    path,
    httpOnly,
    secure,
    sameSite,
    partitioned,
    ...(maxAge !== undefined && { maxAge }),
    ...(domain !== undefined && { domain }),
  })
  if (field.indexOf(';') > largest) refuse(`name and value have more than ${largest} bytes`)
  return field
}
