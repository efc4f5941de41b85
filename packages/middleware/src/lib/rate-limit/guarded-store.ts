import type { MaybePromise } from '@spillway/core'
import { after } from '../layers/maybe-promise.ts'
import { Patient, away } from '../tools/patient.ts'
import type { Quota, Taken } from './quota.ts'
import type { RateLimitStore } from './store.ts'

/** A store that may fail: how often that is noticed, and how long it is waited for, is bounded. */
export class GuardedStore {
  readonly #store: RateLimitStore
  readonly #patient: Patient

  /** @param patience milliseconds. @param report hears of failures, once in a pause. */
  constructor(store: RateLimitStore, patience: number, report: (error: unknown) => void) {
    this.#store = store
    this.#patient = new Patient('The store of a rate limit', patience, report)
  }

  /** Undefined when the store is away. */
  take(key: string, quota: Quota): MaybePromise<Taken | undefined> {
    const taken = this.#patient.ask(() => this.#store.take(key, quota))
    return after(taken, (known) => (known === away ? undefined : known))
  }
}
