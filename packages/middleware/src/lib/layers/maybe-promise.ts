// What is there at once goes on in this turn, and promises are waited for.
import { type MaybePromise, isThenable } from '@spillway/core'

/** Goes on with a value: in this turn when it is there, so that what is synchronous stays so. */
export function after<T, R>(value: MaybePromise<T>, go: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isThenable(value) ? Promise.resolve(value).then(go) : go(value)
}

/** `call().then(fulfilled, rejected)`, in this turn when there is nothing to wait for. */
export function whenSettled<T, R>(
  call: () => MaybePromise<T>,
  fulfilled: (value: T) => MaybePromise<R>,
  rejected: (error: unknown) => MaybePromise<R>,
): MaybePromise<R> {
  let value: MaybePromise<T>
  try {
    value = call()
  } catch (error) {
    return rejected(error)
  }
  return isThenable(value) ? Promise.resolve(value).then(fulfilled, rejected) : fulfilled(value)
}
