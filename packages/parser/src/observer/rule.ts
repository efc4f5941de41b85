// What a rule for a mistake is.
import type { ParseErrorCode } from '../errors.ts'
import type { RequestHead } from '../request-head.ts'
import type { ResponseHead } from '../response-head.ts'
import type { Draft } from './draft.ts'

/** What a rule did with a draft: repaired it, did not apply, or has to see the end of the line first. */
export type Mended = boolean | 'line'

/** How reading continues after one mistake. */
export interface Rule {
  readonly codes: readonly ParseErrorCode[]
  /** For messages of one kind only. */
  readonly side?: 'request' | 'response'
  /** What programs do that do not refuse it. */
  readonly lenient: string
  /** Nearly anything can be read in this way, so it does not prove that there is a head. */
  readonly isVague?: true
  /** Where a limit is exceeded; nothing is repaired then, but it is read again with the limits of the profile. */
  readonly isLimit?: 'inHead' | 'inFraming'
  /** In a head. @param p the offending byte */
  readonly inHead?: (draft: Draft, p: number, head: RequestHead | ResponseHead) => Mended
  /** In the framing of chunks: after the data of one up to the data of the next, or to the end of the trailers. */
  readonly inFraming?: (draft: Draft, p: number, code: ParseErrorCode) => Mended
}
