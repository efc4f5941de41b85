import { type Reply, abortedIn, errorFacts } from '@spillway/core'
import { problemOf } from './problem.ts'

/** The problem with which to answer a request that could not be read. @throws the error itself when it is not about the request. */
export function refusal(error: unknown): Reply {
  if (abortedIn(error) || errorFacts(error).status >= 500) throw error
  return problemOf(error)
}
