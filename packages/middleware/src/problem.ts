// Errors that are reported as problems (RFC 9457).
import {
  type Context,
  type MaybePromise,
  Reply,
  type Result,
  abortedIn,
  addErrorFields,
  errorFacts,
  guarded,
  printFailure,
} from '@spillway/core'
import { type Rules, callback, readOptions } from '@spillway/core/options'
import { type Problem, Refusal, isWritten, problemOf, written } from './lib/http/problem.ts'
import { named } from './lib/layers/layer-trace.ts'
import { whenAnswered } from './lib/layers/reply-fields.ts'
import { after } from './lib/layers/maybe-promise.ts'
import type { Middleware } from './lib/layers/types.ts'

export type { MiddlewareErrorCode, MiddlewareErrorCodes } from './lib/http/error-codes.ts'
export { type Problem, type ProblemDetails, ProblemError, problem, problemOf } from './lib/http/problem.ts'

/** Options of {@link problems}. */
export interface ProblemsOptions {
  /** Is told of errors that are answered 500 and above. Default: core's default, a line on standard error. */
  readonly onError?: (error: unknown, c: Context<any, any>) => void
  /**
   * Makes the reply for every problem, for an error format of your own; fields such as `Allow` that it lacks are added.
   * `problem.errors` is the list of what `validate` or a contract found wrong. Default: `application/problem+json`.
   */
  readonly reply?: (problem: Problem, c: Context<any, any>) => MaybePromise<Result>
}

const rules: Rules<ProblemsOptions> = { onError: callback(), reply: callback() }

/**
 * Gives every refusal behind it one format: errors that are thrown, what validation and guards refuse, and the 404 and 405 of
 * the router, which are text otherwise. An exchange that was cut is not answered, and errors of the server
 * are reported: nobody else will hear of them. For errors that no layer meets, of core itself or of content that is read
 * behind it, give `onError: problemOf` to `serve`.
 */
export function problems(options: ProblemsOptions = {}): Middleware {
  const { onError = printFailure, reply: make } = readOptions(rules, options)
  const told = (refusal: Refusal, c: Context<any, any>): MaybePromise<Reply> => {
    if (!make) return isWritten(refusal) ? refusal : withFieldsOf(refusal, written(refusal.problem))
    return after(make(refusal.problem, c), (result) => withFieldsOf(refusal, result))
  }
  return named('problems', (c, next) =>
    whenAnswered(
      c,
      next,
      (reply) => (reply instanceof Refusal ? told(reply, c) : reply),
      (error) => {
        if (abortedIn(error)) throw error
        if (errorFacts(error).status >= 500) guarded(onError, (second) => printFailure(second, c), error, c)
        return after(told(problemOf(error), c), (reply) => addErrorFields(c, reply))
      },
    ),
  )
}

/** A different reply for a refusal, keeping those of its fields that do not describe the content. */
function withFieldsOf(refusal: Refusal, result: Result): Reply {
  const reply = Reply.from(result)
  for (const [name, value] of refusal.headers)
    if (/^(?:vary|set-cookie)$/i.test(name)) reply.headers.append(name, value)
    else if (!/^content-/i.test(name) && !reply.headers.has(name)) reply.headers.set(name, value)
  return reply
}
