import { HttpError, type MaybePromise, guarded, isThenable } from '@spillway/core'
import { readOptions } from '@spillway/core/options'
import { after } from '../layers/maybe-promise.ts'
import { AwayError } from '../tools/patience.ts'
import { type JsonForm, mergeData, writeData } from './json.ts'
import type { Keeper, Kept, Saved } from './keeper.ts'
import { type Facts, type SessionLife, lifeRules } from './life.ts'

/** What an application remembers of a client from one request to the next. */
export interface Session<Data extends object> {
  /**
   * Change it in place. It is kept as JSON when the reply has come back, or by {@link save}; nothing is sent when it is what it
   * was. What two requests at a time change in a store is kept, if it is not the same member; of that the later change wins.
   */
  data: Partial<JsonForm<Data>>
  /** Whether no valid session came with the request. */
  readonly isNew: boolean
  /**
   * Gives the session a new name and a new life; the former name is worth nothing from then on, also when the handler fails
   * afterwards. Call it whenever somebody logs in, or what was planted before would be logged in, too (session fixation).
   * @param life of this session, if it is not that of all: for "remember me".
   * @throws TypeError when the reply has begun, as its cookie could not be sent; RangeError for times that are none.
   */
  regenerate(life?: SessionLife): void
  /**
   * Ends the session, on log-out for example, also when the handler fails afterwards. Data that is set after that begins
   * another one.
   */
  destroy(): void
  /**
   * Keeps the data now: for streams and WebSockets, whose handlers go on when the reply has begun, and for what another request
   * has to find.
   * @throws rejects with a TypeError for data that has no JSON form, and when the reply has begun without a session in the store
   * whose data that could be; with an HttpError 503 when the store is away.
   */
  save(): Promise<void>
}

/** What the client is told about its cookie. */
export interface CookieChange {
  readonly value: string
  /** Seconds; undefined until the browser is closed. */
  readonly maxAge: number | undefined
}

const ended: CookieChange = { value: '', maxAge: 0 }
const nothing = '{}'

/** What all sessions have in common. */
export interface SessionSettings {
  readonly keeper: Keeper
  /** How long they live that say nothing else. */
  readonly lasting: Required<SessionLife>
  readonly onError: (error: unknown) => void
}

/** The session of one request. */
export class OpenSession<Data extends object> implements Session<Data> {
  data: Partial<JsonForm<Data>>
  readonly isNew: boolean
  readonly #settings: SessionSettings
  #kept: Kept | undefined
  /** The key of a session that could not be looked up: no other is put in its place unless somebody logs in. */
  #unknown: string | undefined
  /** Keys of what has been ended, and is still kept. */
  readonly #ending: string[] = []
  /** The data as it was found, or kept the last time, as JSON. */
  #base: string
  #life: SessionLife | undefined
  #change: CookieChange | undefined
  #sent = false
  #busy: Promise<void> | undefined

  constructor(settings: SessionSettings, kept: Kept | undefined, unknown: string | undefined) {
    this.#settings = settings
    this.#kept = kept
    this.#unknown = unknown
    this.isNew = kept === undefined
    this.#base = kept?.json ?? nothing
    this.data = dataOf(this.#base)
  }

  /** Whether something was ended that is still kept. */
  get isEnding(): boolean {
    return this.#ending.length > 0
  }

  regenerate(life: SessionLife = {}): void {
    if (this.#sent) throw new TypeError('The reply has begun: the cookie of another session can no longer be sent')
    this.#life = readOptions(lifeRules, life)
  }

  destroy(): void {
    this.#end()
    this.#life = undefined
    this.data = {}
    if (this.#sent) guarded(() => this.bring(), this.#settings.onError)
  }

  async save(): Promise<void> {
    if (this.#sent && (this.#settings.keeper.inCookie || !this.#kept) && writeData(this.data) !== this.#base)
      throw new TypeError('The reply has begun: what is kept in the cookie, or has none yet, can no longer be kept')
    try {
      await this.bring()
    } catch (error) {
      throw error instanceof AwayError ? sessionsAway(error) : error
    }
  }

  /** What the client has to be told of the cookie. From now on it cannot be told anything more. */
  takeChange(): CookieChange | undefined {
    this.#sent = true
    return this.#change
  }

  /** Undoes what a handler has changed that failed: all but that sessions were ended, and got other names. */
  giveUp(): void {
    this.data = dataOf(this.#base)
  }

  /** Brings what is kept up to date, one step after the other. */
  bring(): MaybePromise<void> {
    if (this.#busy) return this.#busy.then(() => this.bring())
    const work = this.#bring()
    if (!isThenable(work)) return undefined
    const free = (): void => {
      this.#busy = undefined
    }
    this.#busy = work.then(free, free)
    return work
  }

  #bring(): MaybePromise<void> {
    const json = writeData(this.data)
    if (this.#life) this.#end()
    return after(this.#drop(), () => this.#keep(json))
  }

  /** The session that came with the request is to end: all data is that of another one. */
  #end(): void {
    const key = this.#kept?.key ?? this.#unknown
    this.#kept = undefined
    this.#unknown = undefined
    if (key === undefined) return
    this.#ending.push(key)
    this.#change = ended
    this.#base = nothing
  }

  #drop(): MaybePromise<void> {
    const key = this.#ending[0]
    if (key === undefined) return undefined
    return after(this.#settings.keeper.drop(key), () => {
      this.#ending.shift()
      return this.#drop()
    })
  }

  #keep(json: string): MaybePromise<void> {
    if (this.#unknown !== undefined) return undefined
    const kept = this.#kept
    const { keeper } = this.#settings
    if (kept) {
      if (json === this.#base && !kept.stale) return undefined
      const base = this.#base
      const saved = keeper.update(kept, (current) => mergeData(current, base, json), seconds())
      return after(saved, (one) => this.#saved(one, json))
    }
    if (json === nothing) return undefined
    const { idleSeconds, maxAge, persistent } = this.#life ?? {}
    const facts: Facts = { created: seconds(), idleSeconds, maxAge, persistent, established: this.#life !== undefined }
    this.#life = undefined
    return after(keeper.create({ facts, json }, facts.created), (one) => this.#saved(one, json))
  }

  #saved({ kept, cookie }: Saved, json: string): void {
    this.#kept = kept
    this.#base = json
    if (cookie === undefined) return
    const { lasting } = this.#settings
    const { created, maxAge = lasting.maxAge, persistent = lasting.persistent } = kept.facts
    this.#change = { value: cookie, maxAge: persistent ? created + maxAge - seconds() : undefined }
  }
}

/** The error of a session that cannot be looked up or kept at the moment. */
export function sessionsAway(cause: unknown): HttpError {
  const error = new HttpError(503, 'Sessions cannot be looked up at the moment', {
    code: 'SESSIONS_UNAVAILABLE',
    expose: true,
    cause,
  })
  error.headers.set('Retry-After', '1')
  return error
}

export function seconds(): number {
  return Math.floor(Date.now() / 1000)
}

function dataOf<Data extends object>(json: string): Partial<JsonForm<Data>> {
  return JSON.parse(json) as Partial<JsonForm<Data>>
}
