import { guarded, ignore, isThenable } from '@spillway/core'

/**
 * The answer of a callback that must not be asynchronous. A promise would be mistaken for the answer, and if it were rejected
 * later it would end the process.
 * @param who what the message calls the callback.
 * @throws TypeError for a promise.
 */
export function atOnce<T>(answer: T, who: string): T {
  if (!isThenable(answer)) return answer
  guarded(() => answer, ignore)
  throw new TypeError(`${who} must return a value, not a promise`)
}
