import { type AbortedError, type Context, type Outcome, Reply, type ServerOptions } from '../../src/index.ts'
import { type TestServer, testServer } from '../../src/testing.ts'

export interface Watched {
  readonly context: Context
  readonly signal: AbortSignal
  readonly aborts: AbortedError[]
  readonly outcomes: Outcome[]
}

/** A server whose contexts are watched: every abort and every outcome. */
export function watching(
  handler: (c: Context) => Reply | Promise<Reply>,
  options: ServerOptions = {},
): { t: TestServer; seen: Watched[] } {
  const seen: Watched[] = []
  const t = testServer((c) => {
    const watched: Watched = { context: c, signal: c.signal, aborts: [], outcomes: [] }
    c.signal.addEventListener('abort', () => watched.aborts.push(c.signal.reason as AbortedError))
    c.done((outcome) => watched.outcomes.push(outcome))
    seen.push(watched)
    return handler(c)
  }, options)
  return { t, seen }
}
