import type { Context, MaybePromise } from '@spillway/core'
import { callback, readOptions, required, text } from '@spillway/core/options'
import { BearerScheme } from './lib/auth/bearer.ts'
import { challenged, credentials, quoted } from './lib/auth/challenge.ts'
import { after } from './lib/layers/maybe-promise.ts'
import { note } from './lib/layers/route-notes.ts'
import type { Middleware } from './lib/layers/types.ts'

export { sameText } from './lib/tools/secrets.ts'

/** What `verify` says of credentials that are nobody's. */
export type Nobody = undefined | null | false

/** Options of {@link basicAuth}. */
export interface BasicAuthOptions<User> {
  /**
   * Says who it is, or nothing (undefined, null, false) when name and password do not fit. Compare with `sameText`, or better with the verification
   * of a password hash, and take as long for a name that does not exist.
   */
  readonly verify: (name: string, password: string, c: Context) => MaybePromise<User | Nobody>
  /** What the browser shows when it asks. Default: `restricted`. */
  readonly realm?: string
}

/** Options of {@link bearerAuth}. */
export interface BearerAuthOptions<User> {
  /** Says whose token it is, or nothing (undefined, null, false) when it is nobody's. Look it up by a digest, or compare with `sameText`. */
  readonly verify: (token: string, c: Context) => MaybePromise<User | Nobody>
  /** Default: `restricted`. */
  readonly realm?: string
}

const realm = text('restricted')
const basicRules = { verify: required(callback<BasicAuthOptions<unknown>['verify']>()), realm }
const bearerRules = { verify: required(callback<BearerAuthOptions<unknown>['verify']>()), realm }

/**
 * Asks for a name and a password (RFC 7617, in UTF-8) and puts whoever `verify` finds into `c.state.user`. Without, or
 * with others: 401 and a challenge. The password can be read on the way, so serve it over TLS only.
 * @throws TypeError without `verify`, and when the realm cannot be quoted.
 */
export function basicAuth<User>(options: BasicAuthOptions<User>): Middleware<{ user: User }> {
  const known = readOptions(basicRules, options)
  const verify = known.verify as BasicAuthOptions<User>['verify']
  const challenge = `Basic realm=${quoted(known.realm)}, charset="UTF-8"`
  const guard = authenticate<User>(
    (c) => {
      const pair = decodeBasic(credentials(c.headers.get('authorization'), 'basic'))
      return pair && verify(pair.name, pair.password, c)
    },
    () => challenged(401, 'A name and a password are needed', challenge),
  )
  return note(guard, [{ security: { basic: { type: 'http', scheme: 'basic' } } }])
}

/**
 * Asks for a bearer token (RFC 6750) in the Authorization field, and nowhere else, and puts whoever `verify` finds into
 * `c.state.user`. 401 without or with a wrong one, 400 for what cannot be a token.
 * @throws TypeError without `verify`, and when the realm cannot be quoted.
 */
export function bearerAuth<User>(options: BearerAuthOptions<User>): Middleware<{ user: User }> {
  const known = readOptions(bearerRules, options)
  const verify = known.verify as BearerAuthOptions<User>['verify']
  const scheme = new BearerScheme(known.realm)
  const guard = authenticate<User>(
    (c) => verify(scheme.token(c), c),
    () => scheme.invalid(),
  )
  return note(guard, [{ security: { bearer: { type: 'http', scheme: 'bearer' } } }])
}

function authenticate<User>(
  find: (c: Context<any, any>) => MaybePromise<User | Nobody>,
  refuse: () => Error,
): Middleware<{ user: User }> {
  return (c, next) =>
    after(find(c), (user) => {
      if (user === undefined || user === null || user === false) throw refuse()
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
