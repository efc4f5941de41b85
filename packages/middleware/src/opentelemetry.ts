import {
  type Attributes,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  context,
  propagation,
  trace,
} from '@opentelemetry/api'
import { type Context, type Outcome, type RequestHeaders, errorFacts } from '@spillway/core'
import { clientOf } from './lib/http/known-client.ts'
import { standardMethods } from './lib/http/standard-methods.ts'
import { named } from './lib/layers/layer-trace.ts'
import { whenAnswered } from './lib/layers/reply-fields.ts'
import type { Middleware } from './lib/layers/types.ts'

const getter: TextMapGetter<RequestHeaders> = {
  get: (headers, name) => headers.get(name) ?? undefined,
  keys: (headers) => [...headers].map(([name]) => name),
}

/**
 * Makes a span for each request, by the semantic conventions for HTTP servers: a child of the trace named in the request's fields, and the
 * parent of spans made while it is answered. It ends with the last byte of the reply, or when it is certain that it will never be sent. It is
 * an error for statuses from 500 up and for exchanges that were cut. Queries are left out, because they may hold secrets. It does nothing
 * until an SDK is registered, and needs no loader. Put it in front of what should be traced, and behind `client`.
 */
export function spans(): Middleware {
  const tracer = trace.getTracer('@spillway/middleware')
  return named('spans', (c, next) => {
    const parent = propagation.extract(context.active(), c.headers, getter)
    const span = tracer.startSpan(
      standardMethods.has(c.method) ? c.method : 'HTTP',
      { kind: SpanKind.SERVER, attributes: requestAttributes(c) },
      parent,
    )
    c.done((outcome) => end(span, c, outcome))
    return context.with(trace.setSpan(parent, span), () =>
      whenAnswered(
        c,
        next,
        (reply) => reply,
        (error) => {
          if (errorFacts(error).status >= 500) span.recordException(error as Error)
          throw error
        },
      ),
    )
  })
}

function requestAttributes(c: Context<any, any>): Attributes {
  const { protocol, host, address } = clientOf(c)
  const [, name, port] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(host) ?? []
  return {
    ...(standardMethods.has(c.method)
      ? { 'http.request.method': c.method }
      : { 'http.request.method': '_OTHER', 'http.request.method_original': c.method }),
    'url.scheme': protocol,
    'url.path': c.base + c.path,
    'server.address': name,
    'server.port': port === undefined ? undefined : Number(port),
    'client.address': address || undefined,
    'network.peer.address': c.peer.address || undefined,
    'network.protocol.version': c.httpVersion === '2.0' ? '2' : c.httpVersion,
    'user_agent.original': c.headers.get('user-agent') ?? undefined,
  }
}

function end(span: Span, c: Context<any, any>, outcome: Outcome): void {
  if (c.route !== '') {
    span.updateName(`${standardMethods.has(c.method) ? c.method : 'HTTP'} ${c.route}`)
    span.setAttribute('http.route', c.route)
  }
  if (outcome.status > 0) span.setAttribute('http.response.status_code', outcome.status)
  const failure =
    outcome.kind === 'aborted' ? `aborted by ${outcome.by}` : outcome.status >= 500 && String(outcome.status)
  if (failure) {
    span.setAttribute('error.type', failure)
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}
