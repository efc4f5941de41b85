import { AbortedError, type Context, errorFacts, guarded, printError } from '@spillway/core'
import { type Rules, callback, readOptions } from '@spillway/core/options'
import { problemOf } from './lib/http/problem.ts'
import { addErrorFields } from './lib/layers/reply-fields.ts'
import { whenSettled } from './lib/layers/maybe-promise.ts'
import type { Middleware } from './lib/layers/types.ts'

export type { MiddlewareErrorCode, MiddlewareErrorCodes } from './lib/http/error-codes.ts'
export { type ProblemDetails, ProblemError, problem, problemOf } from './lib/http/problem.ts'

/** Options of {@link problems}. */
export interface ProblemsOptions {
  /** Hears of errors that are answered 500 and above. Default: the process's error output, as core has it. */
  readonly onError?: (error: unknown, c: Context<any, any>) => void
}

const rules: Rules<ProblemsOptions> = { onError: callback() }

/**
 * Answers errors of everything behind it with problems. An exchange that was cut is not answered, and errors of the server
 * are reported: nobody else will hear of them. For the errors of core itself, give `onError: problemOf` to `serve`.
 */
export function problems(options: ProblemsOptions = {}): Middleware {
  const { onError = printFailed } = readOptions(rules, options)
  return (c, next) =>
    whenSettled(
      next,
      (reply) => reply,
      (error) => {
        if (error instanceof AbortedError) throw error
        if (errorFacts(error).status >= 500) guarded(onError, (second) => printFailed(second, c), error, c)
        return addErrorFields(c, problemOf(error))
      },
    )
}

function printFailed(error: unknown, c: Context<any, any>): void {
  printError(`${c.method} ${c.target}`, error)
}
