import { guarded, isThenable } from '@spillway/core'
import { ignore } from './ignore.ts'

/**
 * What a callback has answered that has to answer at once. A promise would be taken for an answer, and one that is rejected
 * later would end the process.
 * @param who what the message calls the callback.
 * @throws TypeError for a promise.
 */
export function atOnce<T>(answer: T, who: string): T {
  if (!isThenable(answer)) return answer
  guarded(() => answer, ignore)
  throw new TypeError(`${who} answers at once, and not with a promise`)
}
