import { Failure } from '@spillway/command-line'
import { FormatError } from '@spillway/inspect/capture'

export { FormatError }

/** Turns an error about a malformed file into a `Failure`, which the user can do something about; returns others unchanged. */
export function asFailure(error: unknown): unknown {
  return error instanceof FormatError ? new Failure(error.message, { cause: error }) : error
}
