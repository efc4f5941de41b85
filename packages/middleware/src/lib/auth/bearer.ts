// Where the token of a request is, and the refusals of RFC 6750.
import type { Context, HttpError, MaybePromise, Reply } from '@spillway/core'
import { type Rule, type Rules, flag, list, text } from '@spillway/core/options'
import { isToken } from '@spillway/parser/serialize'
import { keepPrivate } from '../http/private-reply.ts'
import { readCookies } from '../http/request-cookies.ts'
import { atOnce } from '../layers/at-once.ts'
import { withFields } from '../layers/reply-fields.ts'
import type { SecurityScheme } from '../layers/route-notes.ts'
import type { Next } from '../layers/types.ts'
import { challenged, credentials, quoted } from './challenge.ts'

/**
 * Where a token is looked for. `authorization` is the field. Browsers send a cookie automatically, even with requests from pages of
 * other sites: such an application needs `csrf`. A query parameter ends up in logs and histories; it is for clients that
 * cannot send fields, such as a link or a WebSocket opened by a browser.
 */
export type TokenSource =
  | 'authorization'
  | { readonly cookie: string }
  | { readonly query: string }
  | ((c: Context<any, any>) => string | undefined)

/** How a token is sent. */
export interface TokenOptions {
  /** Name of the scheme in Authorization. Default: `Bearer`. */
  readonly scheme?: string
  /** Where the token is; the first source that has one counts. Default: `['authorization']`. */
  readonly from?: readonly TokenSource[]
  /** The protection space that challenges name (RFC 9110 §11.5). Default: `restricted`. */
  readonly realm?: string
}

/** Lets requests without credentials pass. */
export interface MayGoWithout {
  /** Whether requests without credentials go on. Wrong ones are refused all the same. Default: false. */
  readonly optional: boolean
}

const source: Rule<TokenSource> = {
  fallback: 'authorization',
  read(value, name) {
    const { cookie, query } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
    const isNamed = typeof (cookie ?? query) === 'string' && Object.keys(value as object).length === 1
    if (value === 'authorization' || typeof value === 'function' || isNamed) return value as TokenSource
    throw new TypeError(`The option \`${name}\` is 'authorization', { cookie }, { query } or a function`)
  },
}

export const tokenRules: Rules<Required<TokenOptions> & MayGoWithout> = {
  scheme: text('Bearer'),
  from: list(source, ['authorization']),
  realm: text('restricted'),
  optional: flag(),
}

/** A token68 (RFC 9110 §11.2): at least one character, and padding only at the end. */
const token68 = /^[\w\-.~+/]+=*$/

/** The token of a request, and the refusals that go with its scheme (RFC 6750). */
export class BearerScheme {
  readonly #challenge: string
  readonly #scheme: string
  readonly #from: readonly TokenSource[]

  /** @throws TypeError for a scheme that is not a token, a realm that cannot be quoted, or no source at all. */
  constructor({ scheme, from, realm }: Required<TokenOptions>) {
    if (!isToken(scheme)) throw new TypeError(`The scheme is a token, not ${JSON.stringify(scheme)}`)
    if (from.length === 0) throw new TypeError('The option `from` needs at least one place to look for a token')
    this.#challenge = `${scheme} realm=${quoted(realm)}`
    this.#scheme = scheme.toLowerCase()
    this.#from = from
  }

  /** Whether tokens may be in URLs; replies to such requests must not be stored for others. */
  get isInQuery(): boolean {
    return this.#from.some((each) => typeof each === 'object' && 'query' in each)
  }

  /**
   * The token; undefined when there is none.
   * @throws HttpError 400 when the content of Authorization cannot be a token.
   */
  find(c: Context<any, any>): string | undefined {
    for (const each of this.#from) {
      const token = each === 'authorization' ? this.#authorization(c) : tokenIn(c, each)
      if (token !== undefined && token !== '') return token
    }
    return undefined
  }

  /** The OpenAPI description: the first place where a token is looked for. @param format of the token. */
  described(format?: string): SecurityScheme {
    const first = this.#from.find((each) => typeof each !== 'function')
    if (first === undefined || first === 'authorization')
      return { type: 'http', scheme: this.#scheme, ...(format !== undefined && { bearerFormat: format }) }
    return 'cookie' in first
      ? { type: 'apiKey', in: 'cookie', name: first.cookie }
      : { type: 'apiKey', in: 'query', name: first.query }
  }

  /** The error for a request without a token; its challenge names no error (§3.1). */
  missing(): HttpError {
    return challenged(401, 'A bearer token is needed', this.#challenge)
  }

  /** @param expired whether the token was valid before, so that the client may ask for a new one. */
  invalid(cause?: unknown, expired: boolean = false): HttpError {
    const challenge = `${this.#challenge}, error="invalid_token"`
    if (!expired) return challenged(401, 'The bearer token is not valid', challenge, { code: 'INVALID_TOKEN', cause })
    const description = `${challenge}, error_description="The token has expired"`
    return challenged(401, 'The bearer token has expired', description, { code: 'TOKEN_EXPIRED', cause })
  }

  /** Goes on. Replies to requests whose URL may hold a token are kept from shared caches (§2.3). */
  proceed(c: Context<any, any>, next: Next): MaybePromise<Reply> {
    return this.isInQuery ? withFields(c, next, (headers) => keepPrivate(headers, 'private')) : next()
  }

  #authorization(c: Context<any, any>): string | undefined {
    const token = credentials(c.headers.get('authorization'), this.#scheme)
    if (token === undefined || token68.test(token)) return token
    throw this.#malformed()
  }

  #malformed(): HttpError {
    return challenged(400, 'Not a bearer token', `${this.#challenge}, error="invalid_request"`, {
      code: 'INVALID_REQUEST',
    })
  }
}

function tokenIn(c: Context<any, any>, from: Exclude<TokenSource, 'authorization'>): string | undefined {
  if (typeof from === 'function') return textOf(atOnce(from(c), '`from`'))
  if ('cookie' in from) return readCookies(c)[from.cookie]
  // If there are several, it is not clear which one is meant.
  const [value, ...others] = new URLSearchParams(c.search).getAll(from.query)
  return others.length === 0 ? value : undefined
}

function textOf(token: unknown): string | undefined {
  if (token === undefined || token === null || typeof token === 'string') return token ?? undefined
  throw new TypeError(`\`from\` must return text or undefined, not ${typeof token}`)
}
