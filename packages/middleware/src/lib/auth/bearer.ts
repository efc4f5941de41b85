import type { Context, HttpError } from '@spillway/core'
import { challenged, credentials, quoted } from './challenge.ts'

/** A token68 (RFC 9110 §11.2): at least one character, and padding only at the end. */
const token68 = /^[\w\-.~+/]+=*$/

/** The bearer token of a request, and the refusals that go with the scheme (RFC 6750). */
export class BearerScheme {
  readonly #challenge: string

  constructor(realm: string) {
    this.#challenge = `Bearer realm=${quoted(realm)}`
  }

  /**
   * @throws HttpError 401 when there is no token; nothing is said about an error then (§3.1). 400 when what there is
   * cannot be one.
   */
  token(c: Context<any, any>): string {
    const token = credentials(c.headers.get('authorization'), 'bearer')
    if (token === undefined) throw challenged(401, 'A bearer token is needed', this.#challenge)
    if (!token68.test(token))
      throw challenged(400, 'Not a bearer token', `${this.#challenge}, error="invalid_request"`, {
        code: 'INVALID_REQUEST',
      })
    return token
  }

  invalid(cause?: unknown): HttpError {
    const challenge = `${this.#challenge}, error="invalid_token"`
    return challenged(401, 'The bearer token is not valid', challenge, { code: 'INVALID_TOKEN', cause })
  }
}
