import type { Handler } from './context.ts'

/** A fetch-style application: what Hono, h3, itty-router and others export. */
export type FetchApp = (request: Request) => Response | Promise<Response>

/** Runs a fetch-style application on core: it gets a genuine `Request`, and its `Response` is streamed. */
export function fromFetch(app: FetchApp): Handler {
  return (c) => app(c.request)
}
