import { once } from 'node:events'
import { connect } from 'node:net'
import type { Context } from '@spillway/core'
import { router } from '@spillway/middleware/router'
import { type WebSocketConnection, type WebSocketHandlers, websocket } from '@spillway/middleware/websocket'
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { start } from './server.ts'
import { client, closeCode, echo, fields, frame, next, raw, serving } from './websocket-support.ts'

describe('messages', () => {
  test('text and bytes come and go', async () => {
    const socket = await client(await serving(echo))
    socket.send('ö€😀')
    expect(await next(socket)).toBe('ö€😀')
    socket.send(Buffer.from([0, 255, 128]))
    const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean]
    expect([[...data], isBinary]).toEqual([[0, 255, 128], true])
    socket.send('')
    expect(await next(socket)).toBe('')
  })

  test('bytes right behind the handshake are not lost', async () => {
    const server = await serving(echo)
    const socket = connect(server.port, '127.0.0.1')
    const head = Buffer.from(`${['GET / HTTP/1.1', 'Host: a', ...fields].join('\r\n')}\r\n\r\n`)
    socket.write(Buffer.concat([head, frame(0x81, 'early'), frame(0x81, 'bird')]))
    let received = ''
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
    await vi.waitFor(() => expect(received).toContain('\r\n\r\n\x81\x05early\x81\x04bird'))
    socket.destroy()
  })

  test('a large message arrives whole, in fragments or not', async () => {
    const socket = await client(await serving(echo))
    const large = 'x'.repeat(1024 * 1024)
    socket.send(large)
    expect(await next(socket)).toBe(large)
    socket.send('one ', { fin: false })
    socket.send('two', { fin: true })
    expect(await next(socket)).toBe('one two')
  })

  test('are handled one after the other, and nothing is read meanwhile', async () => {
    const log: string[] = []
    const gates: (() => void)[] = []
    const server = await serving({
      async message(_, data) {
        log.push(`begin ${String(data).length}`)
        await new Promise<void>((resolve) => gates.push(resolve))
        log.push('end')
      },
    })
    const socket = await client(server)
    for (let i = 0; i < 40; i++) socket.send('x'.repeat(500_000))
    await vi.waitFor(() => expect(gates).toHaveLength(1))
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(log).toEqual(['begin 500000'])
    // The client still has most of it: the server's side of the socket is full, not its memory.
    expect(socket.bufferedAmount).toBeGreaterThan(5_000_000)
    for (let i = 0; i < 40; i++) {
      await vi.waitFor(() => expect(gates).toHaveLength(i + 1))
      gates[i]!()
    }
    await vi.waitFor(() => expect(log).toHaveLength(80))
    expect(log.slice(0, 3)).toEqual(['begin 500000', 'end', 'begin 500000'])
  })

  test('wait for open', async () => {
    const log: string[] = []
    const server = await serving({
      async open() {
        await new Promise((resolve) => setTimeout(resolve, 30))
        log.push('open')
      },
      message: (_, data) => void log.push(data as string),
      close: (_, code) => void log.push(String(code)),
    })
    const socket = await client(server)
    socket.send('first')
    socket.close(3000)
    await vi.waitFor(() => expect(log).toEqual(['open', 'first', '3000']))
  })

  test('types', () => {
    expect.assertions(0)
    websocket((c: Context<{ room: string }, { user: string }>) => {
      expectTypeOf(c.state.user).toEqualTypeOf<string>()
      return {}
    })
    router().get(
      '/rooms/:room',
      websocket(({ params }) => ({ open: (ws) => ws.send(params.room) })),
    )
    router().get(
      '/rooms/:room',
      // @ts-expect-error no such parameter
      websocket(({ params }) => ({ open: (ws) => ws.send(params.other) })),
    )
  })
})

describe('the end', () => {
  test('either side may close, with code and reason', async () => {
    const log: unknown[] = []
    const handlers: WebSocketHandlers = {
      message: (ws, data) => (data === 'bye' ? ws.close(4001, 'as you wish') : undefined),
      close: (_, code, reason) => void log.push([code, reason]),
    }
    const server = await serving(handlers)
    const one = await client(server)
    one.send('bye')
    expect(await closeCode(one)).toEqual([4001, 'as you wish'])
    const two = await client(server)
    two.close(3001, 'mine')
    await closeCode(two)
    const three = await client(server)
    three.close()
    await closeCode(three)
    const four = await client(server)
    four.terminate()
    await vi.waitFor(() =>
      expect(log).toEqual([
        [4001, 'as you wish'],
        [3001, 'mine'],
        [1005, ''],
        [1006, ''],
      ]),
    )
    await vi.waitFor(() => expect(server.stats.open).toBe(0))
  })

  test('what came in front of a close is handled in order, though it can be answered no more', async () => {
    const log: string[] = []
    const server = await serving({
      async message(socket, data) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        log.push(String(data))
        await socket.send(data)
      },
      close: (_, code) => void log.push(`closed with ${code}`),
    })
    const socket = await raw(server)
    socket.write(Buffer.concat([frame(0x81, 'a'), frame(0x81, 'b'), frame(0x88, Buffer.from([0x03, 0xe8]))]))
    await vi.waitFor(() => expect(log).toEqual(['a', 'b', 'closed with 1000']))
  })

  test('what is sent after it rejects, and nobody has to listen', async () => {
    let ws!: WebSocketConnection
    const server = await serving({ open: (socket) => void (ws = socket) })
    const socket = await client(server)
    socket.terminate()
    await vi.waitFor(() => expect(server.stats.open).toBe(0))
    void ws.send('into the void')
    await expect(ws.send('x')).rejects.toMatchObject({ name: 'AbortError', by: 'peer' })
    ws.close()
    ws.terminate()
  })

  test.each([999, 1004, 1005, 1006, 1015, 2000, 5000, NaN])('code %i may not be sent', async (code) => {
    const errors: unknown[] = []
    const server = await serving({ open: (ws) => ws.close(code) }, { onError: (error) => void errors.push(error) })
    expect((await closeCode(await client(server)))[0]).toBe(1011)
    expect(errors).toEqual([expect.any(RangeError)])
  })

  test.each<[string, WebSocketHandlers]>([
    ['open throws', { open: () => fail() }],
    ['message throws', { open: (ws) => void ws.send('x'), message: () => fail() }],
    ['message rejects', { message: async () => fail() }],
  ])('%s: 1011, and the error is told', async (_, handlers) => {
    const errors: unknown[] = []
    const socket = await client(await serving(handlers, { onError: (error) => void errors.push(error) }))
    if (socket.readyState === socket.OPEN) socket.send('x')
    expect((await closeCode(socket))[0]).toBe(1011)
    expect(errors).toEqual([new Error('broken handler')])
  })

  test('errors are printed when nobody takes them', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    onTestFinished(() => printed.mockRestore())
    await closeCode(await client(await serving({ open: () => fail() })))
    expect(printed).toHaveBeenCalledWith('websocket:', new Error('broken handler'))
  })

  test('a client that does not answer pings is cut, one that does stays', async () => {
    const codes: number[] = []
    const server = await serving({ close: (_, code) => void codes.push(code) }, { pingInterval: 400 })
    const dead = await raw(server)
    const cut = once(dead, 'close')
    const alive = await client(server)
    await cut
    await once(alive, 'ping')
    expect([alive.readyState, codes]).toEqual([alive.OPEN, [1006]])
  })

  test('pings do not end a client whose message takes long', async () => {
    const server = await serving(
      {
        async message(ws) {
          await new Promise((resolve) => setTimeout(resolve, 1000))
          await ws.send('done')
        },
      },
      { pingInterval: 300 },
    )
    const socket = await client(server)
    socket.send('go')
    expect(await next(socket)).toBe('done')
  })
})

// fastify/fastify-websocket#45: WebSockets hold shutdown
describe('shutdown', () => {
  test('tells clients with 1001, and ends long before the deadline', async () => {
    const codes: number[] = []
    const server = await serving({ close: (_, code) => void codes.push(code) })
    const sockets = await Promise.all([client(server), client(server), client(server)])
    const ends = Promise.all(sockets.map(closeCode))
    expect(await server.close({ deadline: 30_000 })).toEqual({ drained: 3, killed: 0 })
    expect(await ends).toEqual([1, 2, 3].map(() => [1001, 'The server is shutting down']))
    expect(codes).toEqual([1001, 1001, 1001])
  })

  test('waits for what is being handled, and the client gets it', async () => {
    let go!: () => void
    const server = await serving({
      async message(ws) {
        await new Promise<void>((resolve) => (go = resolve))
        await ws.send('done').catch(() => {})
      },
    })
    const socket = await client(server)
    socket.send('go')
    await vi.waitFor(() => expect(go).toBeDefined())
    const end = closeCode(socket)
    const closed = server.close()
    expect(await end).toEqual([1001, 'The server is shutting down'])
    go()
    expect(await closed).toEqual({ drained: 1, killed: 0 })
  })

  test('a client that does not answer is cut at the deadline', async () => {
    const codes: number[] = []
    const server = await serving({ close: (_, code) => void codes.push(code) })
    const socket = await raw(server)
    expect(await server.close({ deadline: 200 })).toEqual({ drained: 0, killed: 1 })
    expect(codes).toEqual([1006])
    socket.destroy()
  })

  test('one that opens meanwhile is told at once', async () => {
    let go!: () => void
    const server = await start(
      websocket(async () => {
        await new Promise<void>((resolve) => (go = resolve))
        return echo
      }),
    )
    const socket = new WebSocket(server.url.replace('http', 'ws'))
    await vi.waitFor(() => expect(go).toBeDefined())
    const end = closeCode(socket)
    const closed = server.close()
    go()
    expect((await end)[0]).toBe(1001)
    expect((await closed).killed).toBe(0)
  })
})

test.skipIf(!('WebSocket' in globalThis))('the WebSocket of the platform', async () => {
  const server = await serving(echo)
  const Platform = (
    globalThis as unknown as {
      WebSocket: new (url: string) => EventTarget & { send(text: string): void; close(): void }
    }
  ).WebSocket
  const socket = new Platform(server.url.replace('http', 'ws'))
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
  const answer = new Promise<string>((resolve) => {
    socket.addEventListener('message', (event) => resolve((event as unknown as { data: string }).data), { once: true })
  })
  socket.send('hello')
  expect(await answer).toBe('hello')
  socket.close()
})

function fail(): never {
  throw new Error('broken handler')
}
