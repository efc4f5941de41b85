import { existsSync } from 'node:fs'
import { z } from 'zod'

if (existsSync('.env')) process.loadEnvFile('.env')

const Env = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  DATABASE: z.string().min(1).default('conduit.db'),
  /** Signs tokens: whoever knows it can sign in as anyone. */
  SECRET: z.string().min(32),
})

const read = Env.safeParse(process.env)
if (!read.success) {
  console.error(`The environment is not as it should be (.env):\n${z.prettifyError(read.error)}`)
  process.exit(1)
}

export const env: z.infer<typeof Env> = read.data
