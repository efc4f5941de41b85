// A client that asks a mock server, on bare sockets: node packages/parser/examples/mock-client.mjs
import { connect, createServer } from 'node:net'
import { MessageParser } from '@spillway/parser'
import { requestHead, responseHead } from '@spillway/parser/serialize'

// What the server answers, byte for byte: an interim response, then the final one. Tests of clients need no more.
const answer = responseHead(200, { 'content-length': '3' })
const hints = responseHead(103, { link: '</a.css>' })
const canned = { GET: [hints, answer, 'hi\n'], HEAD: [answer] }
const server = createServer((socket) => {
  const parser = new MessageParser('request')
  socket.on('data', (bytes) => {
    for (const event of parser.feed(bytes))
      if (event.type === 'request') for (const piece of canned[event.head.method]) socket.write(piece)
  })
})

server.listen(0, '127.0.0.1', () => {
  const socket = connect(server.address().port, '127.0.0.1')
  const parser = new MessageParser('response')
  const methods = ['HEAD', 'GET']
  for (const method of methods) {
    parser.expect(method) // an answer to HEAD has no body, whatever its length says
    socket.write(requestHead(method, '/', { host: 'localhost' }))
  }
  let final = 0
  socket.on('data', (bytes) => {
    for (const event of parser.feed(bytes)) {
      if (event.type === 'response') console.log(event.head.status, event.head.get('link') ?? event.head.reason)
      if (event.type === 'response' && event.head.status >= 200) final++
      if (event.type === 'data') process.stdout.write(event.data)
      if (event.type === 'end' && final === methods.length) socket.end(() => server.close())
    }
  })
})
