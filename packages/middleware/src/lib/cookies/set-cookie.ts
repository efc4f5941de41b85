// Cookies on the wire (RFC 6265).
import { type Rules, type Settled, choice, flag, optional, readOptions, text, whole } from '@spillway/core/options'
import { stringifySetCookie } from 'cookie'

/** Attributes of a cookie (RFC 6265bis §4.1.2). */
export interface CookieOptions {
  /** Seconds to keep it; 0 ends it. Default: until the browser closes. */
  readonly maxAge?: number
  /** Default: `/`. */
  readonly path?: string
  /** Sends it to subdomains, too. Default: this host only. */
  readonly domain?: string
  /** Keeps scripts from reading it. Default: true. */
  readonly httpOnly?: boolean
  /**
   * Sends it over TLS only. Default: true, as a page that is served without is read and changed by anybody on the way.
   * Browsers treat `localhost` as secure, Safari excepted.
   */
  readonly secure?: boolean
  /** Default: `lax`, so that other sites cannot post with it. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /** One jar for each top-level site that embeds this one (CHIPS). Default: false. */
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

/** Browsers drop a cookie whose name and value have more bytes, without a word (RFC 6265bis §5.6). */
const largest = 4096

/** What browsers tell cookies apart by (RFC 6265bis §5.7; CHIPS). */
export function cookieKey(name: string, { domain, path = '/', partitioned = false }: CookieOptions = {}): string {
  return [name, domain?.replace(/^\./, '').toLowerCase(), path, partitioned].join(';')
}

/**
 * The value of a Set-Cookie field.
 * @throws TypeError when a name, value or attribute has characters it cannot, or when browsers would drop the cookie: for
 * a broken promise of its prefix, `SameSite=None` or `Partitioned` without `Secure`, or its size. RangeError for a `maxAge` that
 * is no whole number from 0 on.
 */
export function setCookieValue(name: string, value: string, options: CookieOptions = {}): string {
  const { maxAge, path, domain, httpOnly, secure, sameSite, partitioned } = readOptions(rules, options)
  const refuse = (reason: string): never => {
    throw new TypeError(`Cookie ${JSON.stringify(name)}: ${reason}`)
  }
  // Browsers compare prefixes without case (RFC 6265bis §4.1.3).
  const prefix = /^__(?:host-http|secure|host|http)-/i.exec(name)?.[0].toLowerCase()
  if (prefix && !secure) refuse('its prefix asks for `secure`')
  if (prefix?.startsWith('__host-') && (path !== '/' || domain !== undefined))
    refuse('the prefix __Host- asks for path `/` and no domain')
  if (prefix?.endsWith('http-') && !httpOnly) refuse(`its prefix asks for \`httpOnly\``)
  if (!secure && sameSite === 'none') refuse('`sameSite: none` asks for `secure`')
  if (!secure && partitioned) refuse('`partitioned` asks for `secure`')
  const field = stringifySetCookie({
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
