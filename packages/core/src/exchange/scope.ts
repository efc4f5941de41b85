// The async context of an exchange, on which `AsyncLocalStorage` and async hooks rely. A callback that is registered
// to be called later sees the context in which it was registered; and nothing of a context remains for the next exchange.
import { AsyncLocalStorage, AsyncResource, createHook } from 'node:async_hooks'

/** A context to return to; undefined as long as nobody uses any. */
export type Scope = AsyncResource | undefined

let inUse = false

/** Whether somebody may have put something into an async context. */
export function scopesInUse(): boolean {
  return inUse
}

// decision 049
/**
 * Finds out when somebody first does: until then nothing has to be kept, and an `AsyncResource` for each request would cost more
 * than everything else in this module. Up to Node 22, `AsyncLocalStorage` and all others enable a hook first.
 */
function watch(): void {
  const prototype = Object.getPrototypeOf(createHook({})) as { enable?: () => unknown }
  const { enable } = prototype
  // Hooks that are already enabled show on every new promise.
  const isOn = Object.getOwnPropertySymbols(Promise.resolve()).length > 0
  if (isOn || !enable || !('_enable' in AsyncLocalStorage.prototype)) {
    inUse = true
    return
  }
  const isWatched = Reflect.set(prototype, 'enable', function first(this: unknown) {
    inUse = true
    prototype.enable = enable
    return enable.call(this)
  })
  if (!isWatched) inUse = true
}

watch()

/** The current context. */
export function scopeOfNow(): Scope {
  return inUse ? new AsyncResource('SPILLWAY') : undefined
}

/** Calls in a context. */
export function within<A extends readonly unknown[], R>(scope: Scope, call: (...args: A) => R, ...args: A): R {
  return scope === undefined ? call(...args) : scope.runInAsyncScope(() => call(...args))
}

/** The callback, bound to the current context. */
export function bound<A extends readonly unknown[], R>(callback: (...args: A) => R): (...args: A) => R {
  return inUse ? boundHere(callback) : callback
}

function boundHere<A extends readonly unknown[], R>(callback: (...args: A) => R): (...args: A) => R {
  const scope = scopeOfNow()
  return (...args) => within(scope, callback, ...args)
}
