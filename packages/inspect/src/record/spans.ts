// Spans of OpenTelemetry, as far as they are about requests that are recorded.
import { channel } from 'node:diagnostics_channel'
import type { SpanNote } from '../model/notes.ts'

/** What is used of a span of OpenTelemetry's SDK: its interface has the context only, the SDK's own has the rest. */
export interface AnySpan {
  spanContext(): { readonly traceId: string; readonly spanId: string }
  readonly name?: string
  /** Seconds and nanoseconds. */
  readonly startTime?: readonly [number, number]
  readonly duration?: readonly [number, number]
  readonly ended?: boolean
  /** In version 2 of the SDK, and in version 1. */
  readonly parentSpanContext?: { readonly spanId: string } | undefined
  readonly parentSpanId?: string | undefined
}

/** What OpenTelemetry's SDK calls for each span. */
export interface SpanProcessor {
  onStart(): void
  onEnd(span: AnySpan): void
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
}

const ended = channel('spillway.inspect.span')

/**
 * A processor for OpenTelemetry's SDK that shows the spans of a request in the inspector:
 * `new NodeSDK({ spanProcessors: [inspectedSpans(), …] })`. Without it, the page shows the span that a request is in, and no more. It
 * sends nothing anywhere, and does nothing while nothing is recorded.
 */
export function inspectedSpans(): SpanProcessor {
  return {
    onStart() {},
    onEnd: (span) => ended.publish(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  }
}

/** The part of OpenTelemetry's interface that says which span is the one of now. */
interface Api {
  readonly trace: { getActiveSpan(): AnySpan | undefined }
}

/** Traces whose spans are kept, spans of each, and characters of a name. */
const [mostTraces, mostSpans, longestName] = [400, 100, 200]

/** The spans that have ended of late, by trace. */
export class Spans {
  readonly #traces: Map<string, SpanNote[]> = new Map()
  readonly #zero: number
  readonly #stop: () => void
  #api: Api | undefined

  /** @param zero the time of day when the server's clock began. */
  constructor(zero: number) {
    this.#zero = zero
    // Whoever listens to a channel and throws ends the process, and spans may be anybody's.
    const listener = (span: unknown): void => attempt(() => this.#add(span as AnySpan))
    ended.subscribe(listener)
    this.#stop = () => ended.unsubscribe(listener)
    // Only programs that use it have it.
    const name = '@opentelemetry/api'
    void import(name).then(
      (api: Api) => (this.#api = api),
      () => {},
    )
  }

  stop(): void {
    this.#stop()
  }

  /** The span that is active now. */
  active(): AnySpan | undefined {
    return attempt(() => this.#api?.trace.getActiveSpan())
  }

  /** What is known of a span, which may not have ended. */
  noteOf(span: AnySpan): SpanNote {
    const { name = '', startTime, duration, parentSpanContext, parentSpanId = parentSpanContext?.spanId } = span
    return {
      id: span.spanContext().spanId,
      name: name.slice(0, longestName),
      ...(parentSpanId !== undefined && { parent: parentSpanId }),
      ...(startTime && { at: milliseconds(startTime) - this.#zero }),
      ...(duration && span.ended !== false && { ms: milliseconds(duration) }),
    }
  }

  /** The spans of a trace that have ended, in the order in which they began. */
  of(trace: string): readonly SpanNote[] {
    return (this.#traces.get(trace) ?? []).toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0))
  }

  #add(span: AnySpan): void {
    const { traceId } = span.spanContext()
    let spans = this.#traces.get(traceId)
    if (!spans) {
      this.#traces.set(traceId, (spans = []))
      const [oldest] = this.#traces.keys()
      if (this.#traces.size > mostTraces) this.#traces.delete(oldest!)
    }
    if (spans.length < mostSpans) spans.push(this.noteOf(span))
  }
}

function attempt<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch {
    return undefined
  }
}

function milliseconds([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1000 + nanoseconds / 1e6
}
