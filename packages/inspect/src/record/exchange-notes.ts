// What is known of exchanges beside their bytes, in bounded memory.
import { channel } from 'node:diagnostics_channel'
import type { Context } from '@spillway/core'
import type { LayerRun } from '@spillway/middleware'
import type { LoggedLine } from '@spillway/middleware/logger'
import type { RouteAsked } from '@spillway/middleware/router'
import { type ExchangeNote, type LayerSpan, type RouteChoice, type SpanNote, nested } from '../model/notes.ts'
import { hearConsole } from './console-lines.ts'
import { type AnySpan, Spans } from './spans.ts'

/** Most of everything that is kept: exchanges in all, layers, lines and spans of each, characters of a line, routes that fit. */
const [mostExchanges, mostLayers, mostLines, mostSpans, longestLine, mostRoutes] = [4000, 64, 40, 16, 400, 8]

/** What is kept of one exchange. */
interface Kept {
  readonly exchange: number
  /** Undefined for one that is over: then `layers` has them. */
  runs: LayerRun[] | undefined
  layers: readonly LayerSpan[]
  readonly spans: Map<string, AnySpan>
  trace: { readonly id: string; readonly spans: readonly SpanNote[] } | undefined
  explain: RouteAsked['explain'] | undefined
  readonly lines: string[]
  unread: boolean
}

/**
 * Notes what the layers, the router and the log of `@spillway/middleware` tell of exchanges, and what is written to the console for
 * them.
 */
export class ExchangeNotes {
  /** By connection and number, oldest first. */
  readonly #notes: Map<string, Kept> = new Map()
  /** Those that go on. */
  readonly #current: Map<object, Kept> = new Map()
  readonly #spans: Spans
  readonly #zero: number
  readonly #console: boolean
  #stops: (() => void)[] = []

  /**
   * @param zero when the server's clock began, on that of `performance.now()`. @param epoch the same as a time of day.
   * @param console whether the console is heard, too.
   */
  constructor(zero: number, epoch: number, console: boolean) {
    this.#zero = zero
    this.#console = console
    this.#spans = new Spans(epoch)
  }

  /** Listens until {@link rest}. */
  hear(): void {
    this.#stops = [
      listen('spillway.layer', (run) => this.#layer(run)),
      listen('spillway.route', ({ context, explain }) => {
        const kept = this.#current.get(context)
        // Of routers within each other the outermost is asked first.
        if (kept) kept.explain ??= explain
      }),
      listen('spillway.log', ({ context, line }) => this.#line(context, line)),
      ...(this.#console ? [hearConsole((context, line) => this.#line(context, line))] : []),
    ]
  }

  /** Listens no more for a while: exchanges that go on are forgotten. */
  rest(): void {
    for (const stop of this.#stops) stop()
    this.#stops = []
    for (const kept of this.#current.values()) this.#settle(kept)
    this.#current.clear()
  }

  stop(): void {
    this.rest()
    this.#spans.stop()
  }

  begin(connection: number, exchange: number, context: Context): void {
    const kept: Kept = {
      exchange,
      runs: [],
      layers: [],
      spans: new Map(),
      trace: undefined,
      explain: undefined,
      lines: [],
      unread: false,
    }
    this.#current.set(context, kept)
    this.#notes.set(`${connection} ${exchange}`, kept)
    const [oldest] = this.#notes.keys()
    if (this.#notes.size > mostExchanges) this.#notes.delete(oldest!)
  }

  /** The exchange is over. */
  end(context: Context): void {
    const kept = this.#current.get(context)
    if (!kept) return
    this.#current.delete(context)
    this.#settle(kept)
    kept.unread = hasContent(context) && !context.body.used
  }

  /** What is known of some exchanges of a connection. */
  read(connection: number, exchanges: readonly number[]): ExchangeNote[] {
    return exchanges.flatMap((exchange) => {
      const kept = this.#notes.get(`${connection} ${exchange}`)
      return kept ? [this.#noteOf(kept)] : []
    })
  }

  /** From now on nothing of an exchange is held but what is told. */
  #settle(kept: Kept): void {
    kept.layers = this.#spansOf(kept)
    kept.runs = undefined
    kept.trace = this.#traceOf(kept)
    kept.spans.clear()
  }

  #noteOf(kept: Kept): ExchangeNote {
    const { exchange, layers, runs, lines, unread, explain, trace = this.#traceOf(kept) } = kept
    return {
      exchange,
      layers: nested(runs ? this.#spansOf(kept) : layers),
      lines,
      ...(explain && { route: choiceOf(explain) }),
      ...(trace && { trace: { id: trace.id, spans: this.#withEnded(trace) } }),
      ...(unread && { unread }),
    }
  }

  /** The spans that were seen active, and those that the SDK has told of. */
  #withEnded({ id, spans }: NonNullable<Kept['trace']>): SpanNote[] {
    const ended = this.#spans.of(id)
    const known = new Set(ended.map((span) => span.id))
    return [...spans.filter((span) => !known.has(span.id)), ...ended]
  }

  #layer(run: LayerRun): void {
    const kept = this.#current.get(run.context)
    if (!kept?.runs || kept.runs.length >= mostLayers) return
    kept.runs.push(run)
    const span = this.#spans.active()
    if (span && kept.spans.size < mostSpans) kept.spans.set(span.spanContext().spanId, span)
  }

  #line(context: object, line: string): void {
    const kept = this.#current.get(context)
    if (kept && kept.lines.length < mostLines) kept.lines.push(line.slice(0, longestLine))
  }

  #spansOf({ runs = [] }: Kept): LayerSpan[] {
    return runs.map(({ kind, name, startedAt, endedAt, error }) => ({
      kind,
      name,
      startedAt: startedAt - this.#zero,
      ...(endedAt !== undefined && { endedAt: endedAt - this.#zero }),
      ...(error !== undefined && { failed: messageOf(error) }),
    }))
  }

  #traceOf({ spans }: Kept): Kept['trace'] {
    const [first] = spans.values()
    if (!first) return undefined
    const told = [...spans.values()].map((span) => this.#spans.noteOf(span))
    return { id: first.spanContext().traceId, spans: told }
  }
}

/** What `@spillway/middleware` tells, by channel. */
interface Told {
  readonly 'spillway.layer': LayerRun
  readonly 'spillway.route': RouteAsked
  readonly 'spillway.log': LoggedLine
}

function listen<Name extends keyof Told>(name: Name, listener: (message: Told[Name]) => void): () => void {
  const own = (message: unknown): void => listener(message as Told[Name])
  const to = channel(name)
  to.subscribe(own)
  return () => to.unsubscribe(own)
}

/** Whether a request said that it has content. */
function hasContent({ headers }: Context): boolean {
  return headers.has('transfer-encoding') || !/^0*$/.test(headers.get('content-length') ?? '')
}

function choiceOf(explain: RouteAsked['explain']): RouteChoice {
  const { routes, status } = explain()
  return {
    routes: routes.slice(0, mostRoutes).map(({ method, pattern, at }) => ({ method, pattern, place: at })),
    ...(status !== undefined && { status }),
  }
}

/** Errors of a handler may be anything. */
function messageOf(error: unknown): string {
  try {
    return String(error).slice(0, longestLine)
  } catch {
    return 'what cannot be told'
  }
}
