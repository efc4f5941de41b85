import { type MaybePromise, guarded, printError } from '@spillway/core'
import { isThenable } from '../layers/maybe-promise.ts'
import type { Quota, Taken } from './quota.ts'
import type { RateLimitStore } from './store.ts'

/** Milliseconds that a store is left alone after it has failed. */
const pause = 1000

/** A store that may fail: how often that is noticed, and how long it is waited for, is bounded. */
export class GuardedStore {
  readonly #store: RateLimitStore
  readonly #patience: number
  readonly #report: (error: unknown) => void
  #awayUntil = 0

  /** @param patience milliseconds. @param report hears of failures, once in a pause. */
  constructor(store: RateLimitStore, patience: number, report: (error: unknown) => void) {
    this.#store = store
    this.#patience = patience
    this.#report = report
  }

  /** Undefined when the store is away. */
  take(key: string, quota: Quota): MaybePromise<Taken | undefined> {
    if (performance.now() < this.#awayUntil) return undefined
    try {
      const taken = this.#store.take(key, quota)
      return isThenable(taken) ? this.#awaited(taken) : taken
    } catch (error) {
      return this.#failed(error)
    }
  }

  #awaited(taken: Promise<Taken>): Promise<Taken | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve(this.#failed(new Error(`The store of a rate limit has not answered for ${this.#patience} ms`)))
      }, this.#patience)
      const whenSettled = (result: Taken | undefined): void => {
        clearTimeout(timer)
        resolve(result)
      }
      // One of its own making need not do as promises do.
      Promise.resolve(taken).then(whenSettled, (error: unknown) => whenSettled(this.#failed(error)))
    })
  }

  #failed(error: unknown): undefined {
    const now = performance.now()
    if (now < this.#awayUntil) return undefined
    this.#awayUntil = now + pause
    guarded(this.#report, (second) => printError('while the failure of a store was reported', second), error)
    return undefined
  }
}
