// traceparent and tracestate.
import { trimBlanks } from '../http/trim-blanks.ts'

/** The position of a request in a trace, from traceparent (W3C Trace Context §3.2). */
export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits: the span that sent the request. */
  readonly parentId: string
  /** Whether the sender records the trace. */
  readonly sampled: boolean
  /** Whether the trace id is random, so that its last 14 digits can be used for sampling. */
  readonly random: boolean
}

const form = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/

/** Parses traceparent; undefined when it is not valid, in which case tracestate must be ignored. */
export function parseTraceparent(value: string): TraceParent | undefined {
  const found = form.exec(value)
  if (!found) return undefined
  const [, version, traceId = '', parentId = '', flags = '', more] = found
  // Later versions may have more at the end; this one may not.
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined
  const bits = parseInt(flags, 16)
  return { traceId, parentId, sampled: (bits & 1) !== 0, random: (bits & 2) !== 0 }
}

/** Always writes version 00, whichever version came in. */
export function formatTraceparent({ traceId, parentId, sampled, random }: TraceParent): string {
  return `00-${traceId}-${parentId}-0${(sampled ? 1 : 0) + (random ? 2 : 0)}`
}

const mostMembers = 32
const key = /^(?:[a-z][\w*/-]{0,255}|[a-z\d][\w*/-]{0,240}@[a-z][\w*/-]{0,13})$/
const text = /^[ -+\--<>-~]{0,255}[!-+\--<>-~]$/

/** The members of tracestate, joined (§3.3); empty when one of them is not valid or comes twice, or there are too many. */
export function readTracestate(value: string): string {
  const members = value
    .split(',')
    .map(trimBlanks)
    .filter((member) => member !== '')
  const keys = new Set<string>()
  for (const member of members) {
    const equals = member.indexOf('=')
    const name = member.slice(0, equals)
    if (equals < 0 || !key.test(name) || /[A-Z]/.test(name) || !text.test(member.slice(equals + 1))) return ''
    keys.add(name)
  }
  return keys.size < members.length || members.length > mostMembers ? '' : members.join(',')
}
