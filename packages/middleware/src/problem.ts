// Errors that are told as problems (RFC 9457).
import {
  AbortedError,
  type Context,
  type MaybePromise,
  Reply,
  type Result,
  errorFacts,
  guarded,
  printError,
} from '@spillway/core'
import { type Rules, callback, readOptions } from '@spillway/core/options'
import { type Problem, Refusal, isWritten, problemOf, written } from './lib/http/problem.ts'
import { addErrorFields } from './lib/layers/reply-fields.ts'
import { after, whenSettled } from './lib/layers/maybe-promise.ts'
import type { Middleware } from './lib/layers/types.ts'

export type { MiddlewareErrorCode, MiddlewareErrorCodes } from './lib/http/error-codes.ts'
export { type Problem, type ProblemDetails, ProblemError, problem, problemOf } from './lib/http/problem.ts'

/** Options of {@link problems}. */
export interface ProblemsOptions {
  /** Hears of errors that are answered 500 and above. Default: the process's error output, as core has it. */
  readonly onError?: (error: unknown, c: Context<any, any>) => void
  /**
   * Makes the reply of every problem, for an error format of one's own; fields such as `Allow` that it has not are added. Of
   * what `validate` or a contract found wrong, `problem.errors` is the list. Default: `application/problem+json`.
   */
  readonly reply?: (problem: Problem, c: Context<any, any>) => MaybePromise<Result>
}

const rules: Rules<ProblemsOptions> = { onError: callback(), reply: callback() }

/**
 * Gives every refusal behind it one format: errors that are thrown, what validation and guards refuse, and the 404 and 405 of
 * the router, which are text otherwise. An exchange that was cut is not answered, and errors of the server
 * are reported: nobody else will hear of them. For the errors of core itself, give `onError: problemOf` to `serve`.
 */
export function problems(options: ProblemsOptions = {}): Middleware {
  const { onError = printFailed, reply: make } = readOptions(rules, options)
  const told = (refusal: Refusal, c: Context<any, any>): MaybePromise<Reply> => {
    if (!make) return isWritten(refusal) ? refusal : withFieldsOf(refusal, written(refusal.problem))
    return after(make(refusal.problem, c), (result) => withFieldsOf(refusal, result))
  }
  return (c, next) =>
    whenSettled(
      next,
      (reply) => (reply instanceof Refusal ? told(reply, c) : reply),
      (error) => {
        if (error instanceof AbortedError) throw error
        if (errorFacts(error).status >= 500) guarded(onError, (second) => printFailed(second, c), error, c)
        return after(told(problemOf(error), c), (reply) => addErrorFields(c, reply))
      },
    )
}

/** Another reply for a refusal, with its fields as far as they are not about the content. */
function withFieldsOf(refusal: Refusal, result: Result): Reply {
  const reply = result instanceof Response ? Reply.from(result) : result
  for (const [name, value] of refusal.headers)
    if (/^(?:vary|set-cookie)$/i.test(name)) reply.headers.append(name, value)
    else if (!/^content-/i.test(name) && !reply.headers.has(name)) reply.headers.set(name, value)
  return reply
}

function printFailed(error: unknown, c: Context<any, any>): void {
  printError(`${c.method} ${c.target}`, error)
}
