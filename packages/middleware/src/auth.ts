// Who a client is, according to a password or a token.
import type { Context, MaybePromise, Reply } from '@spillway/core'
import { callback, flag, readOptions, required, text } from '@spillway/core/options'
import { BearerScheme, type MayGoWithout, type TokenOptions, tokenRules } from './lib/auth/bearer.ts'
import { challenged, credentials, quoted } from './lib/auth/challenge.ts'
import { named } from './lib/layers/layer-trace.ts'
import { after } from './lib/layers/maybe-promise.ts'
import { note, proof } from './lib/layers/route-notes.ts'
import type { Middleware, Next } from './lib/layers/types.ts'

export type { MayGoWithout, TokenOptions, TokenSource } from './lib/auth/bearer.ts'
export { sameText } from './lib/tools/secrets.ts'

/** What `verify` returns for credentials that belong to nobody. */
export type Nobody = undefined | null | false

/** Options of {@link basicAuth}. */
export interface BasicAuthOptions<User> {
  /**
   * Returns the user, or nothing (undefined, null, false) when name and password do not match. Compare with `sameText`, or better by
   * verifying a password hash, and take just as long for a name that does not exist.
   */
  readonly verify: (name: string, password: string, c: Context) => MaybePromise<User | Nobody>
  /** What the browser shows when it asks for the password. Default: `restricted`. */
  readonly realm?: string
}

/** Options of {@link bearerAuth}. */
export interface BearerAuthOptions<User> extends TokenOptions {
  /** Returns the owner of the token, or nothing (undefined, null, false). Look tokens up by a digest, or compare with `sameText`. */
  readonly verify: (token: string, c: Context) => MaybePromise<User | Nobody>
}

const basicRules = {
  verify: required(callback<BasicAuthOptions<unknown>['verify']>()),
  realm: text('restricted'),
  optional: flag(),
}
const bearerRules = { verify: required(callback<BearerAuthOptions<unknown>['verify']>()), ...tokenRules }

/**
 * Asks for a name and a password (RFC 7617, in UTF-8) and puts what `verify` returns into `c.state.user`. Requests without
 * credentials, or with wrong ones, get 401 and a challenge. The password can be read on the way, so use it only over TLS.
 * @throws TypeError without `verify`, and when the realm cannot be quoted.
 */
export function basicAuth<User>(options: BasicAuthOptions<User> & MayGoWithout): Middleware<{ user: User | undefined }>
export function basicAuth<User>(options: BasicAuthOptions<User>): Middleware<{ user: User }>
export function basicAuth<User>(options: BasicAuthOptions<User>): Middleware<any> {
  const { realm, optional, ...known } = readOptions(basicRules, options)
  const verify = known.verify as BasicAuthOptions<User>['verify']
  const challenge = `Basic realm=${quoted(realm)}, charset="UTF-8"`
  const refused = (): Error => challenged(401, 'A name and a password are needed', challenge)
  const guard: Middleware<any> = (c, next) => {
    const encoded = credentials(c.headers.get('authorization'), 'basic')
    if (encoded === undefined && optional) return next()
    const pair = decodeBasic(encoded)
    if (!pair) throw refused()
    return admit(c, verify(pair.name, pair.password, c), refused, next)
  }
  return note(named('basicAuth', guard), [proof({ basic: { type: 'http', scheme: 'basic' } }, optional)])
}

/**
 * Asks for a bearer token (RFC 6750) in the Authorization field, or where `from` says, and puts what `verify` returns into
 * `c.state.user`. The reply is 401 without a token or with a wrong one, 400 for something that cannot be a token.
 * @throws TypeError without `verify`, when the realm cannot be quoted, and for a scheme that is not a token (RFC 9110 §5.6.2).
 */
export function bearerAuth<User>(
  options: BearerAuthOptions<User> & MayGoWithout,
): Middleware<{ user: User | undefined }>
export function bearerAuth<User>(options: BearerAuthOptions<User>): Middleware<{ user: User }>
export function bearerAuth<User>(options: BearerAuthOptions<User>): Middleware<any> {
  const { optional, ...known } = readOptions(bearerRules, options)
  const verify = known.verify as BearerAuthOptions<User>['verify']
  const scheme = new BearerScheme(known)
  const guard: Middleware<any> = (c, next) => {
    const token = scheme.find(c)
    if (token === undefined && !optional) throw scheme.missing()
    if (token === undefined) return scheme.proceed(c, next)
    return admit(
      c,
      verify(token, c),
      () => scheme.invalid(),
      () => scheme.proceed(c, next),
    )
  }
  return note(named('bearerAuth', guard), [proof({ bearer: scheme.described() }, optional)])
}

function admit<User>(
  c: Context<any, any>,
  found: MaybePromise<User | Nobody>,
  refused: () => Error,
  next: Next,
): MaybePromise<Reply> {
  return after(found, (user) => {
    if (user === undefined || user === null || user === false) throw refused()
    c.state.user = user
    return next()
  })
}

/** Strict base64, UTF-8, and no control characters (RFC 7617 §2). */
function decodeBasic(encoded: string | undefined): { name: string; password: string } | undefined {
  if (encoded === undefined || !/^[A-Za-z\d+/]+={0,2}$/.test(encoded)) return undefined
  let pair
  try {
    pair = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, 'base64'))
  } catch {
    return undefined
  }
  const colon = pair.indexOf(':')
  // eslint-disable-next-line no-control-regex
  if (colon < 0 || /[\0-\x1f\x7f]/.test(pair)) return undefined
  return { name: pair.slice(0, colon), password: pair.slice(colon + 1) }
}
