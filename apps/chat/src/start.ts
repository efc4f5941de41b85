// Starts a process of the chat.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '@spillway/command-line'
import { type Server, printError, serve } from '@spillway/core'
import { problemOf } from '@spillway/middleware/problem'
import { redisStore } from '@spillway/middleware/rate-limit'
import { redisBus } from '@spillway/middleware/topics'
import { Redis } from 'ioredis'
import { type Settings, chat } from './app.ts'
import { FileStore } from './store/file-store.ts'
import { RedisStore } from './store/redis-store.ts'

/** The settings of a process. */
export interface Startup {
  readonly port: number
  readonly host: string
  readonly data: string
  readonly redis?: string | undefined
  readonly secret?: string | undefined
  readonly proxies?: readonly string[]
  /** The folder with the page. */
  readonly page: string
}

/** A running chat. */
export interface Running {
  readonly server: Server
  /** Finishes requests under way, and closes. */
  close: Server['close']
}

type Parts = Pick<Settings, 'store' | 'secret' | 'shared'> & { readonly end: () => Promise<void> }

/** @throws Error when it cannot listen, or messages cannot be stored. */
export async function start(startup: Startup): Promise<Running> {
  const parts = startup.redis === undefined ? await alone(startup) : together(startup.redis, startup.secret)
  const { end, ...made } = parts
  let server: Server | undefined
  const { app, chat: rooms } = chat({ ...startup, ...made, server: () => server })
  try {
    await rooms.addRoom('general')
    server = await serve(app, { port: startup.port, host: startup.host, onError: problemOf })
  } catch (error) {
    await rooms.presence.close()
    await end()
    throw error
  }
  const running = server
  return {
    server: running,
    async close(options) {
      const closed = await running.close(options)
      await rooms.presence.close()
      await end()
      return closed
    },
  }
}

async function alone({ data, secret }: Startup): Promise<Parts> {
  const store = await FileStore.open(data)
  return { store, secret: secret ?? keptSecret(join(data, 'secret')), end: () => store.close() }
}

/** The secret is made once and stored, so that a restart signs nobody out. */
function keptSecret(file: string): string {
  try {
    writeFileSync(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(file, 'utf8')
}

function printFailed(error: unknown): void {
  printError('redis', error)
}

function together(url: string, secret: string | undefined): Parts {
  if (secret === undefined) throw new Failure('REDIS needs a SECRET that all processes share')
  const redis = new Redis(url, { maxRetriesPerRequest: 3 })
  const subscriber = new Redis(url, { maxRetriesPerRequest: null })
  for (const one of [redis, subscriber]) one.on('error', printFailed)
  const command = (name: string, ...args: string[]): Promise<unknown> => redis.call(name, ...args)
  return {
    store: new RedisStore(redis),
    secret,
    shared: { bus: redisBus(command, subscriber, 'chat:topic:', printFailed), quotas: redisStore(command) },
    async end() {
      redis.disconnect()
      subscriber.disconnect()
    },
  }
}
