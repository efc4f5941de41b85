// Middleware that was written for connect and Express.
import { type Context, type Reply, dropSource } from '@spillway/core'
import { awaitFailure, checkMiddleware } from './lib/connect/from-listener.ts'
import { type ConnectRequest, enter, requestOf, responseTo } from './lib/connect/message.ts'
import { named } from './lib/layers/layer-trace.ts'
import type { Middleware, Next } from './lib/layers/types.ts'
import type { ResponseSide } from './lib/node/response.ts'

export type { ConnectRequest, ConnectResponse } from './lib/connect/message.ts'
export { type NodeListener, toNodeListener } from './lib/connect/listener.ts'

/** A middleware for connect or Express: `helmet()`, `morgan('combined')`, `session({ … })` and the like. */
export type ConnectMiddleware = (req: any, res: any, next: (error?: any) => void) => unknown

/**
 * Runs connect and Express middleware in our stack. Each call gets its own response object, while all calls for one request share the
 * request object, so that `connect(session(…))` outside and `connect(passport.session())` inside work together.
 *
 * What middleware adds to the request is in `c.state.req`; name its type: `connect<{ session: Session }>(session(…))`.
 * An error passed to `next`, thrown, or rejected is handled like our own errors. Middleware that replaces `write` or `end`,
 * as compression does, gets the reply of the handlers behind it in pieces, with back-pressure; any other gets only the
 * fields, and the content does not pass through it.
 *
 * An error after the reply has begun is reported to `onError` of the server: it cuts content that is not complete yet,
 * and changes nothing about content that is.
 * An Express application is a middleware like any other: `router().use(connect(express()))` serves it, and requests it does not know
 * go on to the routes behind it.
 * @throws TypeError for a middleware with four parameters, because errors are handled by `onError` of the server.
 */
// eslint-disable-next-line typescript/no-unnecessary-type-parameters -- only the caller knows what middleware adds
export function connect<Added = {}>(
  ...middlewares: readonly ConnectMiddleware[]
): Middleware<{ req: ConnectRequest & Added }> {
  for (const middleware of middlewares) checkMiddleware(middleware)
  return named('connect', (c, next) => {
    const req = requestOf(c as Context)
    const response = responseTo(c as Context, req)
    const leave = enter(c as Context, req)
    return run(middlewares, req, response, next).finally(leave)
  })
}

/** Runs one middleware after the other; the reply is that of the first one that ends the response, or comes from what is behind them. */
async function run(
  middlewares: readonly ConnectMiddleware[],
  req: ConnectRequest,
  response: ResponseSide,
  next: Next,
): Promise<Reply> {
  const behind = async (): Promise<void> => {
    const reply = await next()
    if (response.isBegun) {
      dropSource(reply.body, undefined)
      if (response.hasFailed) return
      throw new Error('A middleware has answered, and called next()')
    }
    if (reply.status === 101) response.pass(reply)
    else response.adopt(reply)
  }
  const step = (at: number): void => {
    const middleware = middlewares[at]
    if (!middleware) return awaitFailure(behind(), response)
    let called = false
    const proceed = (error?: unknown): void => {
      // An error may come later, for example from a middleware that limits the time of those behind it.
      if (error) response.failed(error)
      else if (!called) step(at + 1)
      called = true
    }
    try {
      awaitFailure(middleware(req, response.message, proceed), response)
    } catch (error) {
      response.failed(error)
    }
  }
  return response.answer(() => step(0))
}
