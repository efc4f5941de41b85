import { createHash, createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto'
import type { MaybePromise } from '@spillway/core'
import { after } from '../layers/maybe-promise.ts'
import type { SessionStore } from './store.ts'

/** A session as it was found. Times are seconds. */
export interface Kept {
  readonly json: string
  readonly created: number
  /** Whether its clock has to be restarted by keeping it again. */
  readonly stale: boolean
  /** Its key in the store; empty without one. */
  readonly key: string
}

/** How long sessions live, in seconds. */
export interface Lifetimes {
  readonly idle: number
  readonly maxAge: number
}

/** Where sessions are between requests. */
export interface Keeper {
  /** Finds the session that a cookie stands for. */
  open(cookie: string, now: number): MaybePromise<Kept | undefined>
  /**
   * Keeps a session, as `kept` again or else as a new one.
   * @returns the cookie that stands for it; undefined when the client has it already, or the session ended meanwhile.
   */
  keep(json: string, created: number, kept: Kept | undefined, now: number): MaybePromise<string | undefined>
  /** Ends a session. */
  drop(kept: Kept): MaybePromise<void>
}

const ivBytes = 12
const tagBytes = 16

/** Sessions that the client keeps, encrypted and authenticated (AES-256-GCM), with their times inside. */
export class SealKeeper implements Keeper {
  readonly #keys: readonly KeyObject[]
  readonly #name: Buffer
  readonly #lifetimes: Lifetimes

  /** @param name of the cookie: what is sealed for one is nothing to another. */
  constructor(keys: readonly KeyObject[], name: string, lifetimes: Lifetimes) {
    this.#keys = keys
    this.#name = Buffer.from(name)
    this.#lifetimes = lifetimes
  }

  open(cookie: string, now: number): Kept | undefined {
    const text = this.#unseal(Buffer.from(cookie, 'base64url'))
    const [, created, used, json] = (text && /^(\d+) (\d+) (.*)$/s.exec(text)) || []
    if (json === undefined) return undefined
    const { idle, maxAge } = this.#lifetimes
    const age = now - Number(created)
    const unused = now - Number(used)
    if (age >= maxAge || unused >= idle) return undefined
    return { json, created: Number(created), stale: unused >= idle / 2, key: '' }
  }

  keep(json: string, created: number, _kept: Kept | undefined, now: number): string {
    return this.#seal(`${created} ${now} ${json}`)
  }

  drop(): void {}

  #seal(text: string): string {
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#keys[0]!, iv).setAAD(this.#name)
    return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }

  #unseal(sealed: Buffer): string | undefined {
    if (sealed.length < ivBytes + tagBytes) return undefined
    const iv = sealed.subarray(0, ivBytes)
    const content = sealed.subarray(ivBytes, -tagBytes)
    for (const key of this.#keys) {
      const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
      decipher.setAAD(this.#name).setAuthTag(sealed.subarray(-tagBytes))
      const text = decipher.update(content)
      try {
        return Buffer.concat([text, decipher.final()]).toString()
      } catch {
        // Not sealed with this key.
      }
    }
    return undefined
  }
}

/** Sessions in a store; the client has their random name, the store only its digest, so that a leak of it opens none. */
export class StoreKeeper implements Keeper {
  readonly #store: SessionStore
  readonly #lifetimes: Lifetimes

  constructor(store: SessionStore, lifetimes: Lifetimes) {
    this.#store = store
    this.#lifetimes = lifetimes
  }

  open(cookie: string, now: number): MaybePromise<Kept | undefined> {
    const key = digest(cookie)
    const record = this.#store.get(key, this.#lifetimes.idle)
    return after(record, (found) => this.#read(key, found, now))
  }

  async keep(json: string, created: number, kept: Kept | undefined): Promise<string | undefined> {
    const record = `${created} ${json}`
    const { idle } = this.#lifetimes
    if (kept) {
      await this.#store.update(kept.key, record, idle)
      return undefined
    }
    const id = randomBytes(32).toString('base64url')
    await this.#store.create(digest(id), record, idle)
    return id
  }

  drop(kept: Kept): MaybePromise<void> {
    return this.#store.delete(kept.key)
  }

  #read(key: string, record: string | undefined, now: number): Kept | undefined {
    const [, created, json] = (record && /^(\d+) (.*)$/s.exec(record)) || []
    if (json === undefined || now - Number(created) >= this.#lifetimes.maxAge) return undefined
    return { json, created: Number(created), stale: false, key }
  }
}

function digest(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}
