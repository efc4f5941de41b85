import type { AbortedError, Outcome } from './errors.ts'
import { guardSignal } from './guarded-signal.ts'
import { guarded } from './guarded.ts'
import { bound } from './scope.ts'

type Callback<T> = (value: T) => unknown

/** Tells interested parties how an exchange goes on and ends. Made when the first one asks: for most exchanges nobody does. */
export class Lifetime {
  /** Why the exchange was aborted, if it was. */
  aborted: AbortedError | undefined = undefined
  /** Called before those who wait for the outcome; reserved for core. */
  whenOver: (() => void) | undefined = undefined
  // decision 036
  #controller: AbortController | undefined
  #atAbort: Callback<AbortedError>[] | undefined
  #atEnd: Callback<Outcome>[] | undefined
  #atShutdown: Callback<void>[] | undefined

  /** Whether someone waits for the outcome. */
  get observed(): boolean {
    return this.#atEnd !== undefined
  }

  /** @param report is told what a listener throws. */
  signal(report: Callback<unknown>): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      guardSignal(this.#controller.signal, report)
      if (this.aborted) this.#controller.abort(this.aborted)
    }
    return this.#controller.signal
  }

  // decision 086
  atAbort(callback: Callback<AbortedError>): void {
    this.#atAbort = added(this.#atAbort, callback)
  }

  atEnd(callback: Callback<Outcome>): void {
    this.#atEnd = added(this.#atEnd, callback)
  }

  atShutdown(callback: Callback<void>): void {
    this.#atShutdown = added(this.#atShutdown, callback)
  }

  /** @param report is told what a callback throws. */
  abort(reason: AbortedError, report: Callback<unknown>): void {
    this.aborted = reason
    this.#controller?.abort(reason)
    const callbacks = this.#atAbort
    this.#atAbort = undefined
    callAll(callbacks, reason, report)
  }

  /** @param report is told what a callback throws. */
  end(outcome: Outcome, report: Callback<unknown>): void {
    this.whenOver?.()
    const callbacks = this.#atEnd
    this.#atEnd = undefined
    callAll(callbacks, outcome, report)
  }

  /** @param report is told what a callback throws. */
  shutdown(report: Callback<unknown>): void {
    const callbacks = this.#atShutdown
    this.#atShutdown = undefined
    callAll(callbacks, undefined, report)
  }
}

/** Most lists keep the one callback that they begin with. An empty one makes room for 17 when the first is added. */
function added<T>(callbacks: Callback<T>[] | undefined, callback: Callback<T>): Callback<T>[] {
  if (!callbacks) return [bound(callback)]
  callbacks.push(bound(callback))
  return callbacks
}

/** A callback that fails is reported, and the others are still called. */
function callAll<T>(callbacks: readonly Callback<T>[] = [], value: T, report: Callback<unknown>): void {
  for (const callback of callbacks) guarded(callback, report, value)
}
