import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { greeting, host, port } from '../settings.ts'

const noContext = { clientNoContextTakeover: true, serverNoContextTakeover: true, zlibDeflateOptions: { level: 1 } }
const plain = new WebSocketServer({ noServer: true })
const packed = new WebSocketServer({ noServer: true, perMessageDeflate: noContext })
const room = new WebSocketServer({ noServer: true })

for (const server of [plain, packed])
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }))
  })
room.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => {
    for (const one of room.clients) one.send(data as Buffer, { binary: isBinary })
  })
})

const servers = new Map([
  ['/echo', plain],
  ['/packed', packed],
  ['/publish', room],
])
createServer((_request, response) => response.end(greeting))
  .on('upgrade', (request, socket, head) => {
    const server = servers.get(request.url ?? '')
    if (server) server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request))
    else socket.destroy()
  })
  .listen(port, host)
