// A mock server on a bare socket, and a client that talks to it: node packages/parser/examples/mock-server.mjs
import { createServer, connect } from 'node:net'
import { MessageParser } from '@spillway/parser'
import { requestHead, responseHead } from '@spillway/parser/serialize'

const server = createServer((socket) => {
  const parser = new MessageParser('request')
  let asked = ''
  socket.on('data', (chunk) => {
    try {
      for (const event of parser.feed(chunk)) {
        if (event.type === 'request') asked = `${event.head.method} ${event.head.target}`
        if (event.type !== 'end') continue
        const body = `You asked for ${asked}.\n`
        socket.write(responseHead(200, [['content-length', String(body.length)]]) + body)
      }
    } catch (error) {
      socket.end(
        responseHead(error.status ?? 500, [
          ['content-length', '0'],
          ['connection', 'close'],
        ]),
      )
    }
  })
  socket.on('error', () => socket.destroy())
})

server.listen(0, '127.0.0.1', () => {
  const socket = connect(server.address().port, '127.0.0.1')
  const parser = new MessageParser('response')
  let answers = 0
  for (const target of ['/one', '/two']) {
    parser.expect('GET')
    socket.write(requestHead('GET', target, [['host', 'localhost']]))
  }
  socket.on('data', (chunk) => {
    for (const event of parser.feed(chunk)) {
      if (event.type === 'response') console.log(event.head.status, event.head.reason)
      if (event.type === 'data') process.stdout.write(event.data)
      if (event.type === 'end' && ++answers === 2) {
        socket.end()
        server.close()
      }
    }
  })
})
