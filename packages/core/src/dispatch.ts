import type { Handler, RequestContext, Result } from './context.ts'
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
    result = handler(context)
  } catch (error) {
    return target.fail(context, error)
  }
  if (result instanceof Reply) target.reply(context, result)
  else settleResult(context, result, target)
}

/** Answers with whatever was returned: reply, `Response`, or a promise of one. */
export function settleResult(context: RequestContext, result: Result | Promise<Result>, target: ReplyTarget): void {
  if (result instanceof Reply) target.reply(context, result)
  else if (isPromise(result))
    result.then(
      (reply) => {
        settleResult(context, reply, target)
        target.resume()
      },
      (error: unknown) => {
        target.fail(context, error)
        target.resume()
      },
    )
  else {
    let reply
    try {
      reply = replyOf(result)
    } catch (error) {
      return target.fail(context, error)
    }
    target.reply(context, reply)
  }
}

function isPromise(result: Result | Promise<Result> | undefined): result is Promise<Result> {
  return typeof (result as Promise<Result> | undefined)?.then === 'function'
}
