// Listeners on `c.signal` are user code, and an event listener that throws ends the process. These are guarded.
import { guarded, ignore } from './guarded.ts'
import { type Scope, scopeOfNow, within } from './scope.ts'

type Listener = ((this: AbortSignal, event: Event) => unknown) | { handleEvent(event: Event): unknown }
type Guard = (this: AbortSignal, event: Event) => void

/** What is known about a signal: who is told of errors, and the async context in which each listener was added. */
interface Guarded {
  readonly report: (error: unknown) => void
  /** Made with the first one: most servers have no contexts. */
  scopes: WeakMap<object, Scope & object> | undefined
}

const signals: WeakMap<AbortSignal, Guarded> = new WeakMap()
/** What was registered in place of a listener, so that the listener can be removed. */
const guards: WeakMap<object, Guard> = new WeakMap()
const handlers: WeakMap<AbortSignal, { readonly given: unknown; readonly guard: Guard }> = new WeakMap()

/** Reports what the listeners of a signal throw, so that it does not end the process. */
export function guardSignal(signal: AbortSignal, report: (error: unknown) => void): void {
  signals.set(signal, { report, scopes: undefined })
  Object.setPrototypeOf(signal, guardedPrototype)
}

function guardOf(listener: Listener): Guard {
  let guard = guards.get(listener)
  if (!guard) {
    guard = function call(this: AbortSignal, event: Event): void {
      const { report, scopes } = signals.get(this) ?? { report: ignore, scopes: undefined }
      const run = (): unknown =>
        typeof listener === 'function' ? listener.call(this, event) : listener.handleEvent(event)
      within(scopes?.get(listener), guarded, run, report)
    }
    guards.set(listener, guard)
  }
  return guard
}

/** The wrapper for a listener, which will be called in the current async context. */
function guardHere(signal: AbortSignal, listener: Listener): Guard {
  const scope = scopeOfNow()
  const known = scope && signals.get(signal)
  if (known) (known.scopes ??= new WeakMap()).set(listener, scope)
  return guardOf(listener)
}

const native = AbortSignal.prototype

const guardedPrototype = Object.create(native, {
  addEventListener: {
    value(this: AbortSignal, type: string, listener: Listener | null, options?: object): void {
      native.addEventListener.call(this, type, (listener && guardHere(this, listener)) as Guard, options)
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
      const guard = guardHere(this, given as Guard)
      handlers.set(this, { given, guard })
      native.addEventListener.call(this, 'abort', guard)
    },
  },
}) as AbortSignal
