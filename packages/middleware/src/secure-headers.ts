import { randomFillSync } from 'node:crypto'
import { ReplyHeaders } from '@spillway/core'
import { type Rules, type Settled, choice, either, optional, readOptions, record, text } from '@spillway/core/options'
import { clientOf } from './lib/http/known-client.ts'
import { withFields } from './lib/layers/reply-fields.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link secureHeaders}. */
export interface SecureHeadersOptions {
  /**
   * Directives of the Content-Security-Policy, over those of the default; false takes one out. `'nonce'` stands for this
   * request's nonce. False: no policy.
   */
  readonly csp?: false | Readonly<Record<string, string | false>>
  /** Strict-Transport-Security; false: none. Default: a year, with subdomains; sent over TLS only (RFC 6797 §7.2). */
  readonly hsts?: false | string
  /** Other fields, over the default ones; false takes one out. */
  readonly fields?: Readonly<Record<string, string | false>>
}

/** Scripts run when they carry the nonce, or were loaded by one that does; the page is in no frame, and no plugin in it. */
const strictPolicy: Readonly<Record<string, string>> = {
  'default-src': "'self'",
  'script-src': "'nonce' 'strict-dynamic'",
  'style-src': "'self' 'nonce'",
  'img-src': "'self' data:",
  'object-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'self'",
  'frame-ancestors': "'none'",
}

const defaultFields: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Origin-Agent-Cluster': '?1',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  // Not `no-referrer`: with it browsers send `Origin: null` from our own forms, which `csrf` has to refuse.
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'X-Content-Type-Options': 'nosniff',
}

const yearAndSubdomains = 'max-age=31536000; includeSubDomains'

const off = choice([false], false)
const values = record(either(off, text()))
const rules: Rules<Settled<SecureHeadersOptions, 'hsts' | 'fields'>> = {
  csp: optional(either(off, values)),
  hsts: either(text(yearAndSubdomains), off),
  fields: values,
}

/** Random bytes are drawn for many nonces at a time. */
const pool = Buffer.alloc(4096)
const nonceBytes = 16
let drawn = pool.length

/**
 * Sends the fields that make browsers careful: a strict Content-Security-Policy whose nonce is `c.state.nonce`, HSTS over
 * TLS, isolation from other origins, no sniffing of types. Fields that a reply has already stay as they are.
 * @throws TypeError when a directive or field is not valid.
 */
export function secureHeaders(options: SecureHeadersOptions = {}): Middleware<{ nonce: string }> {
  const { csp, hsts, fields } = readOptions(rules, options)
  const policy = csp === false ? undefined : policyText({ ...strictPolicy, ...csp })
  const parts = policy?.split("'nonce'")
  const fixed: [string, string][] = []
  for (const [name, value] of Object.entries({ ...defaultFields, ...fields }))
    if (value !== false) fixed.push([name, value])
  // Throws here, and not with every request.
  new ReplyHeaders().set('Content-Security-Policy', policy ?? '').set('Strict-Transport-Security', hsts || '')
  for (const [name, value] of fixed) new ReplyHeaders().set(name, value)
  return (c, next) => {
    const nonce = newNonce()
    c.state.nonce = nonce
    return withFields(c, next, (headers) => {
      const add = (name: string, value: string): void => {
        if (!headers.has(name)) headers.append(name, value)
      }
      if (parts) add('Content-Security-Policy', parts.join(`'nonce-${nonce}'`))
      if (hsts && clientOf(c).protocol === 'https') add('Strict-Transport-Security', hsts)
      for (const [name, value] of fixed) add(name, value)
    })
  }
}

function policyText(directives: Readonly<Record<string, string | false>>): string {
  return Object.entries(directives)
    .filter(([, value]) => value !== false)
    .map(([name, value]) => {
      if (!/^[a-z-]+$/.test(name)) throw new TypeError(`Not a directive: ${JSON.stringify(name)}`)
      // A comma would begin another policy, a semicolon another directive.
      if (/[;,]/.test(value as string)) throw new TypeError(`Not a value for ${name}: ${JSON.stringify(value)}`)
      return `${name} ${value}`.trimEnd()
    })
    .join('; ')
}

function newNonce(): string {
  if (drawn + nonceBytes > pool.length) {
    randomFillSync(pool)
    drawn = 0
  }
  return pool.toString('base64', drawn, (drawn += nonceBytes))
}
