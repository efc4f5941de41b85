// Values that may be promises: those that are already there are used in the same turn.
import { type MaybePromise, isThenable } from '@spillway/core'

/** Continues with a value: in the same turn if it is already there, so that synchronous code stays synchronous. */
export function after<T, R>(value: MaybePromise<T>, go: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isThenable(value) ? Promise.resolve(value).then(go) : go(value)
}

/** `call().then(fulfilled, rejected)`, in the same turn if there is nothing to wait for. */
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
