import { type Handler, isThenable } from '@spillway/core'
import type { ResponseSide } from '../node/response.ts'
import { requestOf, responseTo } from './message.ts'

/**
 * Makes a handler of a listener of `node:http`: of an application of Express or Connect, of Koa's `app.callback()`, of the listener of
 * any framework. All that it is asked is its own to answer; `connect` is for one that passes on what it does not know.
 * @throws TypeError for what is no function.
 */
export function fromNodeListener(listener: (req: any, res: any) => unknown): Handler {
  checkMiddleware(listener)
  return (c) => {
    const req = requestOf(c)
    const response = responseTo(c, req)
    return response.answer(() => awaitFailure(listener(req, response.message), response))
  }
}

/** @throws TypeError for what is no function, and for what handles errors. */
export function checkMiddleware(middleware: (...args: any[]) => unknown): void {
  if (typeof middleware !== 'function') throw new TypeError(`A middleware is a function, not ${typeof middleware}`)
  if (middleware.length === 4)
    throw new TypeError('Middleware that handles errors has no place here: use onError of the server')
}

/** What it is rejected with is an error of the request. */
export function awaitFailure(result: unknown, response: ResponseSide): void {
  if (isThenable(result)) void Promise.resolve(result).catch((error: unknown) => response.failed(error))
}
