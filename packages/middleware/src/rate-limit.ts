// How many requests a client may make in a while.
import { type Context, type MaybePromise, type Reply, type ReplyHeaders, printError } from '@spillway/core'
import {
  type Rules,
  amount,
  callback,
  choice,
  optional,
  readOptions,
  required,
  text,
  thing,
  whole,
} from '@spillway/core/options'
import { clientOf } from './lib/http/known-client.ts'
import { named } from './lib/layers/layer-trace.ts'
import { atOnce } from './lib/layers/at-once.ts'
import { whenSettled } from './lib/layers/maybe-promise.ts'
import { type Quota, type Taken, remaining, wait } from './lib/rate-limit/quota.ts'
import { type RateLimitStore, memoryStore } from './lib/rate-limit/store.ts'
import { Patience } from './lib/tools/patience.ts'
import { shortKey } from './lib/tools/short-key.ts'
import { withFields } from './lib/layers/reply-fields.ts'
import type { Middleware, Next } from './lib/layers/types.ts'
import { ProblemError, problem } from './problem.ts'

export type { RedisCommand } from './lib/tools/redis.ts'
export type { Quota, Taken } from './lib/rate-limit/quota.ts'
export {
  type MemoryStoreOptions,
  type RateLimitStore,
  type RedisStoreOptions,
  memoryStore,
  redisStore,
} from './lib/rate-limit/store.ts'

/** Options of {@link rateLimit}. */
export type RateLimitOptions = RateLimitRule & (LocalQuotas | SharedQuotas)

/** Whose requests are limited, and how. */
export interface RateLimitRule {
  /** Requests per window. */
  readonly limit: number
  /** The length of the window in seconds. Default: 60. */
  readonly windowSeconds?: number
  /** Requests that may come all at once. Default: `limit`. */
  readonly burst?: number
  /**
   * Whose quota it is; undefined for requests that are not limited. Default: the client according to `clientOf`, in IPv6 its
   * /64 network.
   */
  readonly key?: (c: Context<any, any>) => string | undefined
  /** The name of the rule, for clients and the store; rules of the same name in one store share quotas. Default: `default`. */
  readonly name?: string
}

/** Quotas of this process only. */
export interface LocalQuotas {
  /** Default: `memoryStore()`. */
  readonly store?: undefined
}

/** Quotas in a store that may be unavailable. */
export interface SharedQuotas {
  readonly store: RateLimitStore
  /** What happens when the store is away: `open` lets all requests in, `closed` answers 503. There is no default. */
  readonly whenAway: 'open' | 'closed'
  /** Milliseconds to wait for the store before it counts as away. Default: 500. */
  readonly patience?: number
  /** Is told why the store is away, at most once a second. Default: a line on standard error. */
  readonly onError?: (error: unknown) => void
}

/** The resolved options. */
interface Settings extends RateLimitRule {
  readonly windowSeconds: number
  readonly name: string
  readonly store?: RateLimitStore
  readonly whenAway?: 'open' | 'closed'
  readonly patience: number
  readonly onError?: (error: unknown) => void
}

const count = { from: 1, to: Number.MAX_SAFE_INTEGER }
const rules: Rules<Settings> = {
  limit: required(whole(1, count)),
  windowSeconds: whole(60, count),
  burst: optional(whole(1, count)),
  key: callback(),
  name: text('default', /^[ !#-[\]-~]+$/),
  store: thing('a store'),
  whenAway: optional(choice(['open', 'closed'], 'open')),
  patience: amount(500, { to: 2 ** 31 - 1 }),
  onError: callback(),
}

/**
 * Limits how often a client may send requests, by the generic cell rate algorithm: used requests come back one by one, at the rate
 * of `limit` per `windowSeconds`. Replies carry `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10);
 * with no request left the reply is 429 with `Retry-After` and the code `RATE_LIMITED`. Put it behind `client`, when there are
 * proxies, and in front of what is expensive.
 * @throws RangeError for numbers that cannot be limits, TypeError for a name that cannot be sent, or a store without `whenAway`.
 */
export function rateLimit(options: RateLimitOptions): Middleware {
  const settings = readOptions(rules, options)
  const { name, whenAway, key = (c: Context<any, any>): string => clientOf(c).key } = settings
  const rule = new Rule(settings)
  const take = takerOf(settings)
  const proceed = (taken: Taken, c: Context<any, any>, next: Next): MaybePromise<Reply> => {
    const change = (headers: ReplyHeaders): void => rule.tell(headers, taken)
    return withFields(c, taken.allowed ? next : () => rule.refuse(taken), change)
  }
  return named('rateLimit', (c, next) => {
    const whose = atOnce(key(c), '`key`')
    if (whose === undefined) return next()
    return whenSettled(
      () => take(shortKey(`${name}:${whose}`), rule.quota),
      (taken) => proceed(taken, c, next),
      () => (whenAway === 'closed' ? unavailable() : next()),
    )
  })
}

function takerOf({ store, whenAway, patience, onError = printAway }: Settings): RateLimitStore['take'] {
  if (!store) {
    const local = memoryStore()
    return (key, quota) => local.take(key, quota)
  }
  if (whenAway === undefined)
    throw new TypeError(
      "A store may be unavailable: `whenAway` says whether requests then pass ('open') or not ('closed')",
    )
  const patient = new Patience('The store of a rate limit', patience, onError)
  return (key, quota) => patient.ask(() => store.take(key, quota))
}

class Rule {
  readonly quota: Quota
  readonly #policy: string
  readonly #name: string

  constructor({ name, limit, windowSeconds, burst = limit }: Settings) {
    const interval = Math.round((windowSeconds * 1_000_000) / limit)
    if (interval === 0) throw new RangeError(`The option \`limit\` is at most a million in a second, not ${limit}`)
    this.quota = { interval, burst: interval * burst }
    this.#policy = `"${name}";q=${limit};w=${windowSeconds}`
    this.#name = name
  }

  /** The entries of several rules form one list. */
  tell(headers: ReplyHeaders, taken: Taken): void {
    const state = `"${this.#name}";r=${remaining(taken, this.quota)};t=${seconds(taken.ahead)}`
    addMember(headers, 'RateLimit-Policy', this.#policy)
    addMember(headers, 'RateLimit', state)
  }

  refuse(taken: Taken): never {
    const retryAfter = Math.max(1, seconds(wait(taken, this.quota)))
    const error = new ProblemError(429, 'RATE_LIMITED', {
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      detail: `Too many requests; the next one may come in ${retryAfter} s`,
      'violated-policies': [this.#name],
    })
    error.headers.set('Retry-After', String(retryAfter))
    throw error
  }
}

function addMember(headers: ReplyHeaders, name: string, member: string): void {
  const list = headers.get(name)
  headers.set(name, list === null ? member : `${list}, ${member}`)
}

function unavailable(): Reply {
  const reply = problem(503, { detail: 'The limit of requests cannot be checked', code: 'RATE_LIMIT_UNAVAILABLE' })
  reply.headers.set('Retry-After', '1')
  return reply
}

function seconds(microseconds: number): number {
  return Math.ceil(microseconds / 1_000_000)
}

function printAway(error: unknown): void {
  printError('rate limit', error)
}
