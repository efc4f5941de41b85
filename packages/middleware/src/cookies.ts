// Cookies that are read, set and signed.
import type { KeyObject } from 'node:crypto'
import type { Context, ReplyHeaders } from '@spillway/core'
import { type Rules, either, list, readOptions, required, text } from '@spillway/core/options'
import { type CookieOptions, cookieKey, setCookieValue } from './lib/cookies/set-cookie.ts'
import { sign, unsign } from './lib/cookies/sign.ts'
import { readCookies } from './lib/http/request-cookies.ts'
import { named } from './lib/layers/layer-trace.ts'
import { withFields } from './lib/layers/reply-fields.ts'
import { type Secrets, deriveKeys } from './lib/tools/secrets.ts'
import type { Middleware } from './lib/layers/types.ts'

export type { CookieOptions } from './lib/cookies/set-cookie.ts'
export type { Secrets } from './lib/tools/secrets.ts'

/** The cookies of a request, and those its reply will set. */
export interface Cookies {
  /** What the client sent under this name, percent-decoded; the first value if the name came twice. */
  get(name: string): string | undefined
  /** Everything the client sent, by name. */
  all(): Readonly<Record<string, string | undefined>>
  /**
   * Sets a cookie with the reply. It replaces one set earlier that browsers treat as the same: same name, domain and
   * path (RFC 6265bis §5.7). The value is percent-encoded.
   * @throws TypeError when name, value or attributes are not valid, browsers would drop the cookie, or the reply has begun;
   * RangeError for a `maxAge` that is not a whole number from 0 up.
   */
  set(name: string, value: string, options?: CookieOptions): void
  /** Deletes a cookie; pass the path, domain and `partitioned` it was set with. */
  delete(name: string, options?: Omit<CookieOptions, 'maxAge'>): void
}

/** Cookies, including those that only this application can have made. */
export interface SignedCookies extends Cookies {
  /** The same with a signature: `get` returns only what `set` has signed. The client can read the value. */
  readonly signed: Pick<Cookies, 'get' | 'set'>
}

/** Options of {@link cookies}. */
export interface CookiesOptions {
  /**
   * Key of the signatures, at least 32 bytes. Of several, the first signs and all are accepted: to change the key, put the
   * new one in front.
   */
  readonly secrets: Secrets
}

const rules: Rules<CookiesOptions> = {
  secrets: required(either(text(), list(text()))) as Rules<CookiesOptions>['secrets'],
}

/**
 * Gives handlers `c.state.cookies`. What they set is sent with whatever reply follows, including error replies.
 * Defaults are strict: `Path=/; HttpOnly; Secure; SameSite=Lax`. Signatures are HMAC-SHA-256 (RFC 6265bis, RFC 2104).
 * @throws TypeError when a secret is too short.
 */
export function cookies(): Middleware<{ cookies: Cookies }>
export function cookies(options: CookiesOptions): Middleware<{ cookies: SignedCookies }>
export function cookies(options?: CookiesOptions): Middleware<any> {
  const keys = options ? deriveKeys(readOptions(rules, options).secrets, 'signed cookies') : []
  return named('cookies', (c, next) => {
    const jar = new CookieJar(c, keys)
    c.state.cookies = jar
    return withFields(c, next, (headers) => jar.write(headers))
  })
}

class CookieJar implements SignedCookies {
  readonly #context: Context<any, any>
  readonly #keys: readonly KeyObject[]
  #received: Readonly<Record<string, string | undefined>> | undefined
  #set: Map<string, string> | undefined
  #written = false

  constructor(c: Context<any, any>, keys: readonly KeyObject[]) {
    this.#context = c
    this.#keys = keys
  }

  get signed(): Pick<Cookies, 'get' | 'set'> {
    const keys = this.#keys
    if (keys.length === 0) throw new TypeError('Signed cookies need `secrets`')
    return {
      get: (name) => {
        const value = this.get(name)
        return value === undefined ? undefined : unsign(name, value, keys)
      },
      set: (name, value, cookieOptions) => this.set(name, sign(name, value, keys[0]!), cookieOptions),
    }
  }

  get(name: string): string | undefined {
    return this.all()[name]
  }

  all(): Readonly<Record<string, string | undefined>> {
    return (this.#received ??= readCookies(this.#context))
  }

  set(name: string, value: string, options?: CookieOptions): void {
    if (this.#written)
      throw new TypeError(`Cookie ${JSON.stringify(name)}: the reply has begun, and cannot set it any more`)
    ;(this.#set ??= new Map()).set(cookieKey(name, options), setCookieValue(name, value, options))
  }

  delete(name: string, options?: Omit<CookieOptions, 'maxAge'>): void {
    this.set(name, '', { ...options, maxAge: 0 })
  }

  write(headers: ReplyHeaders): void {
    this.#written = true
    if (this.#set) for (const value of this.#set.values()) headers.append('Set-Cookie', value)
  }
}
