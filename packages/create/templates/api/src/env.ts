import { existsSync } from 'node:fs'
import { z } from 'zod'

if (existsSync('.env')) process.loadEnvFile('.env')

/** What the environment may say; a mistake in it ends the process before it listens. */
const Env = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  /** A file, or `:memory:`. */
  DATABASE: z.string().min(1).default('data/notes.db'),
})

const read = Env.safeParse(process.env)
if (!read.success) {
  console.error(`The environment is not as it should be (.env):\n${z.prettifyError(read.error)}`)
  process.exit(1)
}

export const env = read.data
