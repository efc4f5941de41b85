// Where quotas are stored: in this process, or in Redis for several processes.
import type { MaybePromise } from '@spillway/core'
import { type Rules, readOptions, text, whole } from '@spillway/core/options'
import { ExpiringMap } from '../tools/expiring-map.ts'
import type { RedisCommand } from '../tools/redis.ts'
import { type Quota, type Taken, take } from './quota.ts'

/** Stores what clients have used. */
export interface RateLimitStore {
  /** Takes one request from the quota of a key, if any is left; concurrent calls never take the same one. */
  take(key: string, quota: Quota): MaybePromise<Taken>
}

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /**
   * Most keys at a time; beyond that, the one that was used least recently regains its whole quota. Default: 100 000, about
   * 15 MB.
   */
  readonly keys?: number
}

const memoryRules: Rules<Required<MemoryStoreOptions>> = { keys: whole(100_000, { from: 1 }) }

/** Quotas in the memory of this process; another process has its own. */
export function memoryStore(options: MemoryStoreOptions = {}): RateLimitStore {
  const used = new ExpiringMap<number>(readOptions(memoryRules, options).keys)
  return {
    take(key, quota) {
      const ms = performance.now()
      const now = Math.floor(ms * 1000)
      const taken = take(used.get(key, ms), now, quota)
      if (taken.allowed) used.set(key, now + taken.ahead, ms + taken.ahead / 1000, ms)
      return taken
    },
  }
}

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** The prefix of all keys. Default: `limit:`. */
  readonly prefix?: string
}

const redisRules: Rules<Required<RedisStoreOptions>> = { prefix: text('limit:') }

/** The `take` of quota.ts as one atomic step for all processes, by the clock of Redis. */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local used = math.max(0, tonumber(redis.call('GET', KEYS[1]) or now) - now)
if used + interval > burst then return { 0, used } end
local ahead = used + interval
redis.call('SET', KEYS[1], string.format('%.0f', now + ahead), 'PX', math.ceil(ahead / 1000))
return { 1, ahead }`

/**
 * Quotas in Redis, for any number of processes, with any client:
 * `redisStore((...command) => redis.call(...command))` with ioredis,
 * `redisStore((...command) => client.sendCommand(command))` with node-redis. The script is sent once and then called by its
 * digest.
 */
export function redisStore(command: RedisCommand, options: RedisStoreOptions = {}): RateLimitStore {
  const { prefix } = readOptions(redisRules, options)
  let digest: Promise<string> | undefined
  const load = (): Promise<string> => (digest = command('SCRIPT', 'LOAD', script).then(String))
  const run = async (sha: Promise<string>, args: readonly string[]): Promise<unknown> =>
    command('EVALSHA', await sha, '1', ...args)
  return {
    async take(key, { interval, burst }) {
      const args = [prefix + key, String(interval), String(burst)]
      let reply
      try {
        reply = await run(digest ?? load(), args)
      } catch (error) {
        // Redis has been restarted, or the script could not be loaded.
        digest = undefined
        if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
        reply = await run(load(), args)
      }
      const [allowed, ahead] = reply as readonly unknown[]
      return { allowed: Number(allowed) === 1, ahead: Number(ahead) }
    },
  }
}
