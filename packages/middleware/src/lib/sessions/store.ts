import type { MaybePromise } from '@spillway/core'
import { type Rules, readOptions, text, whole } from '@spillway/core/options'
import { ExpiringMap } from '../tools/expiring-map.ts'
import type { RedisCommand } from '../tools/redis.ts'

/**
 * Keeps the records of sessions. Keys are digests, records are text; a record ends `seconds` after it was last asked for
 * or written. There is no `set`: a session that was ended while a request still had it must not come back.
 */
export interface SessionStore {
  /** The record, whose time starts anew. */
  get(key: string, seconds: number): MaybePromise<string | undefined>
  create(key: string, record: string, seconds: number): MaybePromise<void>
  /** Replaces a record that is there; does nothing when it is not. */
  update(key: string, record: string, seconds: number): MaybePromise<void>
  delete(key: string): MaybePromise<void>
}

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Sessions at a time; beyond it the one that was not used for the longest time ends. Default: 10 000. */
  readonly sessions?: number
}

const memoryRules: Rules<Required<MemoryStoreOptions>> = { sessions: whole(10_000, { from: 1 }) }

/** Sessions in the memory of this process: they end with it, and another process knows nothing of them. */
export function memoryStore(options: MemoryStoreOptions = {}): SessionStore {
  const records = new ExpiringMap<string>(readOptions(memoryRules, options).sessions)
  const put = (key: string, record: string, seconds: number): void => {
    const now = performance.now()
    records.set(key, record, now + seconds * 1000, now)
  }
  const live = (key: string): string | undefined => records.get(key, performance.now())
  return {
    get(key, seconds) {
      const record = live(key)
      if (record !== undefined) put(key, record, seconds)
      return record
    },
    create: put,
    update(key, record, seconds) {
      if (live(key) !== undefined) put(key, record, seconds)
    },
    delete(key) {
      records.delete(key)
    },
  }
}

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** What keys begin with. Default: `session:`. */
  readonly prefix?: string
}

const redisRules: Rules<Required<RedisStoreOptions>> = { prefix: text('session:') }

/**
 * Sessions in Redis, through whatever client there is: `redisStore((...command) => redis.call(...command))` with ioredis,
 * `redisStore((...command) => client.sendCommand(command))` with node-redis.
 */
export function redisStore(command: RedisCommand, options: RedisStoreOptions = {}): SessionStore {
  const { prefix } = readOptions(redisRules, options)
  return {
    async get(key, seconds) {
      const record = await command('GETEX', prefix + key, 'EX', String(seconds))
      return typeof record === 'string' ? record : undefined
    },
    async create(key, record, seconds) {
      await command('SET', prefix + key, record, 'EX', String(seconds))
    },
    async update(key, record, seconds) {
      await command('SET', prefix + key, record, 'XX', 'EX', String(seconds))
    },
    async delete(key) {
      await command('DEL', prefix + key)
    },
  }
}
