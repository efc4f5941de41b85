// What is known of an exchange beside its bytes: where its time went, why its route won, what was said meanwhile.

/** The run of one layer, or of the handler behind them. */
export interface LayerTime {
  readonly kind: 'layer' | 'handler'
  /** The name of its function; empty when it has none. */
  readonly name: string
  /** How many others it runs within. */
  readonly depth: number
  /** When it began, on the server's clock. */
  readonly at: number
  /** Milliseconds until its reply was there, and how many of them were its own and not of what it had called; missing while it runs. */
  readonly ms?: number
  readonly own?: number
  /** What it failed with. */
  readonly failed?: string
}

/** A layer that has begun, and perhaps ended; times on one clock. */
export interface LayerSpan {
  readonly kind: 'layer' | 'handler'
  readonly name: string
  readonly startedAt: number
  readonly endedAt?: number | undefined
  readonly failed?: string | undefined
}

/** A route that the request fits. */
export interface FittingRoute {
  readonly method: string
  readonly pattern: string
  /** The file and line where it was registered; empty where that is not known. */
  readonly place: string
}

/** What the router said of a request. */
export interface RouteChoice {
  /** Those that it fits, the most specific one first, which has answered. */
  readonly routes: readonly FittingRoute[]
  /** The status of the router's own reply, where no route has answered. */
  readonly status?: number
}

/** A span of OpenTelemetry. */
export interface SpanNote {
  readonly id: string
  /** Of the span that it belongs to, when that is known. */
  readonly parent?: string
  readonly name: string
  /** On the server's clock, and how long it took; missing where that was not told. */
  readonly at?: number
  readonly ms?: number
}

/** What is known of one exchange. */
export interface ExchangeNote {
  /** 1 for the first on its connection. */
  readonly exchange: number
  readonly layers: readonly LayerTime[]
  readonly route?: RouteChoice
  /** The trace that it is part of, with the spans that were seen. */
  readonly trace?: { readonly id: string; readonly spans: readonly SpanNote[] }
  /** Lines of the log and of the console. */
  readonly lines: readonly string[]
  /** Whether there was content that nobody has read. */
  readonly unread?: boolean
}

/**
 * Puts each layer into the one that has called it, as their times say, and takes what it has called off its own time.
 * @param layers in the order in which they began.
 */
export function nested(layers: readonly LayerSpan[]): LayerTime[] {
  const called = layers.map(() => 0)
  const around: number[] = []
  const depths = layers.map(({ startedAt, endedAt }, i) => {
    const isWithin = (one: number): boolean => (layers[one]!.endedAt ?? Infinity) >= (endedAt ?? startedAt)
    const hasEnded = (one: number): boolean => (layers[one]!.endedAt ?? Infinity) < startedAt
    while (around.length > 0 && (hasEnded(around.at(-1)!) || !isWithin(around.at(-1)!))) around.pop()
    const parent = around.at(-1)
    if (parent !== undefined && endedAt !== undefined) called[parent]! += endedAt - startedAt
    around.push(i)
    return around.length - 1
  })
  return layers.map(({ kind, name, startedAt, endedAt, failed }, i) => ({
    kind,
    name,
    depth: depths[i]!,
    at: startedAt,
    ...(endedAt !== undefined && { ms: endedAt - startedAt, own: Math.max(0, endedAt - startedAt - called[i]!) }),
    ...(failed !== undefined && { failed }),
  }))
}
