import { fromFetch, toFetch } from '@spillway/core/web'
import { type Router, router } from '@spillway/middleware/router'

// Any function from Request to Response: the `fetch` of a Hono, h3 or itty-router application, for example.
const theirs = (request: Request): Response => Response.json({ at: new URL(request.url).pathname })

export const app: Router = router()
  .get('/', (c) => c.text('ours'))
  .mount('/theirs', fromFetch(theirs))

// Bun.serve({ fetch }) and Deno.serve(fetch) run it.
export const fetch: (request: Request) => Promise<Response> = toFetch(app)
