import { testServer } from '@spillway/core/testing'
import { websocket } from '@spillway/middleware/websocket'
import { connectWebSocket } from '@spillway/middleware/websocket-client'

const app = websocket(() => ({ message: (socket, data) => socket.send(data) }))
const socket = await connectWebSocket(
  'ws://localhost/chat',
  {
    message(_, data) {
      console.log(data)
      socket.close()
    },
  },
  { server: testServer(app) },
)
await socket.send('hello')
