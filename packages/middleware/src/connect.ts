import { type Context, HttpError, Reply } from '@spillway/core'
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
 * @throws TypeError for a middleware with four parameters: errors are handled by `onError` of the server.
 */
// eslint-disable-next-line typescript/no-unnecessary-type-parameters -- only the caller knows what middleware adds
export function connect<Added = {}>(
  ...middlewares: readonly ConnectMiddleware[]
): Middleware<{ req: ConnectRequest & Added }> {
  for (const middleware of middlewares)
    if (middleware.length === 4)
      throw new TypeError('Middleware that handles errors has no place here: use onError of the server')
  return (c, next) => {
    const state = c.state as { req?: ConnectRequest }
    const req = (state.req ??= new ConnectRequest(c as Context))
    const res = new ConnectResponse(c as Context, req)
    const leave = req.enter(c as Context)
    return run(middlewares, req, res, next).finally(leave)
  }
}

/** One middleware after the other; the reply is that of the first that ends the response, or of what is behind them. */
function run(
  middlewares: readonly ConnectMiddleware[],
  req: ConnectRequest,
  res: ConnectResponse,
  next: Next,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    res.reply.then(resolve, reject)
    const behind = async (): Promise<void> => {
      const reply = await next()
      if (res.headersSent) throw new Error('A middleware has answered, and called next()')
      resolve(isUpgrade(reply) ? reply : await res.adopt(reply))
    }
    const step = (at: number): void => {
      const middleware = middlewares[at]
      if (!middleware) return void behind().catch(reject)
      let called = false
      const proceed = (error?: unknown): void => {
        if (called) return
        called = true
        if (error) reject(asError(error))
        else step(at + 1)
      }
      try {
        const result = middleware(req, res, proceed)
        if (isThenable(result)) void Promise.resolve(result).catch(reject)
      } catch (error) {
        reject(error)
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
  if (error instanceof HttpError) return error
  const { status, statusCode, message, expose } = error as Record<string, unknown>
  const code = status ?? statusCode
  if (typeof code !== 'number' || !(code >= 400 && code <= 599))
    return error instanceof Error ? error : new Error(String(error), { cause: error })
  return new HttpError(code, typeof message === 'string' ? message : undefined, {
    cause: error,
    ...(typeof expose === 'boolean' && { expose }),
  })
}
