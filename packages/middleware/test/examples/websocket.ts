import { type Router, router } from '@spillway/middleware/router'
import { type WebSocketConnection, websocket } from '@spillway/middleware/websocket'

const rooms = new Map<string, Set<WebSocketConnection>>()

export const app: Router = router().get(
  '/rooms/:room',
  websocket(({ params }) => {
    const room = rooms.get(params.room) ?? new Set()
    rooms.set(params.room, room)
    return {
      open: (socket) => void room.add(socket),
      message(_, data) {
        // without waiting for anyone: a client that falls behind is cut off
        for (const other of room) void other.send(data)
      },
      close(socket) {
        room.delete(socket)
        if (room.size === 0) rooms.delete(params.room)
      },
    }
  }),
)
