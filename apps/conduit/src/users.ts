// Users in the database.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { ProblemError } from '@spillway/middleware/problem'
import type { z } from 'zod'
import { type Database, TakenError, one } from './database/database.ts'
import type { Profile, Registration, UserChange } from './schemas.ts'

/** A user as it is stored. */
export interface UserRow {
  readonly id: number
  readonly username: string
  readonly email: string
  readonly password: string
  readonly bio: string | null
  readonly image: string | null
}

const derive = promisify<string, Buffer, number, Buffer>(scrypt)

async function hashed(password: string): Promise<string> {
  const salt = randomBytes(16)
  return `${salt.toString('base64url')}.${(await derive(password, salt, 32)).toString('base64url')}`
}

/** A hash to compare with when there is no such user, so that it takes as long. */
const nobody = `${'A'.repeat(22)}.${'A'.repeat(43)}`

/** The properties of a user that can be changed. */
const columns = ['username', 'email', 'password', 'bio', 'image'] as const

export class Users {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  byId(id: number): Promise<UserRow | undefined> {
    return one(this.#database, 'SELECT * FROM users WHERE id = ?', id)
  }

  byName(username: string): Promise<UserRow | undefined> {
    return one(this.#database, 'SELECT * FROM users WHERE username = ?', username)
  }

  /** @throws ProblemError 422 when name or address are taken. */
  async add({ username, email, password }: z.infer<typeof Registration>): Promise<UserRow> {
    const sql = 'INSERT INTO users (username, email, password) VALUES (?, ?, ?) RETURNING *'
    return this.#write(sql, username, email, await hashed(password))
  }

  /** Undefined when the address or the password is wrong. */
  async withPassword(email: string, password: string): Promise<UserRow | undefined> {
    const user = await one<UserRow>(this.#database, 'SELECT * FROM users WHERE email = ?', email)
    const [salt, hash] = (user?.password ?? nobody).split('.').map((part) => Buffer.from(part, 'base64url'))
    return timingSafeEqual(await derive(password, salt!, 32), hash!) ? user : undefined
  }

  /** @throws ProblemError 422 when name or address are taken. */
  async change(user: UserRow, change: z.infer<typeof UserChange>): Promise<UserRow> {
    const { password, image, ...rest } = change
    const next: UserRow = {
      ...user,
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
      ...(image !== undefined && { image: image === '' ? null : image }),
      ...(password !== undefined && { password: await hashed(password) }),
    }
    const sql = `UPDATE users SET ${columns.map((name) => `${name} = ?`).join(', ')} WHERE id = ? RETURNING *`
    return this.#write(sql, ...columns.map((name) => next[name]), user.id)
  }

  async profile({ id, username, bio, image }: UserRow, viewer: UserRow | undefined): Promise<z.infer<typeof Profile>> {
    return { username, bio, image, following: viewer !== undefined && (await this.#follows(viewer.id, id)) }
  }

  async follow(follower: UserRow, followed: UserRow, wanted: boolean): Promise<void> {
    const sql = wanted
      ? 'INSERT INTO follows (follower, followed) VALUES (?, ?) ON CONFLICT DO NOTHING'
      : 'DELETE FROM follows WHERE follower = ? AND followed = ?'
    await this.#database.all(sql, follower.id, followed.id)
  }

  async #follows(follower: number, followed: number): Promise<boolean> {
    const sql = 'SELECT follower FROM follows WHERE follower = ? AND followed = ?'
    return (await one(this.#database, sql, follower, followed)) !== undefined
  }

  async #write(sql: string, ...values: readonly (string | number | null)[]): Promise<UserRow> {
    try {
      return (await one<UserRow>(this.#database, sql, ...values))!
    } catch (error) {
      if (!(error instanceof TakenError)) throw error
      const errors = [{ in: 'body', pointer: `#/user/${error.column}`, detail: 'has already been taken' }]
      throw new ProblemError(422, 'TAKEN', { detail: 'The request is not valid', errors }, error)
    }
  }
}
