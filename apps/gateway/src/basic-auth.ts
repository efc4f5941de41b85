import { createHmac, randomBytes } from 'node:crypto'
import type { AnyMiddleware } from '@spillway/middleware'
import { basicAuth } from '@spillway/middleware/auth'
import { compare } from 'bcryptjs'
import type { RouteConfig } from './config.ts'

/** How many correct passwords are remembered by a digest: bcrypt is slow on purpose, and browsers send the password with every request. */
const mostKnown = 1000
/** Most comparisons under way or waiting for their turn: each takes tenths of a second of processor time. */
const mostWaiting = 64

/** Requires a name and a password of the configuration. */
export function passwords({ users, realm }: NonNullable<RouteConfig['basicAuth']>): AnyMiddleware {
  const hashes = new Map(Object.entries(users))
  // An unknown name takes as long as a wrong password.
  const nobody = [...hashes.values()][0] ?? ''
  const secret = randomBytes(32)
  const known = new Set<string>()
  let queue: Promise<unknown> = Promise.resolve()
  let waiting = 0
  const verify = async (name: string, password: string): Promise<string | undefined> => {
    const hash = hashes.get(name)
    const digest = createHmac('sha256', secret).update(`${name}\0${password}`).digest('base64')
    if (hash !== undefined && known.has(digest)) return name
    if (waiting >= mostWaiting) return undefined
    waiting++
    const comparison = queue.then(() => compare(password, hash ?? nobody))
    queue = comparison.catch(() => {})
    try {
      if (!(await comparison) || hash === undefined) return undefined
    } finally {
      waiting--
    }
    if (known.size >= mostKnown) known.delete(known.values().next().value!)
    known.add(digest)
    return name
  }
  return basicAuth({ verify, ...(realm !== undefined && { realm }) })
}
