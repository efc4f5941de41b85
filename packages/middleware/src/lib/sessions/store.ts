// Where sessions are stored: in this process, or in Redis for several processes.
import type { MaybePromise } from '@spillway/core'
import { type Rules, readOptions, text, whole } from '@spillway/core/options'
import type { RedisCommand } from '../tools/redis.ts'
import { Rank, RankedRecords } from './ranked-records.ts'

/** What is known about a stored record. */
export interface RecordFacts {
  /** Whether somebody has logged in with the session: such sessions are dropped last when there is no room for all. */
  readonly established?: boolean
}

/**
 * Stores the records of sessions. Keys are digests, records are text; a record expires `seconds` after it was last read
 * or written. There is no `set`: a session that was ended while a request still had it must not come back.
 */
export interface SessionStore {
  /** The record, whose time starts again. */
  get(key: string, seconds: number): MaybePromise<string | undefined>
  create(key: string, record: string, seconds: number, facts?: RecordFacts): MaybePromise<void>
  /**
   * Replaces an existing record; does nothing when there is none.
   * @param facts with `was`, the record is replaced only if it still equals that, atomically.
   * @returns the record that is there instead of `was`, so that both changes can be kept. A store that ignores `was`
   * returns nothing: then, of two concurrent requests that change a session, the later one wins.
   */
  update(
    key: string,
    record: string,
    seconds: number,
    facts?: RecordFacts & { readonly was?: string },
  ): MaybePromise<string | undefined | void>
  delete(key: string): MaybePromise<void>
}

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /**
   * Most sessions at a time. Beyond that, those that nobody has logged in with (`regenerate`) end first, and of these, those whose
   * client has not come back; among equals, the least recently used. Default: 10 000.
   */
  readonly sessions?: number
  /** Approximate bytes of all of them together. Default: 64 MiB. */
  readonly totalBytes?: number
}

const memoryRules: Rules<Required<MemoryStoreOptions>> = {
  sessions: whole(10_000, { from: 1 }),
  totalBytes: whole(64 * 1024 * 1024, { from: 1 }),
}

/**
 * Sessions in the memory of this process: they end with it, and other processes do not know them.
 * @throws RangeError, when a session is saved, if it alone is larger than `totalBytes`.
 */
export function memoryStore(options: MemoryStoreOptions = {}): SessionStore {
  const { sessions, totalBytes } = readOptions(memoryRules, options)
  const records = new RankedRecords(sessions, totalBytes)
  const put = (key: string, record: string, seconds: number, rank: Rank): void => {
    const now = performance.now()
    records.set(key, { record, rank, expires: now + seconds * 1000 }, now)
  }
  const find = (key: string): { readonly record: string; readonly rank: Rank } | undefined =>
    records.get(key, performance.now())
  return {
    get(key, seconds) {
      const found = find(key)
      if (!found) return undefined
      put(key, found.record, seconds, found.rank === Rank.New ? Rank.Returned : found.rank)
      return found.record
    },
    create(key, record, seconds, facts) {
      put(key, record, seconds, facts?.established ? Rank.Established : Rank.New)
    },
    update(key, record, seconds, { was } = {}) {
      const found = find(key)
      if (!found) return undefined
      if (was !== undefined && found.record !== was) return found.record
      put(key, record, seconds, found.rank)
      return undefined
    },
    delete(key) {
      records.delete(key)
    },
  }
}

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** The prefix of all keys. Default: `session:`. */
  readonly prefix?: string
}

const redisRules: Rules<Required<RedisStoreOptions>> = { prefix: text('session:') }

/** Replaces a record if it is the expected one; otherwise returns the record that is there. */
const replace = `
local found = redis.call('GET', KEYS[1])
if found == ARGV[3] then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) return false end
return found`

/**
 * Sessions in Redis, with any client: `redisStore((...command) => redis.call(...command))` with ioredis,
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
    async update(key, record, seconds, { was } = {}) {
      if (was !== undefined) {
        const found = await command('EVAL', replace, '1', prefix + key, record, String(seconds), was)
        return typeof found === 'string' ? found : undefined
      }
      await command('SET', prefix + key, record, 'XX', 'EX', String(seconds))
      return undefined
    },
    async delete(key) {
      await command('DEL', prefix + key)
    },
  }
}
