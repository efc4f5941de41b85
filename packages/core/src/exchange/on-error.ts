// The boundary to the application's `onError`: it may throw, reject, or return what is no reply.
import type { Context, MaybePromise, Result } from './context.ts'
import { errorResult, plainError, printFailure } from './error-reply.ts'
import { abortedIn, errorFacts } from './errors.ts'
import { isThenable, printError } from './guarded.ts'
import type { Reply } from './reply.ts'
import type { RequestContext } from './request-context.ts'
import { within } from './scope.ts'

/** What an application does about errors. @param context null when the error does not concern a request. */
export type OnError = (error: unknown, context: Context | null) => MaybePromise<Result | void>

/**
 * The reply to an error: made by `onError`, or a plain one; without the fields that errors carry. Never throws or rejects.
 * @param onError Default: errors that are not meant as an answer are printed.
 */
export function errorAnswer(
  onError: OnError | undefined,
  thrown: unknown,
  context: RequestContext,
): MaybePromise<Reply> {
  const aborted = abortedIn(thrown)
  const error = aborted ?? thrown
  // Inspecting an error may run foreign code, and so does calling `onError`.
  try {
    if (onError) {
      const result = within(context.scope, onError, error, context)
      return isThenable(result) ? eventually(result, error) : errorResult(result, error)
    }
    const isAnswer = aborted !== undefined || errorFacts(error).status < 500
    if (!isAnswer) printFailure(error, context)
    return plainError(error)
  } catch (second) {
    return unhandled(second)
  }
}

/** Tells of an error that no reply can report any more: `onError`, or whoever reads standard error. Never throws. */
export function reportError(onError: OnError | undefined, error: unknown, context: RequestContext | null): void {
  try {
    if (abortedIn(error)) return
    if (!onError) return printFailure(error, context)
    const result = within(context?.scope, onError, error, context)
    if (isThenable(result)) void eventually(result, error)
  } catch (second) {
    unhandled(second)
  }
}

/** The reply when even the reply to an error has failed. */
export function unhandled(error: unknown): Reply {
  printError('while an error was handled', error)
  return plainError(undefined)
}

async function eventually(result: PromiseLike<Result | void>, error: unknown): Promise<Reply> {
  try {
    return errorResult(await result, error)
  } catch (second) {
    return unhandled(second)
  }
}
