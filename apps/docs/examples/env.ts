import { existsSync } from 'node:fs'
import { z } from 'zod'

// Node reads the file; variables that are already set win. In production there is no such file.
if (existsSync('.env')) process.loadEnvFile('.env')

const Env = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  DATABASE_URL: z.url().optional(),
})

/** @throws Error that names every invalid variable, before anything listens. */
export function readEnv(from: NodeJS.ProcessEnv = process.env): z.infer<typeof Env> {
  const read = Env.safeParse(from)
  if (!read.success) throw new Error(`The environment is not as it should be:\n${z.prettifyError(read.error)}`)
  return read.data
}
