import { type MaybePromise, guarded, isThenable, printError } from '@spillway/core'

/** Milliseconds that something is left alone after it has failed or not answered. */
const pause = 1000

/** The error of what was asked of something that is away: it has failed, has not answered in time, or is left alone. */
export class AwayError extends Error {
  override readonly name: string = 'AwayError'
}

/** Asks something that may fail or hang, and waits for it for a while only, so that requests do not queue up in front of it. */
export class Patience {
  readonly #what: string
  readonly #ms: number
  readonly #report: (error: unknown) => void
  #awayUntil = -Infinity

  /**
   * @param what is asked, for messages: `the store of the sessions`.
   * @param ms milliseconds.
   * @param report hears of failures, once in a second.
   */
  constructor(what: string, ms: number, report: (error: unknown) => void) {
    this.#what = what
    this.#ms = ms
    this.#report = report
  }

  /** What `call` gives, or an {@link AwayError}: thrown when `call` throws, rejected with when it rejects or takes too long. */
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
      // One of its own making need not do as promises do.
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
