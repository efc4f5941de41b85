// Users and their names.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { defineMiddleware, type Middleware } from '@spillway/middleware'
import { ProblemError } from '@spillway/middleware/problem'
import type { Session } from '@spillway/middleware/sessions'
import type { Store } from './store/store.ts'

/** The content of a session. */
export interface Known {
  name: string
}

const derive = promisify<string, Buffer, number, Buffer>(scrypt)

/**
 * Whether somebody may use a name. The first who does sets its password.
 * @throws ProblemError 503 when no more users fit.
 */
export async function mayHave(store: Store, name: string, password: string): Promise<boolean> {
  const salt = randomBytes(16)
  const offered = `${salt.toString('base64url')}.${(await derive(password, salt, 32)).toString('base64url')}`
  const secret = await store.secretOf(name, offered)
  if (secret === undefined) throw new ProblemError(503, 'FULL', { detail: 'There is no room for more users' })
  if (secret === offered) return true
  const [itsSalt, hash] = secret.split('.').map((part) => Buffer.from(part, 'base64url'))
  return timingSafeEqual(await derive(password, itsSalt!, 32), hash!)
}

/** Lets only signed-in users pass. */
export const signedIn: Middleware<{ name: string }, { session: Session<Known> }> = defineMiddleware<
  { name: string },
  { session: Session<Known> }
>((c, next) => {
  const { name } = c.state.session.data
  if (name === undefined) throw new ProblemError(401, 'SIGN_IN', { detail: 'Sign in first' })
  c.state.name = name
  return next()
})
