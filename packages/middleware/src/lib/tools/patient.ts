import { type MaybePromise, guarded, printError } from '@spillway/core'
import { isThenable } from '../layers/maybe-promise.ts'

/** In place of an answer. */
export const away: unique symbol = Symbol('away')

/** Milliseconds that a store is left alone after it has failed. */
const pause = 1000

/** Asks a store that may fail: how often that is noticed, and how long it is waited for, is bounded. */
export class Patient {
  readonly #what: string
  readonly #patience: number
  readonly #report: (error: unknown) => void
  #awayUntil = 0

  /**
   * @param what is asked, for errors: `The store of a rate limit`.
   * @param patience milliseconds. @param report hears of failures, once in a pause.
   */
  constructor(what: string, patience: number, report: (error: unknown) => void) {
    this.#what = what
    this.#patience = patience
    this.#report = report
  }

  /** `away` when it fails or says nothing, and for a while after that without being asked. */
  ask<T>(question: () => MaybePromise<T>): MaybePromise<T | typeof away> {
    if (performance.now() < this.#awayUntil) return away
    try {
      const answer = question()
      return isThenable(answer) ? this.#awaited(answer) : answer
    } catch (error) {
      return this.#failed(error)
    }
  }

  #awaited<T>(answer: Promise<T>): Promise<T | typeof away> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve(this.#failed(new Error(`${this.#what} has not answered for ${this.#patience} ms`)))
      }, this.#patience)
      const whenSettled = (result: T | typeof away): void => {
        clearTimeout(timer)
        resolve(result)
      }
      // One of its own making need not do as promises do.
      Promise.resolve(answer).then(whenSettled, (error: unknown) => whenSettled(this.#failed(error)))
    })
  }

  #failed(error: unknown): typeof away {
    const now = performance.now()
    if (now < this.#awayUntil) return away
    this.#awayUntil = now + pause
    guarded(this.#report, (second) => printError('while the failure of a store was reported', second), error)
    return away
  }
}
