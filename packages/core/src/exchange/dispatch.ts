// From a handler to its reply, in the same turn where nothing has to be waited for.
import { type Reporter, begun } from './beginning.ts'
import type { Handler, MaybePromise, Result } from './context.ts'
import { isThenable } from './guarded.ts'
import type { RequestContext } from './request-context.ts'
import { Reply, isAnswer, replyOf } from './reply.ts'

/** Takes what a handler made of a request. */
export interface ReplyTarget extends Reporter {
  reply(context: RequestContext, reply: Reply): void
  fail(context: RequestContext, error: unknown): void
  /** Continues after a reply or failure that came in a later turn than its request. */
  resume(): void
}

/** Runs a handler. A synchronous result is answered before this returns. */
export function dispatch(handler: Handler, context: RequestContext, target: ReplyTarget): void {
  let result
  try {
    result = taken(handler(context), context, target)
  } catch (error) {
    return failed(context, error, target)
  }
  if (result instanceof Reply) return target.reply(context, result)
  result.then(
    (reply) => {
      dispatch(() => reply, context, target)
      target.resume()
    },
    (error: unknown) => {
      failed(context, error, target)
      target.resume()
    },
  )
}

/** What a handler has thrown may be a reply or an error. */
function failed(context: RequestContext, error: unknown, target: ReplyTarget): void {
  const answer = answerIn(error)
  if (answer) dispatch(() => context.complete(answer), context, target)
  else target.fail(context, error)
}

/** A reply that was thrown. */
export function answerIn(error: unknown): Reply | undefined {
  // Inspecting it may run foreign code.
  try {
    return isAnswer(error) ? replyOf(error) : undefined
  } catch {
    return undefined
  }
}

/** Answers with the reply to an error. */
export function deliver(context: RequestContext, given: MaybePromise<Reply>, target: ReplyTarget): void {
  if (given instanceof Reply) return target.reply(context, given)
  void given.then((reply) => {
    target.reply(context, reply)
    target.resume()
  })
}

/**
 * What a handler returned. Inspecting it may run foreign code.
 * @throws TypeError when it is not a reply.
 */
export function taken(
  result: Result | PromiseLike<Result>,
  context: RequestContext,
  reporter: Reporter,
): Reply | Promise<Result> {
  if (result instanceof Reply) return begun(result, context, reporter)
  // A foreign `then` may call back twice, or synchronously, or throw; the platform's does not.
  return isThenable(result) ? Promise.resolve(result) : begun(replyOf(result), context, reporter)
}
