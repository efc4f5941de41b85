import { existsSync } from 'node:fs'
import { z } from 'zod'
import type { Startup } from './start.ts'

if (existsSync('.env')) process.loadEnvFile('.env')

const Env = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  /** The folder in which a single process stores messages. */
  DATA: z.string().min(1).default('chat-data'),
  /** `redis://…`, for several processes. */
  REDIS: z.string().min(1).optional(),
  /** Encrypts sessions. Required with Redis, where all processes must have the same; otherwise one is made and stored in DATA. */
  SECRET: z.string().min(32).optional(),
  /** Addresses and networks of proxies in front, separated by commas. */
  PROXIES: z.string().default(''),
})

const read = Env.safeParse(process.env)
if (!read.success) {
  console.error(`The environment is not as it should be (.env):\n${z.prettifyError(read.error)}`)
  process.exit(1)
}

const { PORT, HOST, DATA, REDIS, SECRET, PROXIES } = read.data
/** The settings from the environment. */
export const env: Omit<Startup, 'page'> = {
  port: PORT,
  host: HOST,
  data: DATA,
  redis: REDIS,
  secret: SECRET,
  proxies: PROXIES.split(',')
    .map((one) => one.trim())
    .filter(Boolean),
}
