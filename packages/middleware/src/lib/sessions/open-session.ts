// The session of one request.
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
   * Change it in place. It is saved as JSON when the reply has come back, or by {@link save}; nothing is sent when it has not
   * changed. When two concurrent requests change a stored session, both changes are kept unless they are to the same member; then the
   * later one wins.
   */
  data: Partial<JsonForm<Data>>
  /** Whether no valid session came with the request. */
  readonly isNew: boolean
  /**
   * Gives the session a new name and a new life; the former name is worthless from then on, even when the handler fails
   * afterwards. Call it whenever somebody logs in: otherwise a session planted by an attacker would be logged in, too (session fixation).
   * @param life of this session, if it differs from the default: for "remember me".
   * @throws TypeError when the reply has begun, because its cookie could not be sent; RangeError for invalid times.
   */
  regenerate(life?: SessionLife): void
  /**
   * Ends the session, at log-out for example, even when the handler fails afterwards. Data that is set after that starts
   * a new one.
   */
  destroy(): void
  /**
   * Saves the data now: for streams and WebSockets, whose handlers go on after the reply has begun, and for data that another request
   * needs to find.
   * @throws rejects with a TypeError for data that has no JSON form, and when the reply has begun without a stored session
   * that could hold the data; with an HttpError 503 when the store is away.
   */
  save(): Promise<void>
}

/** The change to the cookie that the client has to be told. */
export interface CookieChange {
  readonly value: string
  /** Seconds; undefined for until the browser closes. */
  readonly maxAge: number | undefined
}

const ended: CookieChange = { value: '', maxAge: 0 }
const nothing = '{}'

/** What all sessions have in common. */
export interface SessionSettings {
  readonly keeper: Keeper
  /** The default lifetime. */
  readonly lasting: Required<SessionLife>
  readonly onError: (error: unknown) => void
}

/** The session of one request. */
export class OpenSession<Data extends object> implements Session<Data> {
  data: Partial<JsonForm<Data>>
  readonly isNew: boolean
  readonly #settings: SessionSettings
  #kept: Kept | undefined
  /** The key of a session that could not be looked up: no other replaces it unless somebody logs in. */
  #unknown: string | undefined
  /** Keys of sessions that have been ended but are still stored. */
  readonly #ending: string[] = []
  /** The data as it was found, or last saved, as JSON. */
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

  /** Whether a session that has been ended is still stored. */
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

  /** The change to the cookie that has to be sent. After this, no further change can be sent. */
  takeChange(): CookieChange | undefined {
    this.#sent = true
    return this.#change
  }

  /** Undoes the changes of a handler that failed, except that sessions were ended or renamed. */
  giveUp(): void {
    this.data = dataOf(this.#base)
  }

  /** Brings the store up to date, one step after the other. */
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

  /** The session that came with the request is to end: the data now belongs to a new one. */
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

/** The error for a session that currently cannot be looked up or saved. */
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
