// Handlers from listeners of `node:http`.
import { type Handler, isThenable } from '@spillway/core'
import type { ResponseSide } from '../node/response.ts'
import { requestOf, responseTo } from './message.ts'

/**
 * Makes a handler of a `node:http` listener: an Express or Connect application, Koa's `app.callback()`, or the listener of any other
 * framework. The listener must answer every request; use `connect` for one that passes on requests it does not know.
 * @throws TypeError for something that is not a function.
 */
export function fromNodeListener(listener: (req: any, res: any) => unknown): Handler {
  checkMiddleware(listener)
  return (c) => {
    const req = requestOf(c)
    const response = responseTo(c, req)
    return response.answer(() => awaitFailure(listener(req, response.message), response))
  }
}

/** @throws TypeError for something that is not a function, and for error middleware. */
export function checkMiddleware(middleware: (...args: any[]) => unknown): void {
  if (typeof middleware !== 'function') throw new TypeError(`A middleware is a function, not ${typeof middleware}`)
  if (middleware.length === 4)
    throw new TypeError('Middleware that handles errors has no place here: use onError of the server')
}

/** A rejection of the result is an error of the request. */
export function awaitFailure(result: unknown, response: ResponseSide): void {
  if (isThenable(result)) void Promise.resolve(result).catch((error: unknown) => response.failed(error))
}
