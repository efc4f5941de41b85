import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { ProblemError } from '@spillway/middleware/problem'
import type Database from 'better-sqlite3'
import type { z } from 'zod'
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

/** What is compared with when there is no such user, so that it takes as long. */
const nobody = `${'A'.repeat(22)}.${'A'.repeat(43)}`

export class Users {
  readonly #database: Database.Database

  constructor(database: Database.Database) {
    this.#database = database
  }

  byId(id: number): UserRow | undefined {
    return this.#database.prepare<[number], UserRow>('SELECT * FROM users WHERE id = ?').get(id)
  }

  byName(username: string): UserRow | undefined {
    return this.#database.prepare<[string], UserRow>('SELECT * FROM users WHERE username = ?').get(username)
  }

  /** @throws ProblemError 422 when name or address are taken. */
  async add({ username, email, password }: z.infer<typeof Registration>): Promise<UserRow> {
    const secret = await hashed(password)
    return this.#whole(() =>
      this.#database
        .prepare<string[], UserRow>('INSERT INTO users (username, email, password) VALUES (?, ?, ?) RETURNING *')
        .get(username, email, secret),
    )
  }

  /** Undefined when address and password do not fit. */
  async withPassword(email: string, password: string): Promise<UserRow | undefined> {
    const user = this.#database.prepare<[string], UserRow>('SELECT * FROM users WHERE email = ?').get(email)
    const [salt, hash] = (user?.password ?? nobody).split('.').map((part) => Buffer.from(part, 'base64url'))
    return timingSafeEqual(await derive(password, salt!, 32), hash!) ? user : undefined
  }

  /** @throws ProblemError 422 when name or address are taken. */
  async change(user: UserRow, change: z.infer<typeof UserChange>): Promise<UserRow> {
    const { password, image, ...rest } = change
    const next = {
      ...user,
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
      ...(image !== undefined && { image: image === '' ? null : image }),
      ...(password !== undefined && { password: await hashed(password) }),
    }
    const sql = `UPDATE users SET username = @username, email = @email, password = @password, bio = @bio, image = @image
      WHERE id = @id RETURNING *`
    return this.#whole(() => this.#database.prepare<[UserRow], UserRow>(sql).get(next))
  }

  profile({ id, username, bio, image }: UserRow, viewer: UserRow | undefined): z.infer<typeof Profile> {
    return { username, bio, image, following: viewer !== undefined && this.#follows(viewer.id, id) }
  }

  follow(follower: UserRow, followed: UserRow, wanted: boolean): void {
    const sql = wanted
      ? 'INSERT OR IGNORE INTO follows (follower, followed) VALUES (?, ?)'
      : 'DELETE FROM follows WHERE follower = ? AND followed = ?'
    this.#database.prepare(sql).run(follower.id, followed.id)
  }

  #follows(follower: number, followed: number): boolean {
    const sql = 'SELECT 1 FROM follows WHERE follower = ? AND followed = ?'
    return this.#database.prepare(sql).get(follower, followed) !== undefined
  }

  #whole(write: () => UserRow | undefined): UserRow {
    try {
      return write()!
    } catch (error) {
      const [, column] = /UNIQUE constraint failed: users\.(\w+)/.exec((error as Error).message) ?? []
      if (column === undefined) throw error
      const errors = [{ in: 'body', pointer: `#/user/${column}`, detail: 'has already been taken' }]
      throw new ProblemError(422, 'TAKEN', { detail: 'The request is not valid', errors }, error)
    }
  }
}
