import { type Router, router } from '@spillway/middleware/router'
import { sse } from '@spillway/middleware/sse'

interface Events {
  tick: { count: number }
}

export const app: Router = router().get('/ticks', (c) =>
  sse<Events>(c, async (stream) => {
    // a client that reconnects says which event it saw last
    for (let count = Number(stream.lastEventId ?? 0) + 1; count <= 3; count++) {
      await stream.send({ event: 'tick', id: String(count), data: { count } })
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }),
)
