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

/**
 * Runs a handler. A synchronous result is answered before this returns; any other one is returned, to be answered by a
 * {@link Waiter}.
 */
export function dispatch(handler: Handler, context: RequestContext, target: ReplyTarget): Promise<Result> | undefined {
  let result
  try {
    result = taken(handler(context), context, target)
  } catch (error) {
    return failed(context, error, target)
  }
  return answered(result, context, target)
}

function answered(
  result: Reply | Promise<Result>,
  context: RequestContext,
  target: ReplyTarget,
): Promise<Result> | undefined {
  if (!(result instanceof Reply)) return result
  target.reply(context, result)
  return undefined
}

/** Awaits what a handler has promised, and answers. */
export type Waiter = (result: Promise<Result>, context: RequestContext, target: ReplyTarget) => Promise<void>

/** Makes a waiter of this name, under which it stands in the stack of whatever it waits for. */
export function waiterNamed(name: string): Waiter {
  const named: Readonly<Record<string, Waiter>> = {
    async [name](result, context, target) {
      // What comes later may be a source whose first piece is waited for.
      for (let pending: Promise<Result> | undefined = result; pending;) {
        let given
        try {
          given = taken(await pending, context, target)
        } catch (error) {
          pending = failed(context, error, target)
          continue
        }
        pending = answered(given, context, target)
      }
      target.resume()
    },
  }
  return named[name]!
}

/** What a handler has thrown is an answer, or an error. */
function failed(context: RequestContext, error: unknown, target: ReplyTarget): Promise<Result> | undefined {
  const answer = answerIn(error)
  if (answer) return dispatch(() => context.complete(answer), context, target)
  target.fail(context, error)
  return undefined
}

/** The reply that was thrown, if what was thrown is one: then it is the answer, and no error. Never throws itself. */
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
