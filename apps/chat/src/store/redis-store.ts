import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Message, Page, RoomInfo } from '../events.ts'
import { keptMessages, mostRooms, mostUsers } from '../limits.ts'
import type { NewMessage, Store } from './store.ts'

/** Seconds for which the key of a stored message is remembered. */
const keySeconds = 86_400
/** Milliseconds without news after which a process counts as gone, with everybody in its rooms. */
const hereFor = 30_000

/** Numbers a message and adds it unless its key is known, in one atomic step for all processes. */
const keep = `
local known = redis.call('GET', KEYS[3])
if known then return {tonumber(known), 0} end
local id = redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('ZADD', KEYS[2], id, id .. ' ' .. ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - tonumber(ARGV[3]))
redis.call('SET', KEYS[3], id, 'EX', ARGV[4])
return {id, 1}`

/** Sets a field of a hash unless it exists, or there are too many. */
const claim = `
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then return known end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return false end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return ARGV[2]`

/** Keeps everything in Redis, for several processes and hosts. How much survives a crash of Redis depends on its `appendfsync`. */
export class RedisStore implements Store {
  readonly #redis: Redis
  readonly #process: string = randomUUID()

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async secretOf(name: string, ifFree: string): Promise<string | undefined> {
    const secret = await this.#redis.eval(claim, 1, 'chat:users', name, ifFree, mostUsers)
    return typeof secret === 'string' ? secret : undefined
  }

  async rooms(): Promise<RoomInfo[]> {
    const all = await this.#redis.hgetall('chat:rooms')
    return Object.entries(all).map(([name, last]) => ({ name, last: Number(last) }))
  }

  async hasRoom(room: string): Promise<boolean> {
    return (await this.#redis.hexists('chat:rooms', room)) === 1
  }

  async addRoom(room: string): Promise<boolean> {
    return (await this.#redis.eval(claim, 1, 'chat:rooms', room, '0', mostRooms)) !== null
  }

  async keep(room: string, message: NewMessage): Promise<{ id: number; isNew: boolean }> {
    const keys = ['chat:rooms', messagesOf(room), `chat:key:${room}:${message.from}:${message.key}`]
    const values = [room, JSON.stringify(message), keptMessages, keySeconds]
    const [id, isNew] = (await this.#redis.eval(keep, keys.length, ...keys, ...values)) as [number, number]
    return { id, isNew: isNew === 1 }
  }

  async since(room: string, after: number, limit: number): Promise<Message[]> {
    const found = await this.#redis.zrange(messagesOf(room), `(${after}`, '+inf', 'BYSCORE', 'LIMIT', 0, limit)
    return found.map(readMessage)
  }

  async latest(room: string, limit: number, before?: number): Promise<Page> {
    const until = before === undefined ? '+inf' : `(${before}`
    // One more than needed shows whether there are older ones.
    const found = await this.#redis.zrange(messagesOf(room), until, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, limit + 1)
    return { messages: found.slice(0, limit).map(readMessage).toReversed(), hasMore: found.length > limit }
  }

  async here(room: string, people: readonly string[]): Promise<string[]> {
    const key = `chat:here:${room}`
    const mine = JSON.stringify({ until: Date.now() + hereFor, people })
    if (people.length > 0) await this.#redis.hset(key, this.#process, mine)
    else await this.#redis.hdel(key, this.#process)
    const all = Object.entries(await this.#redis.hgetall(key)).map(([process, text]) => ({
      process,
      ...(JSON.parse(text) as { readonly until: number; readonly people: readonly string[] }),
    }))
    const gone = all.filter(({ until }) => until < Date.now()).map(({ process }) => process)
    if (gone.length > 0) await this.#redis.hdel(key, ...gone)
    return [...new Set(all.filter(({ process }) => !gone.includes(process)).flatMap((one) => one.people))]
  }

  async check(): Promise<void> {
    await this.#redis.ping()
  }

  async close(): Promise<void> {
    // The connection belongs to the caller who made it.
  }
}

function messagesOf(room: string): string {
  return `chat:messages:${room}`
}

/** A member of the sorted set: the number, a space, and the rest as JSON. */
function readMessage(member: string): Message {
  const blank = member.indexOf(' ')
  return { id: Number(member.slice(0, blank)), ...(JSON.parse(member.slice(blank + 1)) as NewMessage) }
}
