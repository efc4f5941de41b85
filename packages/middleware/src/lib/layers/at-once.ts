import { guarded, isThenable } from '@spillway/core'
import { ignore } from './ignore.ts'

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
