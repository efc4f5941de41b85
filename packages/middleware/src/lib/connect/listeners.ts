import { EventEmitter } from 'node:events'
import type { Context } from '@spillway/core'

/** Tells the server of an error that no reply can tell of: what `done` fails with goes to its `onError`. */
export function tellOf(c: Context, error: unknown): void {
  c.done(() => {
    throw error
  })
}

/** Has the listeners of an emitter, which are middleware's, fail without ending the process: `tell` hears of it. */
export function guardListeners(emitter: EventEmitter, tell: (error: unknown) => void): void {
  const emit = emitter.emit.bind(emitter)
  // Not visible among what middleware adds.
  Object.defineProperty(emitter, 'emit', {
    configurable: true,
    writable: true,
    value: (name: string | symbol, ...args: unknown[]): boolean => {
      try {
        return emit(name, ...args)
      } catch (error) {
        tell(error)
        return true
      }
    },
  })
  // What asynchronous ones are rejected with comes here.
  Object.defineProperty(emitter, EventEmitter.captureRejectionSymbol, { value: tell })
}
