// Waits for something that may fail or hang, but not for ever.
import { type MaybePromise, guarded, isThenable, printError } from '@spillway/core'

/** Milliseconds for which something is not asked again after it has failed or not answered. */
const pause = 1000

/** The error when something that was asked is away: it has failed, has not answered in time, or is not being asked. */
export class AwayError extends Error {
  override readonly name: string = 'AwayError'
}

/** Asks something that may fail or hang, and waits only for a limited time, so that requests do not queue up behind it. */
export class Patience {
  readonly #what: string
  readonly #ms: number
  readonly #report: (error: unknown) => void
  #awayUntil = -Infinity

  /**
   * @param what is asked, for messages: `the store of the sessions`.
   * @param ms milliseconds to wait for an answer.
   * @param report is told of failures, at most once a second.
   */
  constructor(what: string, ms: number, report: (error: unknown) => void) {
    this.#what = what
    this.#ms = ms
    this.#report = report
  }

  /** What `call` returns, or an {@link AwayError}: thrown when `call` throws, a rejection when it rejects or takes too long. */
  ask<T>(call: () => MaybePromise<T>): MaybePromise<T> {
    if (performance.now() < this.#awayUntil) throw new AwayError(`${this.#what} is left alone for a while`)
    let answer
    try {
      answer = call()
    } catch (error) {
      throw this.#failed(error)
    }
    return isThenable(answer) ? this.#awaited(answer) : answer
  }

  #awaited<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(this.#failed(new Error(`${this.#what} has not answered for ${this.#ms} ms`)))
      }, this.#ms)
      // A thenable that is not a promise may behave differently.
      Promise.resolve(answer).then(
        (value) => {
          clearTimeout(timer)
          resolve(value)
        },
        (error: unknown) => {
          clearTimeout(timer)
          reject(this.#failed(error))
        },
      )
    })
  }

  #failed(cause: unknown): AwayError {
    const now = performance.now()
    if (now >= this.#awayUntil) {
      this.#awayUntil = now + pause
      guarded(this.#report, (second) => printError(`while a failure of ${this.#what} was reported`, second), cause)
    }
    return new AwayError(`${this.#what} is away`, { cause })
  }
}
