import { type Router, router } from '@spillway/middleware/router'
import { sse } from '@spillway/middleware/sse'
import { topics } from '@spillway/middleware/topics'
import { websocket } from '@spillway/middleware/websocket'
import { z } from 'zod'

const Said = z.object({ text: z.string().min(1).max(2000) })

// For several processes: topics({ bus: redisBus(command, subscriber) })
const topic = topics()

export const app: Router = router()
  .get(
    '/rooms/:room/socket',
    websocket(
      ({ params: { room } }) => ({
        open: (socket) => void topic(room).subscribe(socket),
        message: (_, { text }) => topic(room).publish({ room, text }),
      }),
      { schema: Said }, // an invalid message closes with 1008
    ),
  )
  .get('/rooms/:room/events', (c) => {
    const { room } = c.params
    return sse(c, async (stream) => {
      topic(room).subscribe(stream)
      await stream.closed
    })
  })
