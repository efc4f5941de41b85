import { serve } from '@spillway/core'

await serve(async (c) => c.text(await c.body.text()), {
  limits: { bodyBytes: 8 * 1024 * 1024, connections: 10_000 },
  timeouts: { head: 10_000, keepAlive: 72_000 },
})
