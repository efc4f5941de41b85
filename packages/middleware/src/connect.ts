// Middleware that was written for connect and Express.
import { type Context, type Reply, dropSource } from '@spillway/core'
import { awaitFailure, checkMiddleware } from './lib/connect/from-listener.ts'
import { type ConnectRequest, enter, requestOf, responseTo } from './lib/connect/message.ts'
import type { Middleware, Next } from './lib/layers/types.ts'
import type { ResponseSide } from './lib/node/response.ts'

export type { ConnectRequest, ConnectResponse } from './lib/connect/message.ts'
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
 * An application of Express is a middleware like others: `router().use(connect(express()))` serves it, and what it does not know goes
 * on to the routes behind it.
 * @throws TypeError for a middleware with four parameters, as errors are handled by `onError` of the server.
 */
// eslint-disable-next-line typescript/no-unnecessary-type-parameters -- only the caller knows what middleware adds
export function connect<Added = {}>(
  ...middlewares: readonly ConnectMiddleware[]
): Middleware<{ req: ConnectRequest & Added }> {
  for (const middleware of middlewares) checkMiddleware(middleware)
  return (c, next) => {
    const req = requestOf(c as Context)
    const response = responseTo(c as Context, req)
    const leave = enter(c as Context, req)
    return run(middlewares, req, response, next).finally(leave)
  }
}

/** One middleware after the other; the reply is that of the first that ends the response, or of what is behind them. */
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
      // An error may come later, from a middleware that has a limit of time for those behind it.
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
