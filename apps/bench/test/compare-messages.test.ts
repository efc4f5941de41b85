import { once } from 'node:events'
import { type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
import { answersOf, comingBack, differences } from '../src/compare.ts'
import { workloads } from '../src/workloads.ts'

const named = (name: string) => workloads.find((one) => one.name === name)!

/** A faulty server of WebSockets and events. */
async function server({
  packs = true,
  cut = 0,
  event = (text: string) => `data: ${text}\n\n`,
  again = false,
} = {}): Promise<number> {
  let count = 0
  const readers = new Set<ServerResponse>()
  const http = createServer(async (request, response) => {
    if (request.url === '/session') response.setHeader('Set-Cookie', `id=${again ? count++ : 1}; Path=/`)
    if (request.method === 'GET' && request.url === '/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()
      readers.add(response)
      return
    }
    let text = ''
    for await (const part of request.setEncoding('latin1')) text += part
    for (const reader of readers) reader.write(event(text))
    response.end('Hello, World!')
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  const deflate = { clientNoContextTakeover: true, serverNoContextTakeover: true }
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: deflate })
  sockets.on('connection', (socket) =>
    socket.on('message', (data: Buffer, binary) => socket.send(data.subarray(cut), { binary, compress: packs })),
  )
  onTestFinished(() => {
    for (const one of sockets.clients) one.terminate()
    http.closeAllConnections()
    http.close()
  })
  return (http.address() as AddressInfo).port
}

describe('comparison of messages', () => {
  it.each(['websocket', 'websocket-16k', 'websocket-packed', 'publish', 'events'])(
    'finds nothing when all send the same: %s',
    async (name) => {
      const workload = named(name)
      const answers = new Map([
        ['a', await answersOf(workload, await server())],
        ['b', await answersOf(workload, await server())],
      ])
      expect(differences(workload, answers)).toEqual([])
    },
  )

  it.each([
    ['a message that is not the same', 'websocket', { cut: 1 }],
    ['a message that is not compressed', 'websocket-packed', { packs: false }],
    ['an event in another form', 'events', { event: (text: string) => `event: a\ndata: ${text}\n\n` }],
  ])('names a server that sends %s', async (_, name, faults) => {
    const workload = named(name)
    const answers = new Map([
      ['a', await answersOf(workload, await server())],
      ['b', await answersOf(workload, await server(faults))],
    ])
    expect(differences(workload, answers).map((one) => one.server)).toEqual(['b'])
  })
})

describe('a client that comes back', () => {
  it('brings its cookie', async () => {
    const { requests } = await comingBack(named('sessions'), await server())
    expect(requests[0]!.fields).toContainEqual(['Cookie', 'id=1'])
  })

  it('is known again: to begin another session is other work', async () => {
    await expect(comingBack(named('sessions'), await server({ again: true }))).rejects.toThrow('did not know')
  })
})
