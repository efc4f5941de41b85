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
import { BearerScheme } from './lib/auth/bearer.ts'
import { note } from './lib/layers/route-notes.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link jwt}: those of jose's `jwtVerify`, of which `issuer` and `audience` should be given. */
export interface JwtOptions<Claims extends object> extends Omit<JWTVerifyOptions, 'algorithms'> {
  /** The key, or what finds it: `createRemoteJWKSet(url)` for example. A secret has 32 bytes or more. */
  readonly key: CryptoKey | KeyObject | Uint8Array | JWTVerifyGetKey
  /** Algorithms that are accepted. There is no default: it must never be the token that chooses (RFC 8725 §3.1). */
  readonly algorithms: [string, ...string[]]
  /**
   * Makes of the verified payload what handlers see, or nothing (undefined, null) when it is not acceptable. Default: the
   * payload as it is.
   */
  readonly claims?: (payload: JWTPayload) => MaybePromise<Claims | undefined | null>
  /** Default: `restricted`. */
  readonly realm?: string
}

/** Seconds, or a span in words as jose reads it. */
const span = optional(either(amount(0, { to: Number.MAX_SAFE_INTEGER }), text()))
const names = optional(either(text(), list(text())))

const optionRules = {
  key: required(thing<JwtOptions<object>['key']>('a key or a function')),
  algorithms: required(list(text())),
  claims: callback<(payload: JWTPayload) => unknown>(),
  realm: text('restricted'),
  requiredClaims: list(text(), ['exp']),
  issuer: names,
  audience: names,
  subject: optional(text()),
  typ: optional(text()),
  clockTolerance: span,
  maxTokenAge: span,
  currentDate: thing<Date>('a date'),
  crit: optional(record(flag())),
} satisfies { readonly [K in keyof JwtOptions<object>]-?: Rule<unknown> }

/**
 * Asks for a JSON Web Token (RFC 7519) as bearer token, verifies it with `jose`, and puts its claims into
 * `c.state.claims`. A token without an expiration is refused unless `requiredClaims` says otherwise. 401 without a valid
 * one; when keys cannot be fetched the error is the application's, 500.
 * @throws TypeError when no algorithm is listed or a secret is shorter than 32 bytes; RangeError for seconds that are NaN or
 * below 0.
 */
export function jwt<Claims extends object = JWTPayload>(options: JwtOptions<Claims>): Middleware<{ claims: Claims }> {
  const { key, claims: read, realm, ...verification } = readOptions(optionRules, options)
  if (verification.algorithms.length === 0) throw new TypeError('At least one algorithm has to be listed')
  if (key instanceof Uint8Array && key.length < 32) throw new TypeError('A secret has at least 32 bytes')
  const rules = verification as JWTVerifyOptions
  const scheme = new BearerScheme(realm)
  const verify = async (token: string): Promise<Claims> => {
    let payload
    try {
      // One overload takes keys, the other what finds them.
      payload = (await jwtVerify(token, key as JWTVerifyGetKey, rules)).payload
    } catch (error) {
      throw isRefusal(error) ? scheme.invalid(error) : error
    }
    const claims = (read ? await read(payload) : payload) as Claims | undefined | null
    if (claims === undefined || claims === null) throw scheme.invalid()
    return claims
  }
  const guard: Middleware<{ claims: Claims }> = async (c, next): Promise<Reply> => {
    c.state.claims = await verify(scheme.token(c))
    return next()
  }
  return note(guard, [{ security: { jwt: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } }])
}

/** What jose says when it cannot fetch keys, or understand them. */
const searchFailed: ReadonlySet<string> = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'])

/** Whether it is the token that failed, and not the search for its key. */
function isRefusal(error: unknown): boolean {
  return error instanceof errors.JOSEError && !searchFailed.has(error.code)
}
