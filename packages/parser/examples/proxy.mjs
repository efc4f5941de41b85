// A reverse proxy on bare sockets, before a server that trusts everyone: node packages/parser/examples/proxy.mjs
// Each request is read, checked and written anew, so nothing that two parsers could read in two ways gets through.
import { connect, createServer } from 'node:net'
import { BodyKind, MessageParser } from '@spillway/parser'
import { endToEndFields } from '@spillway/parser/fields'
import { chunkPrefix, LAST_CHUNK, requestHead, responseHead, trailerSection } from '@spillway/parser/serialize'

const proxyTo = (port) =>
  createServer((client) => {
    const server = connect(port, '127.0.0.1').on('error', () => client.destroy())
    const parser = new MessageParser('request')
    let chunked = false
    client.on('error', () => server.destroy())
    client.on('end', () => server.end())
    client.on('data', (bytes) => {
      try {
        for (const event of parser.feed(bytes)) {
          if (event.type === 'request') {
            chunked = event.bodyKind === BodyKind.Chunked
            const fields = endToEndFields(event.head)
            fields.push(['via', '1.1 proxy'])
            if (chunked) fields.push(['transfer-encoding', 'chunked'])
            server.write(requestHead(event.head.method, event.head.target, fields))
          }
          if (event.type === 'data' && chunked) server.write(chunkPrefix(event.data.length))
          if (event.type === 'data') server.write(event.data)
          if (event.type === 'data' && chunked) server.write('\r\n')
          if (event.type === 'end' && chunked)
            server.write(event.trailers.length > 0 ? trailerSection(event.trailers) : LAST_CHUNK)
        }
      } catch (error) {
        console.log(`refused: ${error.code} at ${error.offset}`)
        const head = responseHead(error.status ?? 500, { connection: 'close', 'content-length': '0' })
        // only where no byte of an answer has gone out: it would be read as part of that
        if (client.bytesWritten === 0) client.end(head)
        else client.destroy()
        server.destroy()
      }
    })
    server.pipe(client, { end: false }).on('close', () => server.destroy())
    server.on('end', () => client.end())
  })

// A server that says what it got, and two clients: one is honest, the other tries to hide a request in another.
const origin = createServer((socket) => {
  const parser = new MessageParser('request')
  socket.on('data', (bytes) => {
    for (const event of parser.feed(bytes)) {
      if (event.type === 'request')
        console.log(`server: ${event.head.method} ${event.head.target} ${event.head.get('via') ?? ''}`)
      if (event.type === 'data') console.log(`server: ${Buffer.from(event.data).toString()}`)
      if (event.type === 'end') socket.end(responseHead(204, [['connection', 'close']]))
    }
  })
})
const listening = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
const send = (port, text) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1')
    socket.on('data', (answer) => console.log(`client: ${answer.split('\r\n')[0]}`)).on('close', resolve)
    socket.write(text)
  })

const proxy = proxyTo(await listening(origin))
const port = await listening(proxy)
const post = 'POST /form HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n'
await send(port, `${post}\r\n5\r\nhello\r\n0\r\n\r\n`)
await send(port, `${post}Content-Length: 5\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n`)
proxy.close()
origin.close()
