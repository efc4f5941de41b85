// Who a client is, according to a signed token (RFC 7519).
import type { MaybePromise, Reply } from '@spillway/core'
import {
  type CryptoKey,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type KeyObject,
  errors,
  jwtVerify,
} from 'jose'
import {
  type Rule,
  amount,
  callback,
  either,
  flag,
  list,
  optional,
  readOptions,
  record,
  required,
  text,
  thing,
} from '@spillway/core/options'
import { BearerScheme, type MayGoWithout, type TokenOptions, tokenRules } from './lib/auth/bearer.ts'
import { checkKey } from './lib/auth/jwt-keys.ts'
import { named } from './lib/layers/layer-trace.ts'
import { note, proof } from './lib/layers/route-notes.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link jwt}: those of jose's `jwtVerify`, of which `issuer` and `audience` should be given. */
export interface JwtOptions<Claims extends object> extends Omit<JWTVerifyOptions, 'algorithms'>, TokenOptions {
  /** The key, or a function that finds it, such as `createRemoteJWKSet(url)`. A secret has at least 32 bytes. */
  readonly key: CryptoKey | KeyObject | Uint8Array | JWTVerifyGetKey
  /** Accepted algorithms. There is no default: the token must never be the one to choose (RFC 8725 §3.1). */
  readonly algorithms: [string, ...string[]]
  /**
   * Turns the verified payload into what handlers see, or returns nothing (undefined, null) when it is not acceptable. Default: the
   * payload itself.
   */
  readonly claims?: (payload: JWTPayload) => MaybePromise<Claims | undefined | null>
}

/** Seconds, or a time span in words as jose parses it. */
const span = optional(either(amount(0, { to: Number.MAX_SAFE_INTEGER }), text()))
const names = optional(either(text(), list(text())))

const optionRules = {
  key: required(thing<JwtOptions<object>['key']>('a key or a function')),
  algorithms: required(list(text())),
  claims: callback<(payload: JWTPayload) => unknown>(),
  ...tokenRules,
  requiredClaims: list(text(), ['exp']),
  issuer: names,
  audience: names,
  subject: optional(text()),
  typ: optional(text()),
  clockTolerance: span,
  maxTokenAge: span,
  currentDate: thing<Date>('a date'),
  crit: optional(record(flag())),
} satisfies { readonly [K in keyof (JwtOptions<object> & MayGoWithout)]-?: Rule<unknown> }

/**
 * Asks for a JSON Web Token (RFC 7519) as bearer token, verifies it with `jose`, and puts its claims into
 * `c.state.claims`. A token without an expiration is refused unless `requiredClaims` says otherwise. Without a valid token the
 * reply is 401, with the code `TOKEN_EXPIRED` for an expired one; when keys cannot be fetched, the error is the application's: 500.
 * @throws TypeError when no algorithm is listed, one does not fit keys of this kind, a secret is shorter than 32 bytes or an RSA key
 * than 2048 bits; RangeError for seconds that are NaN or below 0.
 */
export function jwt<Claims extends object = JWTPayload>(
  options: JwtOptions<Claims> & MayGoWithout,
): Middleware<{ claims: Claims | undefined }>
export function jwt<Claims extends object = JWTPayload>(options: JwtOptions<Claims>): Middleware<{ claims: Claims }>
export function jwt<Claims extends object = JWTPayload>(options: JwtOptions<Claims>): Middleware<any> {
  const { key, claims: read, scheme: name, from, realm, optional: maybe, ...rest } = readOptions(optionRules, options)
  const verification = rest as JWTVerifyOptions & { readonly algorithms: readonly string[] }
  if (verification.algorithms.length === 0) throw new TypeError('At least one algorithm has to be listed')
  if (typeof key !== 'function') checkKey(key, verification.algorithms)
  const scheme = new BearerScheme({ scheme: name, from, realm })
  const verify = async (token: string): Promise<Claims> => {
    const payload = await payloadOf(token, key, verification, scheme)
    const claims = (read ? await read(payload) : payload) as Claims | undefined | null
    if (claims === undefined || claims === null) throw scheme.invalid()
    return claims
  }
  const guard: Middleware<any> = async (c, next): Promise<Reply> => {
    const token = scheme.find(c)
    if (token !== undefined) c.state.claims = await verify(token)
    else if (!maybe) throw scheme.missing()
    return scheme.proceed(c, next)
  }
  return note(named('jwt', guard), [proof({ jwt: scheme.described('JWT') }, maybe)])
}

/** @throws HttpError 401 when the token is at fault; otherwise whatever the search for its key failed with. */
async function payloadOf(
  token: string,
  key: JwtOptions<object>['key'],
  options: JWTVerifyOptions,
  scheme: BearerScheme,
): Promise<JWTPayload> {
  let failure: { readonly error: unknown } | undefined
  const search: JWTVerifyGetKey = async (...args) => {
    try {
      return await (key as JWTVerifyGetKey)(...args)
    } catch (error) {
      failure = { error }
      throw error
    }
  }
  try {
    // One overload takes keys, the other a function that finds them.
    return (await jwtVerify(token, typeof key === 'function' ? search : (key as unknown as JWTVerifyGetKey), options))
      .payload
  } catch (error) {
    if (failure?.error === error ? !isRefusal(error) : !isAboutToken(error)) throw error
    throw scheme.invalid(error, error instanceof errors.JWTExpired)
  }
}

/** Whether jose blames the token: a TypeError says that the key it found does not fit the token's algorithm. */
function isAboutToken(error: unknown): boolean {
  return isRefusal(error) || error instanceof TypeError
}

/** Codes of jose's errors for keys that it cannot fetch or understand. */
const searchFailed: ReadonlySet<string> = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'])

/** Whether the token failed, and not the search for its key. */
function isRefusal(error: unknown): boolean {
  return error instanceof errors.JOSEError && !searchFailed.has(error.code)
}
