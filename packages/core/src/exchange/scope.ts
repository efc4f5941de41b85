// The async context of an exchange: what `AsyncLocalStorage`, and whoever hooks into async work, go by. Whoever registers
// something to be called later finds there what was in the context then; and nothing is left in it for the next exchange.
import { AsyncLocalStorage, AsyncResource, createHook } from 'node:async_hooks'

/** A context to go back to; undefined as long as nobody uses any. */
export type Scope = AsyncResource | undefined

let inUse = false

/** Whether somebody may have put something into the context of async work. */
export function scopesInUse(): boolean {
  return inUse
}

// decision 049
/**
 * Finds out when the first one does: until then nothing has to be kept, and an `AsyncResource` for each request would cost more
 * than all the rest that this module does. In Node up to 22, `AsyncLocalStorage` and all the others enable a hook first.
 */
function watch(): void {
  const prototype = Object.getPrototypeOf(createHook({})) as { enable?: () => unknown }
  const { enable } = prototype
  // Hooks that are on already show on every new promise.
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

/** The context of now. */
export function scopeOfNow(): Scope {
  return inUse ? new AsyncResource('SPILLWAY') : undefined
}

/** Calls in a context. */
export function within<A extends readonly unknown[], R>(scope: Scope, call: (...args: A) => R, ...args: A): R {
  return scope === undefined ? call(...args) : scope.runInAsyncScope(() => call(...args))
}

/** The callback, to be called in the context of now. */
export function bound<A extends readonly unknown[], R>(callback: (...args: A) => R): (...args: A) => R {
  return inUse ? boundHere(callback) : callback
}

function boundHere<A extends readonly unknown[], R>(callback: (...args: A) => R): (...args: A) => R {
  const scope = scopeOfNow()
  return (...args) => within(scope, callback, ...args)
}
