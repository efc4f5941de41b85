import { fileURLToPath } from 'node:url'
import { health } from '@spillway/middleware/health'
import { problems } from '@spillway/middleware/problem'
import { router } from '@spillway/middleware/router'
import { sse } from '@spillway/middleware/sse'
import { staticFiles } from '@spillway/middleware/static'
import { topics } from '@spillway/middleware/topics'
import { websocket } from '@spillway/middleware/websocket'
import { z } from 'zod'

const Message = z.object({ from: z.string().min(1).max(40), text: z.string().min(1).max(2000) })
const room = topics()('room')

const app = router()
  .use(problems())
  .get('/live', health())
  // A WebSocket for those who talk,
  .get(
    '/room',
    websocket(() => ({
      open: (socket) => void room.subscribe(socket),
      message(socket, data) {
        const message = Message.safeParse(parsed(data))
        if (message.success) void room.publish(JSON.stringify(message.data))
        else socket.close(1008, 'Not a message')
      },
    })),
  )
  // a stream of events for those who listen,
  .get('/events', (c) =>
    sse(c, async (stream) => {
      room.subscribe(stream)
      await stream.closed
    }),
  )
  // and a request for programs.
  .post('/messages', { body: Message, gives: { 202: null } }, async (c, give) => {
    await room.publish(JSON.stringify(c.state.valid.body))
    return give(202)
  })
  .get('/:path*', staticFiles(fileURLToPath(new URL('../public', import.meta.url))))

function parsed(data: string | Uint8Array): unknown {
  try {
    return JSON.parse(String(data))
  } catch {
    return undefined
  }
}

export default app
