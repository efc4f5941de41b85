// Profiles: which mistakes an observer accepts.
import type { BodyLimits, HeadLimits } from '../limits.ts'
import { framingRules, type FramingRuleName } from './framing-rules.ts'
import { headRules, type HeadRuleName } from './head-rules.ts'
import type { Rule } from './rule.ts'

type OtherRuleName = 'largeHeads' | 'ends' | 'order'

/** How to continue after mistakes that are not in the text of a message. */
const otherRules: Readonly<Record<OtherRuleName, Rule>> = {
  largeHeads: {
    codes: [
      'TOO_MANY_EMPTY_LINES',
      'METHOD_TOO_LONG',
      'TARGET_TOO_LONG',
      'FIELD_LINE_TOO_LONG',
      'TOO_MANY_FIELDS',
      'HEAD_TOO_LARGE',
    ],
    lenient: 'others have other limits',
    isLimit: 'inHead',
  },
  ends: { codes: ['MESSAGE_INCOMPLETE', 'RESPONSE_MISSING'], lenient: 'what has come is shown as it is' },
  order: {
    codes: ['UNEXPECTED_RESPONSE', 'MESSAGE_AFTER_CLOSE'],
    lenient: 'clients close the connection, or take the response for the answer to their next request',
  },
}

/** All rules by their names. */
export const rules: Readonly<Record<RuleName, Rule>> = { ...headRules, ...framingRules, ...otherRules }

/** The name of a mistake after which reading can continue. */
export type RuleName = HeadRuleName | FramingRuleName | OtherRuleName

// decision 052
/**
 * How much is accepted of what the strict parser refuses. A profile is plain data: the names of the mistakes after which reading
 * continues. Everything else is refused as by `MessageParser`, and correct input is read in the same way.
 */
export interface Profile {
  readonly name: string
  readonly request: readonly RuleName[]
  readonly response: readonly RuleName[]
  /** The limits for a head that exceeds the usual ones. */
  readonly headLimits?: HeadLimits
  /** The limits for the chunks of a body after its first mistake. */
  readonly bodyLimits?: BodyLimits
}

/** Accepts only what `MessageParser` accepts. */
export const strict: Profile = { name: 'strict', request: [], response: [] }

/**
 * What RFC 9112 asks of user agents, for responses: folded lines (§5.2), also in trailers; a reason phrase that is missing together with
 * its space (§4); and a last coding other than chunked, which goes on until the connection ends (§6.3). Requests are read as by `strict`.
 */
export const userAgent: Profile = {
  name: 'userAgent',
  request: [],
  response: ['reasonLeftOut', 'foldedLines', 'otherCodingLast'],
}

const all = /* @__PURE__ */ Object.keys(rules) as RuleName[]

/** Accepts whatever can be read. For captures and inspecting traffic, never for serving: two readers may see two messages in it. */
export const observer: Profile = {
  name: 'observer',
  request: all,
  response: all,
  headLimits: {
    emptyLines: 4096,
    methodBytes: 4096,
    targetBytes: 1_048_576,
    fieldLineBytes: 1_048_576,
    fields: 16_384,
    headBytes: 1_048_576,
  },
  bodyLimits: {
    chunkSizeDigits: 32,
    extensionBytes: Infinity,
    overheadRatio: Infinity,
    overheadBytes: Infinity,
    trailerBytes: 1_048_576,
    trailerFields: 16_384,
  },
}
