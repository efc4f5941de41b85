import { type Context, type MaybePromise, Reply, printError } from '@spillway/core'
import {
  type Rules,
  type Settled,
  amount,
  callback,
  choice,
  either,
  optional,
  readOptions,
  text,
  thing,
  whole,
} from '@spillway/core/options'
import { type CookieOptions, readCookies, setCookieValue } from './lib/cookies/set-cookie.ts'
import { problem } from './lib/http/problem.ts'
import { after, whenSettled } from './lib/layers/maybe-promise.ts'
import { type Secrets, deriveKeys } from './lib/tools/secrets.ts'
import { StoreAway, guardedSessions } from './lib/sessions/guarded-store.ts'
import { type Keeper, type Kept, SealKeeper, StoreKeeper } from './lib/sessions/keeper.ts'
import { type SessionStore, memoryStore } from './lib/sessions/store.ts'
import type { Middleware, Next } from './lib/layers/types.ts'

export type { RedisCommand } from './lib/tools/redis.ts'
export {
  type MemoryStoreOptions,
  type RedisStoreOptions,
  type SessionStore,
  memoryStore,
  redisStore,
} from './lib/sessions/store.ts'

/** What an application remembers of a client from one request to the next. */
export interface Session<Data extends object> {
  /** Change it in place. It is kept as JSON when the reply has come back; nothing is sent when it is what it was. */
  data: Partial<Data>
  /** Whether no valid session came with the request. */
  readonly isNew: boolean
  /**
   * Gives the session a new name and a new life; the former name is worth nothing from then on. Call it whenever somebody
   * logs in, or what was planted before would be logged in, too (session fixation).
   */
  regenerate(): void
  /** Ends the session, on log-out for example. */
  destroy(): void
}

/** Options of {@link sessions}. */
export interface SessionsOptions {
  /**
   * Seals sessions into the cookie itself: nothing is kept here, and data has to fit into about 3 KB. Its key, 32 bytes
   * or more; of several the first seals and all open. A copy of a sealed cookie stays valid until its time is over, even
   * after `destroy`: where that matters, take a store.
   */
  readonly secrets?: Secrets
  /** Where sessions are kept when there are no secrets. Default: `memoryStore()`. */
  readonly store?: SessionStore
  /**
   * What happens while a store of yours is away, because it fails or says nothing: `closed` answers those who bring or change a
   * session with 503, `open` lets them go on without one. Who has none and needs none notices nothing. Default: `closed`.
   */
  readonly whenAway?: 'open' | 'closed'
  /** Milliseconds to wait for the store before it counts as away. Default: 1000. */
  readonly patience?: number
  /** Hears why the store is away, once a second at the most. Default: the process's error output. */
  readonly onError?: (error: unknown) => void
  /** Seconds that a session lives without being used. Default: a day. */
  readonly idleSeconds?: number
  /** Seconds that a session lives at the most. Default: 30 days. */
  readonly maxAge?: number
  /** Name of the cookie. Default: `__Host-session`, which no other host and no page without TLS can set. */
  readonly name?: string
  /** Attributes of the cookie. Default: those of `cookies`. */
  readonly cookie?: Omit<CookieOptions, 'maxAge'>
}

const day = 86_400
const life = { from: 1, to: Number.MAX_SAFE_INTEGER }

const rules: Rules<Settled<SessionsOptions, 'idleSeconds' | 'maxAge' | 'name' | 'whenAway' | 'patience'>> = {
  secrets: optional(either(text(), thing<Exclude<Secrets, string>>('text, bytes or a list of them'))),
  store: thing('a store'),
  whenAway: choice(['open', 'closed'], 'closed'),
  patience: amount(1000, { to: 2 ** 31 - 1 }),
  onError: callback(),
  idleSeconds: whole(day, life),
  maxAge: whole(30 * day, life),
  name: text('__Host-session'),
  cookie: thing('an object'),
}

/**
 * Gives handlers a session, `c.state.session`, with typed data. The cookie is sent only when it changes. What a handler
 * changes after its reply has begun to stream, or before it throws, is not kept; of two requests at a time that change
 * the same session the later one wins.
 * @throws TypeError when a secret is too short, the cookie's attributes contradict its name, or there are both secrets
 * and a store; RangeError for a time that is no whole number of seconds above 0; with a request, a TypeError when the data is too large for a cookie.
 */
export function sessions<Data extends object>(options: SessionsOptions = {}): Middleware<{ session: Session<Data> }> {
  const { name, cookie = {}, idleSeconds: idle, maxAge, secrets, store, ...rest } = readOptions(rules, options)
  const { whenAway, patience, onError = printAway } = rest
  if (secrets !== undefined && store) throw new TypeError('Sessions are either sealed with secrets or in a store')
  const keeper: Keeper =
    secrets !== undefined
      ? new SealKeeper(deriveKeys(secrets, 'sealed sessions'), name, { idle, maxAge })
      : new StoreKeeper(store ? guardedSessions(store, { whenAway, patience, onError }) : memoryStore(), {
          idle,
          maxAge,
        })
  // Throws here, and not with the first session.
  setCookieValue(name, '', { ...cookie, maxAge: 0 })
  const send = (reply: Reply, change: CookieChange | undefined): Reply => {
    if (!change) return reply
    reply.headers.append('Set-Cookie', setCookieValue(name, change.value, { ...cookie, maxAge: change.maxAge }))
    // A cache that kept this would hand the session to others.
    if (!reply.headers.has('cache-control')) reply.headers.set('Cache-Control', 'no-store')
    return reply
  }
  const finish = (reply: Reply, session: OpenSession<Data>): MaybePromise<Reply> => {
    const change = session.whenSettled(keeper, maxAge, seconds())
    return after(change, (known) => send(reply, known))
  }
  const answer = (c: Context<any, any>, next: Next): MaybePromise<Reply> => {
    const proceed = (kept: Kept | undefined): MaybePromise<Reply> => {
      const session = new OpenSession<Data>(kept)
      c.state.session = session
      return after(next(), (reply) => finish(reply, session))
    }
    const value = readCookies(c)[name]
    const found = value ? keeper.open(value, seconds()) : undefined
    return after(found, proceed)
  }
  return (c, next) =>
    whenSettled(
      () => answer(c, next),
      (reply) => reply,
      refusedWhenAway,
    )
}

/** That the store is away is told by it, once a second; requests are only refused. */
function refusedWhenAway(error: unknown): Reply {
  if (!(error instanceof StoreAway)) throw error
  const reply = problem(503, { detail: 'Sessions are not available', code: 'SESSIONS_UNAVAILABLE' })
  reply.headers.set('Retry-After', '1')
  return reply
}

/** What the client is told about its cookie. */
interface CookieChange {
  readonly value: string
  readonly maxAge: number
}

const ended: CookieChange = { value: '', maxAge: 0 }

class OpenSession<Data extends object> implements Session<Data> {
  data: Partial<Data>
  readonly #kept: Kept | undefined
  #regenerated = false
  #destroyed = false

  constructor(kept: Kept | undefined) {
    this.#kept = kept
    this.data = kept ? (JSON.parse(kept.json) as Partial<Data>) : {}
  }

  get isNew(): boolean {
    return this.#kept === undefined
  }

  regenerate(): void {
    this.#regenerated = true
  }

  destroy(): void {
    this.#destroyed = true
    this.data = {}
  }

  /** Brings what is kept up to date. */
  whenSettled(keeper: Keeper, maxAge: number, now: number): MaybePromise<CookieChange | undefined> {
    const kept = this.#kept
    if (this.#destroyed) return kept && after(keeper.drop(kept), () => ended)
    const json = JSON.stringify(this.data)
    const keep = (created: number, as?: Kept): MaybePromise<CookieChange | undefined> =>
      after(keeper.keep(json, created, as, now), (value) => {
        return value === undefined ? undefined : { value, maxAge: created + maxAge - now }
      })
    if (!kept) return json === '{}' ? undefined : keep(now)
    if (this.#regenerated) return after(keeper.drop(kept), () => keep(now))
    return json === kept.json && !kept.stale ? undefined : keep(kept.created, kept)
  }
}

function printAway(error: unknown): void {
  printError('sessions', error)
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}
