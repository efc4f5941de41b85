// Fields by which browsers protect a page.
import { randomFillSync } from 'node:crypto'
import { ReplyHeaders } from '@spillway/core'
import { type Rules, type Settled, choice, either, optional, readOptions, record, text } from '@spillway/core/options'
import { clientOf } from './lib/http/known-client.ts'
import { dropNonces } from './lib/http/nonces.ts'
import { named } from './lib/layers/layer-trace.ts'
import { withFields } from './lib/layers/reply-fields.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link secureHeaders}. */
export interface SecureHeadersOptions {
  /**
   * Directives of the Content-Security-Policy that replace those of the default; false removes one. `'nonce'` stands for this
   * request's nonce. `csp: false`: no policy.
   */
  readonly csp?: false | Readonly<Record<string, string | false>>
  /**
   * Directives of a Content-Security-Policy-Report-Only, to try out a stricter policy: violations are reported to where `report-to`
   * or `report-uri` says, and nothing is blocked. Default: none.
   */
  readonly reportOnly?: Readonly<Record<string, string | false>>
  /** Strict-Transport-Security; false for none. Default: a year, with subdomains. Sent over TLS only (RFC 6797 §7.2). */
  readonly hsts?: false | string
  /** Other fields, replacing the default ones; false removes one. */
  readonly fields?: Readonly<Record<string, string | false>>
}

/** Scripts run if they carry the nonce or were loaded by one that does; the page may not be framed, and plugins may not run in it. */
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
  // Not `no-referrer`: with it, browsers send `Origin: null` from our own forms, which `csrf` would have to refuse.
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'X-Content-Type-Options': 'nosniff',
}

const yearAndSubdomains = 'max-age=31536000; includeSubDomains'

const off = choice([false], false)
const values = record(either(off, text()))
const rules: Rules<Settled<SecureHeadersOptions, 'hsts' | 'fields'>> = {
  csp: optional(either(off, values)),
  reportOnly: optional(values),
  hsts: either(text(yearAndSubdomains), off),
  fields: values,
}

/** Random bytes are drawn for many nonces at once. */
const pool = Buffer.alloc(4096)
const nonceBytes = 16
let drawn = pool.length

/**
 * Sends the fields that make browsers careful: a strict Content-Security-Policy whose nonce is `c.state.nonce`, HSTS over
 * TLS, isolation from other origins, no sniffing of types. Fields that a reply already has stay as they are. A 304 gets no policy
 * with a nonce, so that the stored page keeps its own.
 * @throws TypeError when a directive or field is not valid.
 */
export function secureHeaders(options: SecureHeadersOptions = {}): Middleware<{ nonce: string }> {
  const { csp, reportOnly, hsts, fields } = readOptions(rules, options)
  const policies: [name: string, parts: string[]][] = []
  if (csp !== false) policies.push(policy('Content-Security-Policy', { ...strictPolicy, ...csp }))
  if (reportOnly) policies.push(policy('Content-Security-Policy-Report-Only', reportOnly))
  const fixed: [string, string][] = []
  for (const [name, value] of Object.entries({ ...defaultFields, ...fields }))
    if (value !== false) fixed.push([name, value])
  // Throws here rather than with every request.
  new ReplyHeaders().set('Strict-Transport-Security', hsts || '')
  for (const [name, value] of fixed) new ReplyHeaders().set(name, value)
  return named('secureHeaders', (c, next) => {
    const nonce = newNonce()
    c.state.nonce = nonce
    return withFields(c, next, (headers, status) => {
      const add = (name: string, value: string): void => {
        if (!headers.has(name)) headers.append(name, value)
      }
      for (const [name, parts] of policies)
        if (status !== 304 || parts.length === 1) add(name, parts.join(`'nonce-${nonce}'`))
      if (status === 304) dropNonces(headers)
      if (hsts && clientOf(c).protocol === 'https') add('Strict-Transport-Security', hsts)
      for (const [name, value] of fixed) add(name, value)
    })
  })
}

/** A policy in parts, between which the nonce goes. @throws TypeError when it is not a valid field value. */
function policy(name: string, directives: Readonly<Record<string, string | false>>): [name: string, parts: string[]] {
  const value = policyText(directives)
  new ReplyHeaders().set(name, value)
  return [name, value.split("'nonce'")]
}

function policyText(directives: Readonly<Record<string, string | false>>): string {
  return Object.entries(directives)
    .filter(([, value]) => value !== false)
    .map(([name, value]) => {
      if (!/^[a-z-]+$/.test(name)) throw new TypeError(`Not the name of a directive: ${JSON.stringify(name)}`)
      // A comma would begin another policy, and a semicolon another directive.
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
