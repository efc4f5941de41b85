// Tokens of users.
import type { Middleware } from '@spillway/middleware'
import { defineMiddleware } from '@spillway/middleware'
import { describe } from '@spillway/middleware/openapi'
import { ProblemError } from '@spillway/middleware/problem'
import { SignJWT, errors, jwtVerify } from 'jose'
import type { UserRow, Users } from './users.ts'

/** Tokens of users: who has one is that user for a week. */
export class Tokens {
  readonly #key: Uint8Array
  readonly #users: Users

  constructor(secret: string, users: Users) {
    this.#key = new TextEncoder().encode(secret)
    this.#users = users
  }

  for({ id }: UserRow): Promise<string> {
    return new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(String(id))
      .setExpirationTime('7d')
      .sign(this.#key)
  }

  /** Puts the user of the token into the state; nobody without a token. An invalid token is answered with 401. */
  readonly reader: Middleware<{ reader: UserRow | undefined }> = defineMiddleware<{ reader: UserRow | undefined }>(
    async (c, next) => {
      const field = c.headers.get('authorization')
      c.state.reader = field === null ? undefined : await this.#userOf(field)
      return next()
    },
  )

  /** Lets only signed-in users pass. */
  readonly user: Middleware<{ user: UserRow }, { reader: UserRow | undefined }> = defineMiddleware<
    { user: UserRow },
    { reader: UserRow | undefined }
  >((c, next) => {
    if (!c.state.reader) throw unauthorized()
    c.state.user = c.state.reader
    return next()
  })

  async #userOf(field: string): Promise<UserRow> {
    const [, token] = /^(?:Token|Bearer) ([\w.-]+)$/i.exec(field) ?? []
    if (token === undefined) throw unauthorized()
    try {
      const { payload } = await jwtVerify(token, this.#key, { algorithms: ['HS256'] })
      const user = await this.#users.byId(Number(payload.sub))
      if (user) return user
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error
    }
    throw unauthorized()
  }
}

/** The description for OpenAPI. */
export const secured: Middleware = describe({
  security: { token: { type: 'apiKey', in: 'header', name: 'Authorization', description: '`Token …`' } },
})

function unauthorized(): ProblemError {
  const error = new ProblemError(401, 'TOKEN_NEEDED', { detail: 'A token is needed' })
  error.headers.set('WWW-Authenticate', 'Token')
  return error
}
