// Where the data of a session is kept: in its cookie, or in a store.
import { createHash, createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto'
import type { MaybePromise } from '@spillway/core'
import { after } from '../layers/maybe-promise.ts'
import type { Patience } from '../tools/patience.ts'
import { type Content, type Facts, readContent, writeContent } from './life.ts'
import type { SessionStore } from './store.ts'

/** A session as it was found, or as it was saved. */
export interface Kept extends Content {
  /** Whether it has to be saved again to restart its clock. */
  readonly stale: boolean
  /** Its key in the store; empty without one. */
  readonly key: string
}

/** A session that was saved. */
export interface Saved {
  readonly kept: Kept
  /** The cookie the client has to send from now on; undefined when it already does, or the session has ended in the meantime. */
  readonly cookie: string | undefined
}

/** The default lifetimes of sessions, in seconds. */
export interface Lifetimes {
  readonly idleSeconds: number
  readonly maxAge: number
}

/** Keeps sessions between requests. */
export interface Keeper {
  /** Whether a session is entirely in its cookie, so that it cannot change once that was sent. */
  readonly inCookie: boolean
  /** Finds the session that belongs to a cookie. */
  open(cookie: string, now: number): MaybePromise<Kept | undefined>
  /** Keeps a new session. */
  create(content: Content, now: number): MaybePromise<Saved>
  /** Saves a session again. @param write makes the JSON to save from the JSON that is stored. */
  update(kept: Kept, write: (json: string) => string, now: number): MaybePromise<Saved>
  /** The key of the session that belongs to a cookie, whether it exists or not. */
  keyOf(cookie: string): string
  /** Ends a session. */
  drop(key: string): MaybePromise<void>
}

const ivBytes = 12
const tagBytes = 16
/** Seconds by which a sealed session may end before its idle time is over: sealing it with every request would mean a cookie in every reply. */
const resolution = 60

/** Sessions kept by the client, encrypted and authenticated (AES-256-GCM), with their times inside. */
export class SealKeeper implements Keeper {
  readonly inCookie = true
  readonly #keys: readonly KeyObject[]
  readonly #name: Buffer
  readonly #lifetimes: Lifetimes

  /** @param name of the cookie: what was sealed for one cookie is not valid in another. */
  constructor(keys: readonly KeyObject[], name: string, lifetimes: Lifetimes) {
    this.#keys = keys
    this.#name = Buffer.from(name)
    this.#lifetimes = lifetimes
  }

  open(cookie: string, now: number): Kept | undefined {
    const text = this.#unseal(Buffer.from(cookie, 'base64url'))
    const [, used, rest = ''] = (text && /^(\d+) (.*)$/s.exec(text)) || []
    const content = readContent(rest)
    if (!content) return undefined
    const { created, idleSeconds = this.#lifetimes.idleSeconds, maxAge = this.#lifetimes.maxAge } = content.facts
    const unused = now - Number(used)
    if (now - created >= maxAge || unused >= idleSeconds) return undefined
    return { ...content, stale: unused >= Math.min(resolution, idleSeconds / 2), key: '' }
  }

  create(content: Content, now: number): Saved {
    return { kept: { ...content, stale: false, key: '' }, cookie: this.#seal(`${now} ${writeContent(content)}`) }
  }

  update({ facts, json }: Kept, write: (json: string) => string, now: number): Saved {
    return this.create({ facts, json: write(json) }, now)
  }

  keyOf(): string {
    return ''
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
        // Sealed with another key.
      }
    }
    return undefined
  }
}

// decision 057
/** How often a session that others change concurrently is read again; after that, our version overwrites it. */
const attempts = 16

/** Sessions in a store. The client has their random name, and the store only a digest of it, so that a leaked store opens none. */
export class StoreKeeper implements Keeper {
  readonly inCookie = false
  readonly #store: SessionStore
  readonly #patience: Patience
  readonly #lifetimes: Lifetimes

  constructor(store: SessionStore, patience: Patience, lifetimes: Lifetimes) {
    this.#store = store
    this.#patience = patience
    this.#lifetimes = lifetimes
  }

  open(cookie: string, now: number): MaybePromise<Kept | undefined> {
    const key = digest(cookie)
    const record = this.#patience.ask(() => this.#store.get(key, this.#lifetimes.idleSeconds))
    return after(record, (found) => this.#read(key, found, now))
  }

  async create(content: Content): Promise<Saved> {
    const id = randomBytes(32).toString('base64url')
    const { established } = content.facts
    const key = digest(id)
    const record = writeContent(content)
    await this.#patience.ask(() => this.#store.create(key, record, this.#idle(content.facts), { established }))
    return { kept: { ...content, stale: false, key }, cookie: id }
  }

  async update(kept: Kept, write: (json: string) => string): Promise<Saved> {
    const { key, facts } = kept
    const { established } = facts
    let { json } = kept
    for (let attempt = 1; ; attempt++) {
      const was = writeContent({ facts, json })
      const content = { facts, json: write(json) }
      const record = writeContent(content)
      const condition = attempt < attempts ? { established, was } : { established }
      const other = await this.#patience.ask(() => this.#store.update(key, record, this.#idle(facts), condition))
      const found = typeof other === 'string' ? readContent(other) : undefined
      if (!found) return { kept: { ...content, stale: false, key }, cookie: undefined }
      json = found.json
    }
  }

  keyOf(cookie: string): string {
    return digest(cookie)
  }

  drop(key: string): MaybePromise<void> {
    return this.#patience.ask(() => this.#store.delete(key))
  }

  #idle({ idleSeconds = this.#lifetimes.idleSeconds }: Facts): number {
    return idleSeconds
  }

  #read(key: string, record: string | undefined, now: number): MaybePromise<Kept | undefined> {
    const content = record === undefined ? undefined : readContent(record)
    if (!content) return undefined
    const { created, idleSeconds, maxAge = this.#lifetimes.maxAge } = content.facts
    if (now - created >= maxAge) return undefined
    const kept = { ...content, stale: false, key }
    // How long it lives unused is known only now; reading it has set its time to that of all others.
    if (idleSeconds === undefined || idleSeconds === this.#lifetimes.idleSeconds) return kept
    return after(
      this.#patience.ask(() => this.#store.get(key, idleSeconds)),
      () => kept,
    )
  }
}

function digest(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}
