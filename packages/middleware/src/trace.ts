// Traces across servers (W3C Trace Context).
import { randomBytes } from 'node:crypto'
import { AddressSet, type Context } from '@spillway/core'
import { type Rules, callback, list, optional, readOptions, text } from '@spillway/core/options'
import { peerAddress } from './lib/http/known-client.ts'
import { type TraceParent, formatTraceparent, parseTraceparent, readTracestate } from './lib/trace/trace-context.ts'
import { named } from './lib/layers/layer-trace.ts'
import { atOnce } from './lib/layers/at-once.ts'
import type { Middleware } from './lib/layers/types.ts'

/** The place of a request in a trace. */
export interface Trace {
  /** 32 hexadecimal digits, the same for all requests that belong together. */
  readonly traceId: string
  /** 16 hexadecimal digits, for this request alone. */
  readonly spanId: string
  /** The sender's span; undefined when the trace begins here. */
  readonly parentId: string | undefined
  /** Whether the trace is being recorded somewhere. */
  readonly sampled: boolean
  /** The fields to send with requests made on behalf of this one: `fetch(url, { headers: c.state.trace.fields })`. */
  readonly fields: Readonly<Record<string, string>>
}

/** Options of {@link trace}. */
export interface TraceOptions {
  /**
   * Whose traces are continued: addresses and networks of peers, `unix` for unix sockets; for all others a new one begins.
   * Default: everybody's, because nothing depends on them except what is recorded.
   */
  readonly trusted?: readonly string[]
  /** Whether a trace that begins here is marked as recorded. Default: never. */
  readonly sample?: (c: Context<any, any>) => boolean
}

const rules: Rules<TraceOptions> = { trusted: optional(list(text())), sample: callback() }

/**
 * Reads the place of a request in a distributed trace (W3C Trace Context, `traceparent` and `tracestate`), or begins a new trace
 * when the request has none or a malformed one, and puts it into `c.state.trace`, for logs and for requests to other servers.
 * For spans, see `opentelemetry`.
 * @throws TypeError when an entry of `trusted` is neither address nor network.
 */
export function trace(options: TraceOptions = {}): Middleware<{ trace: Trace }> {
  const { trusted, sample = () => false } = readOptions(rules, options)
  const peers = trusted && new AddressSet(trusted)
  return named('trace', (c, next) => {
    const isTrusted = !peers || peers.has(peerAddress(c.peer) || undefined)
    const parent = isTrusted ? parseTraceparent(c.headers.get('traceparent') ?? '') : undefined
    c.state.trace = parent ? continued(parent, c) : begun(atOnce(sample(c), '`sample`'))
    return next()
  })
}

function continued(parent: TraceParent, c: Context<any, any>): Trace {
  const { traceId, parentId, sampled } = parent
  const spanId = randomBytes(8).toString('hex')
  const traceparent = formatTraceparent({ ...parent, parentId: spanId })
  const tracestate = readTracestate(c.headers.get('tracestate') ?? '')
  return { traceId, spanId, parentId, sampled, fields: { traceparent, ...(tracestate !== '' && { tracestate }) } }
}

function begun(sampled: boolean): Trace {
  const ids = randomBytes(24).toString('hex')
  const [traceId, spanId] = [ids.slice(0, 32), ids.slice(32)]
  const traceparent = formatTraceparent({ traceId, parentId: spanId, sampled, random: true })
  return { traceId, spanId, parentId: undefined, sampled, fields: { traceparent } }
}
