import { type Server, createServer } from '@spillway/core'

export const server: Server = createServer((c) => c.text(`${c.peer.address} asked for ${c.path}\n`))

const first = await server.listen({ port: 0, host: '127.0.0.1' })
const second = await server.listen({ port: 0, host: '127.0.0.1' }) // any number of sockets, one server
console.log(first.url, second.url)
