import { type Context, HttpError, Reply, dropSource } from '@spillway/core'
import { tellOf } from './lib/connect/listeners.ts'
import { ConnectRequest } from './lib/connect/request.ts'
import { ConnectResponse } from './lib/connect/response.ts'
import { isThenable } from './lib/layers/maybe-promise.ts'
import type { Middleware, Next } from './lib/layers/types.ts'

export type { ConnectRequest } from './lib/connect/request.ts'
export type { ConnectResponse } from './lib/connect/response.ts'
export { type NodeListener, toNodeListener } from './lib/connect/listener.ts'

/** A middleware for connect or Express: `helmet()`, `morgan('combined')`, `session({ … })` and the like. */
export type ConnectMiddleware = (req: any, res: any, next: (error?: any) => void) => unknown

/**
 * Runs connect and Express middleware in our stack. Each call gets a response of its own, all of one request share the
 * request, so that `connect(session(…))` outside and `connect(passport.session())` inside work together.
 *
 * What middleware adds to the request is in `c.state.req`; name its type: `connect<{ session: Session }>(session(…))`.
 * An error given to `next`, thrown, or rejected goes where our own errors go. Middleware that replaces `write` or `end`,
 * as compression does, gets the reply of the handlers behind it in its pieces, with back-pressure; any other only the
 * fields, and the content passes it by.
 *
 * What goes wrong when the reply is on its way is told to `onError` of the server: it cuts content that is not complete yet,
 * and changes nothing of what is.
 * @throws TypeError for a middleware with four parameters, as errors are handled by `onError` of the server; for a whole
 * application of Express, as these need the request and response of Node: run it with `node:http`, and handlers of ours
 * inside of it with {@link toNodeListener}.
 */
// eslint-disable-next-line typescript/no-unnecessary-type-parameters -- only the caller knows what middleware adds
export function connect<Added = {}>(
  ...middlewares: readonly ConnectMiddleware[]
): Middleware<{ req: ConnectRequest & Added }> {
  for (const middleware of middlewares) checkMiddleware(middleware)
  return (c, next) => {
    const state = c.state as { req?: ConnectRequest }
    const req = (state.req ??= new ConnectRequest(c as Context))
    const res = new ConnectResponse(c as Context, req)
    const leave = req.enter(c as Context)
    return run(c as Context, middlewares, req, res, next).finally(leave)
  }
}

function checkMiddleware(middleware: ConnectMiddleware): void {
  if (typeof middleware !== 'function') throw new TypeError(`A middleware is a function, not ${typeof middleware}`)
  if (middleware.length === 4)
    throw new TypeError('Middleware that handles errors has no place here: use onError of the server')
  // An application puts the prototypes of Node's own request and response under whatever it is given.
  if ('request' in middleware && 'response' in middleware && 'handle' in middleware)
    throw new TypeError(
      'An application of Express is more than middleware: run it with http.createServer(app), and handlers of Spillway ' +
        'inside of it with app.use(toNodeListener(handler)); or give connect() its middleware one by one',
    )
}

/** One middleware after the other; the reply is that of the first that ends the response, or of what is behind them. */
function run(
  c: Context,
  middlewares: readonly ConnectMiddleware[],
  req: ConnectRequest,
  res: ConnectResponse,
  next: Next,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    res.reply.then(resolve, reject)
    let failed = false
    const fail = (error: unknown): void => {
      if (!res.headersSent) {
        failed = true
        return reject(asError(error))
      }
      // What looks complete has to be complete.
      if (res.finished) tellOf(c, error)
      else res.destroy(asError(error))
    }
    const behind = async (): Promise<void> => {
      const reply = await next()
      if (failed || res.headersSent) {
        dropSource(reply.body, undefined)
        if (failed) return
        throw new Error('A middleware has answered, and called next()')
      }
      resolve(isUpgrade(reply) ? reply : await res.adopt(reply))
    }
    const step = (at: number): void => {
      const middleware = middlewares[at]
      if (!middleware) return void behind().catch(fail)
      let called = false
      const proceed = (error?: unknown): void => {
        // An error may come later, from a middleware that has a limit of time for those behind it.
        if (error) fail(error)
        else if (!called) step(at + 1)
        called = true
      }
      try {
        const result = middleware(req, res, proceed)
        if (isThenable(result)) void Promise.resolve(result).catch(fail)
      } catch (error) {
        fail(error)
      }
    }
    step(0)
  })
}

function isUpgrade(reply: Reply): boolean {
  return reply.status === 101
}

/** Errors of connect have `statusCode`, ours `status` and `expose`; `next('text')` is an error, too. */
function asError(error: unknown): Error {
  try {
    return readError(error)
  } catch {
    // Its fields are code, and fail.
    return new Error('A middleware failed with what cannot be read', { cause: error })
  }
}

function readError(error: unknown): Error {
  if (error instanceof HttpError) return error
  // Rejected with nothing is failed, too.
  const { status, statusCode, message, expose } = (error ?? {}) as Record<string, unknown>
  const code = status ?? statusCode
  if (typeof code !== 'number' || !(code >= 400 && code <= 599))
    return error instanceof Error ? error : new Error(String(error), { cause: error })
  return new HttpError(code, typeof message === 'string' ? message : undefined, {
    cause: error,
    ...(typeof expose === 'boolean' && { expose }),
  })
}
