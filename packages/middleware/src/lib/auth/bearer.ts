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
 * Where a token is looked for. `authorization` is the field. A cookie is sent by browsers on their own, with requests of other
 * sites' pages as well: such an application needs `csrf`. A parameter of the query ends up in logs and histories; it is for what
 * cannot send fields, a link or a WebSocket of a browser.
 */
export type TokenSource =
  | 'authorization'
  | { readonly cookie: string }
  | { readonly query: string }
  | ((c: Context<any, any>) => string | undefined)

/** How a token comes. */
export interface TokenOptions {
  /** Name of the scheme in Authorization. Default: `Bearer`. */
  readonly scheme?: string
  /** Where the token is, the first that has one counts. Default: `['authorization']`. */
  readonly from?: readonly TokenSource[]
  /** Default: `restricted`. */
  readonly realm?: string
}

/** Says that there are requests to answer without credentials, too. */
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

  /** @throws TypeError for a scheme that is no token, a realm that cannot be quoted, or no source at all. */
  constructor({ scheme, from, realm }: Required<TokenOptions>) {
    if (!isToken(scheme)) throw new TypeError(`The scheme is a token, not ${JSON.stringify(scheme)}`)
    if (from.length === 0) throw new TypeError('A token has to be looked for somewhere')
    this.#challenge = `${scheme} realm=${quoted(realm)}`
    this.#scheme = scheme.toLowerCase()
    this.#from = from
  }

  /** Whether tokens may be in URLs, so that what is answered with them is for nobody else. */
  get isInQuery(): boolean {
    return this.#from.some((each) => typeof each === 'object' && 'query' in each)
  }

  /**
   * Undefined when there is none.
   * @throws HttpError 400 when what there is in Authorization cannot be one.
   */
  find(c: Context<any, any>): string | undefined {
    for (const each of this.#from) {
      const token = each === 'authorization' ? this.#authorization(c) : tokenIn(c, each)
      if (token !== undefined && token !== '') return token
    }
    return undefined
  }

  /** What OpenAPI has to say of it: where a token is looked for first. @param format of the token. */
  described(format?: string): SecurityScheme {
    const first = this.#from.find((each) => typeof each !== 'function')
    if (first === undefined || first === 'authorization')
      return { type: 'http', scheme: this.#scheme, ...(format !== undefined && { bearerFormat: format }) }
    return 'cookie' in first
      ? { type: 'apiKey', in: 'cookie', name: first.cookie }
      : { type: 'apiKey', in: 'query', name: first.query }
  }

  /** The error of a request without a token: nothing is said about an error then (§3.1). */
  missing(): HttpError {
    return challenged(401, 'A bearer token is needed', this.#challenge)
  }

  /** @param expired whether it was valid until a while ago, so that the client may ask for another one. */
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
  // Of several, nobody can say which one is meant.
  const [value, ...others] = new URLSearchParams(c.search).getAll(from.query)
  return others.length === 0 ? value : undefined
}

function textOf(token: unknown): string | undefined {
  if (token === undefined || token === null || typeof token === 'string') return token ?? undefined
  throw new TypeError(`\`from\` answers with text or undefined, not with ${typeof token}`)
}
