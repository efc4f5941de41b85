import type { Context, MaybePromise } from '@spillway/core'
import { BearerScheme } from './lib/auth/bearer.ts'
import { challenged, credentials, quoted } from './lib/auth/challenge.ts'
import { after } from './lib/layers/maybe-promise.ts'
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

/**
 * Asks for a name and a password (RFC 7617, in UTF-8) and puts whoever `verify` finds into `c.state.user`. Without, or
 * with others: 401 and a challenge. The password can be read on the way, so serve it over TLS only.
 * @throws TypeError when the realm cannot be quoted.
 */
export function basicAuth<User>(options: BasicAuthOptions<User>): Middleware<{ user: User }> {
  const challenge = `Basic realm=${quoted(options.realm ?? 'restricted')}, charset="UTF-8"`
  return authenticate(
    (c) => {
      const pair = decodeBasic(credentials(c.headers.get('authorization'), 'basic'))
      return pair && options.verify(pair.name, pair.password, c)
    },
    () => challenged(401, 'A name and a password are needed', challenge),
  )
}

/**
 * Asks for a bearer token (RFC 6750) in the Authorization field, and nowhere else, and puts whoever `verify` finds into
 * `c.state.user`. 401 without or with a wrong one, 400 for what cannot be a token.
 * @throws TypeError when the realm cannot be quoted.
 */
export function bearerAuth<User>(options: BearerAuthOptions<User>): Middleware<{ user: User }> {
  const scheme = new BearerScheme(options.realm ?? 'restricted')
  return authenticate(
    (c) => options.verify(scheme.token(c), c),
    () => scheme.invalid(),
  )
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
function decodeBasic(text: string | undefined): { name: string; password: string } | undefined {
  if (text === undefined || !/^[A-Za-z\d+/]+={0,2}$/.test(text)) return undefined
  let pair
  try {
    pair = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, 'base64'))
  } catch {
    return undefined
  }
  const colon = pair.indexOf(':')
  // eslint-disable-next-line no-control-regex
  if (colon < 0 || /[\0-\x1f\x7f]/.test(pair)) return undefined
  return { name: pair.slice(0, colon), password: pair.slice(colon + 1) }
}
