// What is remembered of a client from one request to the next.
import { type Context, type MaybePromise, Reply, type ReplyHeaders, dropSource, printError } from '@spillway/core'
import {
  type Rules,
  type Settled,
  amount,
  callback,
  choice,
  either,
  flag,
  optional,
  readOptions,
  text,
  thing,
  whole,
} from '@spillway/core/options'
import { type CookieOptions, setCookieValue } from './lib/cookies/set-cookie.ts'
import { keepPrivate } from './lib/http/private-reply.ts'
import { problemOf } from './lib/http/problem.ts'
import { readCookies } from './lib/http/request-cookies.ts'
import { named } from './lib/layers/layer-trace.ts'
import { after, whenSettled } from './lib/layers/maybe-promise.ts'
import { whenAnswered } from './lib/layers/reply-fields.ts'
import type { Middleware } from './lib/layers/types.ts'
import { type Keeper, type Kept, SealKeeper, StoreKeeper } from './lib/sessions/keeper.ts'
import { wholeLife } from './lib/sessions/life.ts'
import { type CookieChange, OpenSession, type Session, seconds, sessionsAway } from './lib/sessions/open-session.ts'
import { type SessionStore, memoryStore } from './lib/sessions/store.ts'
import { AwayError, Patience } from './lib/tools/patience.ts'
import { type Secrets, deriveKeys } from './lib/tools/secrets.ts'

export type { RedisCommand } from './lib/tools/redis.ts'
export type { JsonForm, NotKept } from './lib/sessions/json.ts'
export type { SessionLife } from './lib/sessions/life.ts'
export type { Session } from './lib/sessions/open-session.ts'
export {
  type MemoryStoreOptions,
  type RecordFacts,
  type RedisStoreOptions,
  type SessionStore,
  memoryStore,
  redisStore,
} from './lib/sessions/store.ts'

/** Options of {@link sessions}. */
export interface SessionsOptions {
  /**
   * Seals sessions into the cookie itself: nothing is kept on the server, and data has to fit into about 3 KB. The key has at least
   * 32 bytes; of several, the first seals and all open. A copy of a sealed cookie stays valid until its time is over, even
   * after `destroy`: where that matters, use a store.
   */
  readonly secrets?: Secrets
  /** Where sessions are kept when there are no secrets. Default: `memoryStore()`. */
  readonly store?: SessionStore
  /** Seconds for which an unused session lives; a sealed one up to a minute less. Default: a day. */
  readonly idleSeconds?: number
  /** Seconds for which a session lives at most. Default: 30 days. */
  readonly maxAge?: number
  /** Whether the cookie survives closing the browser. Default: true. */
  readonly persistent?: boolean
  /** Name of the cookie. Default: `__Host-session`, which no other host and no page without TLS can set. */
  readonly name?: string
  /** Attributes of the cookie. Default: those of `cookies`. */
  readonly cookie?: Omit<CookieOptions, 'maxAge'>
  /**
   * What happens when the store is away. `closed`: requests that need it are answered 503 with `Retry-After` and the code
   * `SESSIONS_UNAVAILABLE`. `open`: they go on without a session, and what they put into one is lost; if a session could not be
   * ended, the reply is 503 all the same. Default: `closed`.
   */
  readonly whenAway?: 'open' | 'closed'
  /** Milliseconds to wait for the store before it counts as away. Default: 1000. */
  readonly patience?: number
  /** Is told why the store is away, at most once a second. Default: a line on standard error. */
  readonly onError?: (error: unknown) => void
}

const day = 86_400

const rules: Rules<
  Settled<SessionsOptions, 'idleSeconds' | 'maxAge' | 'persistent' | 'name' | 'whenAway' | 'patience'>
> = {
  secrets: optional(either(text(), thing<Exclude<Secrets, string>>('text or a list of texts'))),
  store: thing('a store'),
  idleSeconds: whole(day, wholeLife),
  maxAge: whole(30 * day, wholeLife),
  persistent: flag(true),
  name: text('__Host-session'),
  cookie: thing('an object'),
  whenAway: choice(['open', 'closed'], 'closed'),
  patience: amount(1000, { to: 2 ** 31 - 1 }),
  onError: callback(),
}

/**
 * Gives handlers a session, `c.state.session`, with typed data. The cookie is sent only when it changes. What a handler
 * changes before it throws is discarded, except `destroy` and `regenerate`; what it changes after its reply has begun is saved only by
 * `save`. A reply that sets the cookie is not for shared caches, whatever its handler says.
 * @throws TypeError when a secret is too short, the cookie's attributes contradict its name, or both secrets and a store are
 * given; RangeError for a time that is not a whole number of seconds above 0; during a request, a TypeError when the data is too large for a cookie.
 */
export function sessions<Data extends object>(options: SessionsOptions = {}): Middleware<{ session: Session<Data> }> {
  const known = readOptions(rules, options)
  const { name, cookie = {}, secrets, store, whenAway, patience, onError = printAway, ...lasting } = known
  if (secrets !== undefined && store) throw new TypeError('Sessions are either sealed with secrets or in a store')
  const keeper: Keeper =
    secrets !== undefined
      ? new SealKeeper(deriveKeys(secrets, 'sealed sessions'), name, lasting)
      : new StoreKeeper(store ?? memoryStore(), new Patience('The store of the sessions', patience, onError), lasting)
  const settings = { keeper, lasting, onError }
  // Throws here rather than with the first session.
  setCookieValue(name, '', { ...cookie, maxAge: 0 })
  const tell = (headers: ReplyHeaders, change: CookieChange | undefined): void => {
    if (!change) return
    const { value, maxAge } = change
    headers.append('Set-Cookie', setCookieValue(name, value, maxAge === undefined ? cookie : { ...cookie, maxAge }))
    // A cache that stored it would hand the session to others.
    keepPrivate(headers, 'no-store')
  }
  const fail = (c: Context<any, any>, error: unknown, session: OpenSession<Data>): MaybePromise<never> => {
    const end = (): never => {
      tell(c.errorHeaders, session.takeChange())
      throw error
    }
    session.giveUp()
    return whenSettled(() => session.bring(), end, end)
  }
  const finish = (c: Context<any, any>, reply: Reply, session: OpenSession<Data>): MaybePromise<Reply> => {
    const withCookie = (answer: Reply): Reply => {
      tell(answer.headers, session.takeChange())
      return answer
    }
    return whenSettled(
      () => after(session.bring(), () => withCookie(reply)),
      (answer) => answer,
      (error) => {
        const isAway = error instanceof AwayError
        if (isAway && whenAway === 'open' && !session.isEnding) return withCookie(reply)
        dropSource(reply.body, error)
        return isAway ? withCookie(problemOf(sessionsAway(error))) : fail(c, error, session)
      },
    )
  }
  return named('sessions', (c, next) => {
    const proceed = (kept: Kept | undefined, unknown?: string): MaybePromise<Reply> => {
      const session = new OpenSession<Data>(settings, kept, unknown)
      c.state.session = session
      return whenAnswered(
        c,
        next,
        (reply) => finish(c, reply, session),
        (error) => fail(c, error, session),
      )
    }
    const value = readCookies(c)[name]
    if (!value) return proceed(undefined)
    return whenSettled(
      () => keeper.open(value, seconds()),
      (kept) => proceed(kept),
      (error) => {
        if (!(error instanceof AwayError)) throw error
        return whenAway === 'open' ? proceed(undefined, keeper.keyOf(value)) : problemOf(sessionsAway(error))
      },
    )
  })
}

function printAway(error: unknown): void {
  printError('sessions', error)
}
