// Listeners on `c.signal` are a user's code, and what an event listener throws ends the process. These are guarded.
import { guarded, ignore } from './guarded.ts'

type Listener = ((this: AbortSignal, event: Event) => unknown) | { handleEvent(event: Event): unknown }
type Guard = (this: AbortSignal, event: Event) => void

const reporters: WeakMap<AbortSignal, (error: unknown) => void> = new WeakMap()
/** What was registered for a listener, so that the listener can be taken back. */
const guards: WeakMap<object, Guard> = new WeakMap()
const handlers: WeakMap<AbortSignal, { readonly given: unknown; readonly guard: Guard }> = new WeakMap()

/** Reports what the listeners of a signal throw, instead of leaving it to the process. */
export function guardSignal(signal: AbortSignal, report: (error: unknown) => void): void {
  reporters.set(signal, report)
  Object.setPrototypeOf(signal, guardedPrototype)
}

function guardOf(listener: Listener): Guard {
  let guard = guards.get(listener)
  if (!guard) {
    guard = function call(this: AbortSignal, event: Event): void {
      const report = reporters.get(this) ?? ignore
      guarded(() => (typeof listener === 'function' ? listener.call(this, event) : listener.handleEvent(event)), report)
    }
    guards.set(listener, guard)
  }
  return guard
}

const native = AbortSignal.prototype

const guardedPrototype = Object.create(native, {
  addEventListener: {
    value(this: AbortSignal, type: string, listener: Listener | null, options?: object): void {
      native.addEventListener.call(this, type, (listener && guardOf(listener)) as Guard, options)
    },
  },
  removeEventListener: {
    value(this: AbortSignal, type: string, listener: Listener | null, options?: object): void {
      native.removeEventListener.call(this, type, (listener && guardOf(listener)) as Guard, options)
    },
  },
  onabort: {
    get(this: AbortSignal): unknown {
      return handlers.get(this)?.given ?? null
    },
    set(this: AbortSignal, given: unknown): void {
      const before = handlers.get(this)
      if (before) native.removeEventListener.call(this, 'abort', before.guard)
      handlers.delete(this)
      if (typeof given !== 'function') return
      const guard = guardOf(given as Guard)
      handlers.set(this, { given, guard })
      native.addEventListener.call(this, 'abort', guard)
    },
  },
}) as AbortSignal
