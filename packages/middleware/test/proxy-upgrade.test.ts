import { once } from 'node:events'
import type { ServerOptions } from '@spillway/core'
import { proxy } from '@spillway/middleware/proxy'
import { websocket } from '@spillway/middleware/websocket'
import { connectWebSocket } from '@spillway/middleware/websocket-client'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { client, front, get, group, rawUpstream, until } from './proxy-support.ts'
import { start } from './server.ts'
import { client as websocketClient, next } from './websocket-support.ts'

const ask = 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: lines/1, h2c\r\nX: y\r\n\r\n'
const accept = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lines/1\r\nX-Hello: z\r\n\r\n'

describe('an upgrade', () => {
  test('is asked for, without h2c, and joins both sides; what came with the heads is not lost', async () => {
    const upstream = await rawUpstream((socket) => socket.write(`${accept}first from the server\n`))
    const to = group([upstream.url])
    const { server } = await front(to)
    const asking = client(server, `${ask}first from the client\n`)
    expect(await asking.reads('first from the server\n')).toMatch(
      /^HTTP\/1\.1 101 Switching Protocols\r\nUpgrade: lines\/1\r\nX-Hello: z\r\n.*Connection: Upgrade\r\n\r\nfirst/s,
    )
    await until(() => upstream.received.endsWith('first from the client\n'))
    expect(upstream.received).toMatch(/^upgrade: lines\/1\r\nconnection: upgrade\r$/m)
    asking.send('more\n')
    await until(() => upstream.received.endsWith('more\n'))
    expect(to.status).toMatchObject([{ active: 1 }])
    asking.socket.end()
    await until(() => upstream.sockets.size === 0 && to.status[0]!.active === 0)
  })

  test('that ends on one side goes on the other way until it ends there', async () => {
    const upstream = await rawUpstream((socket) => socket.write(accept))
    const { server } = await front(group([upstream.url]))
    const asking = client(server, ask)
    await asking.reads('\r\n\r\n')
    for (const socket of upstream.sockets) socket.end('last words\n')
    await asking.reads('last words\n')
    await until(() => asking.closed)
    asking.send('still here\n')
    await until(() => upstream.received.endsWith('still here\n'))
    asking.socket.end()
    await until(() => upstream.sockets.size === 0)
  })

  test.each(['client', 'server'])('whose %s is reset is gone for the other', async (side) => {
    const upstream = await rawUpstream((socket) => socket.write(accept))
    const { server } = await front(group([upstream.url]))
    const asking = client(server, ask)
    await asking.reads('\r\n\r\n')
    if (side === 'client') asking.socket.resetAndDestroy()
    else for (const socket of upstream.sockets) socket.resetAndDestroy()
    await until(() => asking.closed && upstream.sockets.size === 0)
  })

  test('is no faster than the slower side', async () => {
    const size = 32 * 1024 * 1024
    const upstream = await rawUpstream((socket) =>
      socket.write(Buffer.concat([Buffer.from(accept), Buffer.alloc(size, 'x')])),
    )
    const { server } = await front(group([upstream.url]))
    const asking = client(server)
    asking.socket.pause()
    asking.send(ask)
    let before = -1
    await until(() => {
      const waiting = [...upstream.sockets][0]?.writableLength ?? 0
      const still = waiting > 0 && waiting === before
      before = waiting
      return still
    })
    expect(before).toBeGreaterThan(size / 4)
    asking.socket.resume()
    await until(() => asking.received.length > size)
  })

  test('that the server does not want is an ordinary response', async () => {
    const upstream = await rawUpstream((socket) =>
      socket.write(
        'HTTP/1.1 426 Upgrade Required\r\nUpgrade: other/2\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nno',
      ),
    )
    const { server } = await front(group([upstream.url]))
    expect(await client(server, ask).reads(/no$/)).toMatch(/^HTTP\/1\.1 426 .*Upgrade: other\/2\r\n/s)
  })

  test('to a protocol that was not offered is 502', async () => {
    const upstream = await rawUpstream((socket) => socket.write(accept.replace('lines/1', 'h2c')))
    const to = group([upstream.url])
    const { server } = await front(to)
    await client(server, ask).reads(/^HTTP\/1\.1 502 .*UPSTREAM_INVALID/s)
    await until(() => upstream.sockets.size === 0 && to.status[0]!.active === 0)
  })

  test('is not retried', async () => {
    const upstream = await rawUpstream((socket) => void socket.resetAndDestroy())
    const { server } = await front(group([upstream.url, upstream.url]))
    await client(server, ask).reads(/^HTTP\/1\.1 502 /)
    expect(upstream.connections).toBe(1)
  })
})

describe('WebSocket', () => {
  test('goes through, compressed too, and its end is passed on', async () => {
    const backend = await start(
      websocket(() => ({ message: (socket, data) => socket.send(data) }), { origins: '*', deflate: true }),
    )
    const server = await start(proxy(group([backend.url])))
    const socket = await websocketClient(server, { deflate: true })
    const text = Array.from({ length: 20_000 }, (_, i) => i).join()
    socket.send(text)
    expect(await next(socket)).toBe(text)
    socket.close(4000, 'bye')
    expect(await once(socket, 'close')).toEqual([4000, Buffer.from('bye')])
  })

  test('many at once', async () => {
    const backend = await start(websocket(() => ({ message: (socket, data) => socket.send(data) })))
    const to = group([backend.url])
    const server = await start(proxy(to))
    const sockets = await Promise.all(Array.from({ length: 50 }, () => websocketClient(server)))
    const heard = sockets.map(async (socket, i) => {
      socket.send(`message ${i}`)
      return next(socket)
    })
    expect(await Promise.all(heard)).toEqual(sockets.map((_, i) => `message ${i}`))
    for (const socket of sockets) socket.terminate()
    await until(() => to.status[0]!.active === 0)
    expect(sockets.every(({ readyState }) => readyState >= WebSocket.CLOSING)).toBe(true)
  })
})

describe('a WebSocket of a client that speaks HTTP/2 (RFC 8441)', () => {
  const listening = { http2: true } as ServerOptions

  test('goes on as an upgrade, with a key of ours', async () => {
    const keys: (string | null)[] = []
    const back = await start(
      websocket(
        (c) => {
          keys.push(c.headers.get('sec-websocket-key'))
          return { message: (socket, data) => socket.send(`${c.method} ${c.target} ${String(data)}`) }
        },
        { origins: '*', protocols: ['chat'] },
      ),
    )
    const to = group([back.url])
    const { server } = await front(to, {}, listening)
    const got: unknown[] = []
    const headers = { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' }
    const socket = await connectWebSocket(
      `${server.url}/chat?a`,
      { message: (_, data) => void got.push(data), close: (_, code) => void got.push(code) },
      { http2: true, protocols: ['chat'], headers },
    )
    expect([socket.protocol, keys.length, keys[0] === headers['Sec-WebSocket-Key']]).toEqual(['chat', 1, false])
    await socket.send('hello')
    await until(() => got.length === 1)
    expect(to.status).toMatchObject([{ active: 1 }])
    socket.close(4000)
    await until(() => got.length === 2 && to.status[0]!.active === 0)
    expect(got).toEqual(['GET /chat?a hello', 4000])
  })

  test('is refused when the server does not prove that it has understood', async () => {
    const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n'
    const upstream = await rawUpstream((socket) => socket.write(`HTTP/1.1 101 x\r\n${fields}`))
    const { server } = await front(group([upstream.url]), {}, listening)
    await expect(connectWebSocket(server.url, {}, { http2: true })).rejects.toThrow('502')
    await until(() => upstream.sockets.size === 0)
  })
})

describe('tunnels have a bound of their own', () => {
  test.each([3, 4, 5])(
    'of the places that there are a lone client gets three of four (%d asked for)',
    async (asked) => {
      const upstream = await rawUpstream((socket, head) =>
        socket.write(head.includes('/chat') ? accept : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'),
      )
      const to = group([upstream.url], { pool: { connections: 2, tunnels: 4 } })
      const { server } = await front(to)
      const clients = Array.from({ length: asked }, () => client(server, ask))
      await until(() => clients.every(({ received }) => received.includes('\r\n\r\n')))
      const opened = clients.filter(({ received }) => received.includes(' 101 '))
      expect([opened.length, clients.filter(({ received }) => received.includes(' 503 ')).length]).toEqual([
        3,
        asked - 3,
      ])
      // None of them keeps a request from a connection.
      expect(await get(server)).toContain('hi')
      opened[0]!.socket.destroy()
      await until(() => to.status[0]!.active === 2)
      await client(server, ask).reads(' 101 ')
    },
  )

  test('what is no tunnel in the end keeps no place', async () => {
    const upstream = await rawUpstream((socket, _, nth) =>
      nth < 4 ? socket.write('HTTP/1.1 426 No\r\nUpgrade: a\r\nContent-Length: 0\r\n\r\n') : socket.destroy(),
    )
    const { server } = await front(group([upstream.url], { pool: { tunnels: 1 } }))
    for (let i = 0; i < 6; i++) await client(server, ask).reads(/ (?:426|502) /)
  })
})
