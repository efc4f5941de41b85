import { Failure } from '@spillway/command-line'
import { FormatError } from '@spillway/inspect/capture'

export { FormatError }

/** The same as something that the user can do something about, when it is a file that is not what it claims to be. */
export function asFailure(error: unknown): unknown {
  return error instanceof FormatError ? new Failure(error.message, { cause: error }) : error
}
