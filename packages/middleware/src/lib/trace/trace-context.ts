// traceparent and tracestate.
import { trimBlanks } from '../http/trim-blanks.ts'

/** The position of a request in a trace, as traceparent tells it (W3C Trace Context §3.2). */
export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits: who sent the request. */
  readonly parentId: string
  /** Whether the sender records the trace. */
  readonly sampled: boolean
  /** Whether the id of the trace is random, so that its last 14 digits can be sampled by. */
  readonly random: boolean
}

const form = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/

/** Reads traceparent; undefined when it is not valid, and then tracestate is not to be read. */
export function parseTraceparent(value: string): TraceParent | undefined {
  const found = form.exec(value)
  if (!found) return undefined
  const [, version, traceId = '', parentId = '', flags = '', more] = found
  // Later versions may say more behind; this one may not.
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined
  const bits = parseInt(flags, 16)
  return { traceId, parentId, sampled: (bits & 1) !== 0, random: (bits & 2) !== 0 }
}

/** Version 00, whatever came. */
export function formatTraceparent({ traceId, parentId, sampled, random }: TraceParent): string {
  return `00-${traceId}-${parentId}-0${(sampled ? 1 : 0) + (random ? 2 : 0)}`
}

const mostMembers = 32
const key = /^(?:[a-z][\w*/-]{0,255}|[a-z\d][\w*/-]{0,240}@[a-z][\w*/-]{0,13})$/
const text = /^[ -+\--<>-~]{0,255}[!-+\--<>-~]$/

/** The members of tracestate, joined (§3.3); empty when one of them is not valid, or comes twice, or there are too many. */
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
