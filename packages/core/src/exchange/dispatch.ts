import type { Handler, Result } from './context.ts'
import type { RequestContext } from './request-context.ts'
import { Reply, replyOf } from './reply.ts'

/** Who takes what a handler made of a request. */
export interface ReplyTarget {
  reply(context: RequestContext, reply: Reply): void
  fail(context: RequestContext, error: unknown): void
  /** Goes on after a reply or failure that came in a later turn than its request. */
  resume(): void
}

/** Runs a handler. A synchronous result is answered before this returns. */
export function dispatch(handler: Handler, context: RequestContext, target: ReplyTarget): void {
  let result
  try {
    result = taken(handler(context))
  } catch (error) {
    return target.fail(context, error)
  }
  if (result instanceof Reply) return target.reply(context, result)
  result.then(
    (reply) => {
      answerWith(context, reply, target)
      target.resume()
    },
    (error: unknown) => {
      target.fail(context, error)
      target.resume()
    },
  )
}

/** Answers with whatever was returned: reply, `Response`, or a promise of one. */
export function answerWith(context: RequestContext, given: Result | Promise<Result>, target: ReplyTarget): void {
  dispatch(() => given, context, target)
}

/** What a handler returned. Looking at it may run code of its own. @throws TypeError when it is no reply. */
export function taken(result: Result | Promise<Result>): Reply | Promise<Result> {
  if (result instanceof Reply) return result
  const isThenable = typeof (result as Promise<Result> | undefined)?.then === 'function'
  // A `then` of its own may call back twice, or at once, or throw; the platform's does not.
  return isThenable ? Promise.resolve(result) : replyOf(result)
}
