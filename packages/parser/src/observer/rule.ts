import type { ParseErrorCode } from '../errors.ts'
import type { RequestHead } from '../request-head.ts'
import type { ResponseHead } from '../response-head.ts'
import type { Draft } from './draft.ts'

/** What a rule made of a draft: mended, not its case, or that it has to see the end of the line first. */
export type Mended = boolean | 'line'

/** How reading goes on behind one mistake. */
export interface Rule {
  readonly codes: readonly ParseErrorCode[]
  /** For messages of one kind only. */
  readonly side?: 'request' | 'response'
  /** What those do who do not refuse it. */
  readonly lenient: string
  /** Nearly anything can be read in this way: it does not tell that there is a head. */
  readonly isVague?: true
  /** Where limits are passed; nothing is mended then, but read again with those of the profile. */
  readonly isLimit?: 'inHead' | 'inFraming'
  /** In a head. @param p the offending byte */
  readonly inHead?: (draft: Draft, p: number, head: RequestHead | ResponseHead) => Mended
  /** In the framing of chunks: behind the data of one up to that of the next, or to the end of the trailers. */
  readonly inFraming?: (draft: Draft, p: number, code: ParseErrorCode) => Mended
}
