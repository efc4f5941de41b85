// The floor: a socket that answers every request with the same bytes and does not parse any. All requests on a
// connection are assumed to be as long as the first.
import { createServer } from 'node:net'
import { greeting, host, port } from '../settings.ts'

const reply = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${greeting.length}\r\n\r\n${greeting}`

createServer({ noDelay: true }, (socket) => {
  let length = 0
  let received = 0
  socket.on('data', (chunk) => {
    if (length === 0) length = chunk.indexOf('\r\n\r\n') + 4
    received += chunk.length
    const count = Math.trunc(received / length)
    received -= count * length
    socket.write(count === 1 ? reply : reply.repeat(count), 'latin1')
  })
  socket.on('error', () => socket.destroy())
}).listen(port, host)
