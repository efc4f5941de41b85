// What handlers write to the console, each line with the exchange that it was written for.
import { AsyncLocalStorage } from 'node:async_hooks'
import { format } from 'node:util'
import { channels } from '@spillway/core'

const methods = ['log', 'info', 'warn', 'error', 'debug'] as const

const exchanges = new AsyncLocalStorage<object>()

/**
 * Hears the console until the result is called; what is written is written all the same. Each exchange is an async context for
 * it from then on, which costs something even when it has stopped: for programs that are inspected from their start on.
 */
export function hearConsole(tell: (context: object, line: string) => void): () => void {
  channels.request.bindStore(exchanges, ({ context }) => context)
  const restore = methods.map((method) => {
    const before = console[method]
    const heard = (...args: unknown[]): void => {
      const context = exchanges.getStore()
      // The text that the console makes of it, whatever format the program has given.
      if (context) tell(context, Reflect.apply(format, undefined, args))
      Reflect.apply(before, console, args)
    }
    console[method] = heard
    return () => {
      // Whoever has put something in front of it meanwhile keeps that.
      if (console[method] === heard) console[method] = before
    }
  })
  return () => {
    channels.request.unbindStore(exchanges)
    for (const one of restore) one()
  }
}
