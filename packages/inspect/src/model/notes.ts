// What is known about an exchange besides its bytes: where its time went, why its route won, and what was logged.

/** The run of one layer, or of the handler inside the layers. */
export interface LayerTime {
  readonly kind: 'layer' | 'handler'
  /** The name of its function; empty when it has none. */
  readonly name: string
  /** The number of layers around it. */
  readonly depth: number
  /** When it began, on the server's clock. */
  readonly at: number
  /** Milliseconds until its reply was ready, and how many of them were not spent in what it called; missing while it runs. */
  readonly ms?: number
  readonly own?: number
  /** The error with which it failed. */
  readonly failed?: string
}

/** A layer that has begun, and perhaps ended; all times are from one clock. */
export interface LayerSpan {
  readonly kind: 'layer' | 'handler'
  readonly name: string
  readonly startedAt: number
  readonly endedAt?: number | undefined
  readonly failed?: string | undefined
}

/** A route that matches the request. */
export interface FittingRoute {
  readonly method: string
  readonly pattern: string
  /** The file and line where it was registered; empty where unknown. */
  readonly place: string
}

/** The router's decision about a request. */
export interface RouteChoice {
  /** The matching routes, the most specific one first, which handled the request. */
  readonly routes: readonly FittingRoute[]
  /** The status of the router's own reply, if no route handled the request. */
  readonly status?: number
}

/** An OpenTelemetry span. */
export interface SpanNote {
  readonly id: string
  /** The id of its parent span, if known. */
  readonly parent?: string
  readonly name: string
  /** Its start on the server's clock, and its duration; missing where unknown. */
  readonly at?: number
  readonly ms?: number
}

/** What is known about one exchange. */
export interface ExchangeNote {
  /** 1 for the first on its connection. */
  readonly exchange: number
  readonly layers: readonly LayerTime[]
  readonly route?: RouteChoice
  /** The trace to which it belongs, with the spans that were seen. */
  readonly trace?: { readonly id: string; readonly spans: readonly SpanNote[] }
  /** Lines of the log and of the console. */
  readonly lines: readonly string[]
  /** Whether there was content that the application did not read. */
  readonly unread?: boolean
}

/**
 * Nests each layer in the one that called it, judging by their times, and subtracts the time of what it called from its own.
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
