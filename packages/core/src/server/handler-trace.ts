// Support for `tracingChannel('spillway.handler')`: publishes the runs of handlers, for tracing tools.
import { channel } from 'node:diagnostics_channel'
import type { Context, Handler, Result } from '../exchange/context.ts'
import { isThenable } from '../exchange/guarded.ts'
import type { ExchangeEvent } from './events.ts'
import { runStores } from './run-stores.ts'

/** What is published about the run of a handler; the same object from its start to its end. */
export interface HandlerTrace extends ExchangeEvent {
  readonly context: Context
  /** What the handler returned, once it has. */
  result?: Result
  /** What it threw, or was rejected with. */
  error?: unknown
}

const start = channel('tracing:spillway.handler:start')
const end = channel('tracing:spillway.handler:end')
const asyncStart = channel('tracing:spillway.handler:asyncStart')
const asyncEnd = channel('tracing:spillway.handler:asyncEnd')
const error = channel('tracing:spillway.handler:error')

/** Whether somebody traces handlers. */
export function isTraced(): boolean {
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    error.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    asyncStart.hasSubscribers
  )
}

/** The handler, wrapped so that each of its runs is published. */
export function traced(handler: Handler, about: HandlerTrace): Handler {
  return (c) => runStores(start, about, () => run(handler, c, about))
}

function run(handler: Handler, c: Context, about: HandlerTrace): ReturnType<Handler> {
  try {
    const result = handler(c)
    if (!isThenable(result)) {
      about.result = result
      return result
    }
    return Promise.resolve(result).then(
      (value) => {
        about.result = value
        later(about)
        return value
      },
      (reason: unknown) => {
        fail(about, reason)
        later(about)
        throw reason
      },
    )
  } catch (reason) {
    fail(about, reason)
    throw reason
  } finally {
    end.publish(about)
  }
}

function fail(about: HandlerTrace, reason: unknown): void {
  about.error = reason
  error.publish(about)
}

function later(about: HandlerTrace): void {
  asyncStart.publish(about)
  asyncEnd.publish(about)
}
