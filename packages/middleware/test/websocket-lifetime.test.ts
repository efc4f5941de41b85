import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import type { AbortedError } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { type WebSocketConnection, type WebSocketHandlers, websocket } from '@spillway/middleware/websocket'
import * as valibot from 'valibot'
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { start } from './server.ts'
import { client, closeCode, echo, fields, frame, next, raw, serving } from './websocket-support.ts'

const close = (code: number): Buffer => frame(0x88, Buffer.from([code >> 8, code & 255]))

/** Handlers of which `message` waits until it is let go, and what happened. */
function held(): { handlers: WebSocketHandlers; log: string[]; go: () => void; socket: () => WebSocketConnection } {
  const log: string[] = []
  let go!: () => void
  let socket!: WebSocketConnection
  return {
    log,
    go: () => go(),
    socket: () => socket,
    handlers: {
      async message(ws, data) {
        socket = ws
        log.push(`begin ${String(data)}`)
        ws.signal.addEventListener('abort', () => log.push(`gone ${(ws.signal.reason as AbortedError).by}`))
        await new Promise<void>((resolve) => (go = resolve))
        log.push(`end ${String(data)}`)
        await ws.send(data)
      },
      close: (_, code) => void log.push(`closed ${code}`),
    },
  }
}

describe('while a handler works', () => {
  test.each<[string, (socket: Awaited<ReturnType<typeof raw>>) => void]>([
    ['ends its side', (socket) => socket.end()],
    ['resets', (socket) => socket.resetAndDestroy()],
  ])('a client that %s is gone: a signal says so, and close follows', async (_, leave) => {
    const { handlers, log, go } = held()
    const server = await serving(handlers)
    const socket = await raw(server)
    socket.write(frame(0x81, 'a'))
    await vi.waitFor(() => expect(log).toEqual(['begin a']))
    leave(socket)
    await vi.waitFor(() => expect(log).toEqual(['begin a', 'gone peer']))
    go()
    await vi.waitFor(() => expect(log).toEqual(['begin a', 'gone peer', 'end a', 'closed 1006']))
    await vi.waitFor(() => expect(server.stats.open).toBe(0))
  })

  test('one that never ends is not waited for', async () => {
    const { handlers, log } = held()
    const server = await serving(handlers)
    const socket = await raw(server)
    socket.write(Buffer.concat([frame(0x81, 'a'), frame(0x81, 'b')]))
    await vi.waitFor(() => expect(log).toEqual(['begin a']))
    socket.destroy()
    await vi.waitFor(() => expect(log).toEqual(['begin a', 'gone peer', 'closed 1006']), 8000)
  }, 10_000)

  test('its last answer still comes in front of the answer to a Close', async () => {
    const { handlers, log, go } = held()
    const socket = await raw(await serving(handlers))
    let received = ''
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
    socket.write(Buffer.concat([frame(0x81, 'a'), close(4000)]))
    await vi.waitFor(() => expect(log).toEqual(['begin a']))
    go()
    await once(socket, 'end')
    expect(received).toBe('\x81\x01a\x88\x02\x0f\xa0')
    socket.end()
    await vi.waitFor(() => expect(log).toEqual(['begin a', 'end a', 'gone peer', 'closed 4000']))
  })

  test('that never ends a Close is answered, and wrong frames fail the connection', async () => {
    const server = await serving({ message: () => new Promise(() => {}) })
    for (const [bytes, code] of [
      [close(1000), 1000],
      [frame(0xa1, 'x'), 1002],
      [frame(0x81, Buffer.from([0xff])), 1007],
    ] as const) {
      const socket = await raw(server)
      socket.write(Buffer.concat([frame(0x81, 'hang'), bytes]))
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expect([answer[0], answer.readUInt16BE(2)]).toEqual([0x88, code])
    }
  })

  test('pings are answered, and messages that wait count', async () => {
    const socket = await raw(await serving({ message: () => new Promise(() => {}) }, { messagesPerSecond: 1e9 }))
    socket.write(Buffer.concat([frame(0x81, 'hang'), frame(0x89, 'p')]))
    expect(String((await once(socket, 'data'))[0])).toContain('p')
    // Empty ones cost as well: reading stops, and the socket fills.
    const empty = Buffer.concat(Array.from({ length: 10_000 }, () => frame(0x82)))
    let taken = true
    for (let i = 0; i < 1000 && taken; i++) {
      taken = socket.write(empty)
      if (!taken)
        taken = await Promise.race([
          once(socket, 'drain').then(() => true),
          new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 300)),
        ])
    }
    expect(taken).toBe(false)
  })
})

describe('sending', () => {
  test('always settles, when the client goes while it waits, too', async () => {
    let sent: Promise<void> | undefined
    const server = await serving(
      {
        open(ws) {
          for (let i = 0; i < 100; i++) sent = ws.send(Buffer.alloc(100_000))
        },
      },
      { bufferedBytes: 1e9 },
    )
    const socket = await raw(server)
    socket.pause()
    const settled = sent!.catch((error: unknown) => error)
    socket.destroy()
    expect(await settled).toMatchObject({ name: 'AbortError', by: 'peer' })
  })

  test('what is sent in front of a close comes', async () => {
    const large = 'x'.repeat(3_000_000)
    const server = await serving(
      {
        open(ws) {
          for (let i = 0; i < 5; i++) void ws.send(large)
          ws.close(4001)
        },
      },
      { bufferedBytes: 1e9 },
    )
    const socket = new WebSocket(server.url.replace('http', 'ws'))
    let messages = 0
    socket.on('message', () => messages++)
    expect((await closeCode(socket))[0]).toBe(4001)
    expect(messages).toBe(5)
  })

  test('all that becomes ready in a turn leaves in one write, whether the handler waits or not', async () => {
    const later: WebSocketHandlers = {
      async message(ws, data) {
        await Promise.resolve()
        await ws.send(data)
      },
    }
    for (const handlers of [echo, later]) {
      const server = testServer(websocket(() => handlers))
      const peer = server.connect()
      peer.send(`${['GET / HTTP/1.1', 'Host: a', ...fields].join('\r\n')}\r\n\r\n`)
      const { writes, received } = peer
      peer.send(Buffer.concat(Array.from({ length: 16 }, (_, i) => frame(i % 2 === 0 ? 0x81 : 0x82, `m${i}`))))
      await vi.waitFor(() => expect(peer.received.length).toBeGreaterThan(received.length))
      expect(peer.received.slice(received.length).replaceAll(/[\x81\x82]./g, '|')).toBe(
        `|m0|m1|m2|m3|m4|m5|m6|m7|m8|m9|m10|m11|m12|m13|m14|m15`,
      )
      expect(peer.writes - writes).toBe(1)
    }
  })

  test('bytes of a message belong to the handler', async () => {
    const kept: Uint8Array[] = []
    const server = testServer(websocket(() => ({ message: (_, data) => void kept.push(data as Uint8Array) })))
    const peer = server.connect()
    peer.send(`${['GET / HTTP/1.1', 'Host: a', ...fields].join('\r\n')}\r\n\r\n`)
    // The transport overwrites what it has lent.
    for (const bytes of [frame(0x82, 'one'), frame(0x02, 'tw'), frame(0x80, 'o')]) peer.send(bytes)
    expect(kept.map(String)).toEqual(['one', 'two'])
  })
})

test('AsyncLocalStorage is that of the request, in every handler', async () => {
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const note = (what: string): void => void seen.push([what, storage.getStore()])
  const handler = websocket(() => ({
    open: () => note('open'),
    message: async () => {
      note('message')
      await Promise.resolve()
      note('later')
    },
    close: () => note('close'),
  }))
  const server = await start((c) => storage.run(c.search, () => handler(c)))
  for (const search of ['?1', '?2']) {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/${search}`)
    await once(socket, 'open')
    socket.send('x')
    socket.close()
    await vi.waitFor(() => expect(seen).toHaveLength(4))
    expect(seen.splice(0)).toEqual(['open', 'message', 'later', 'close'].map((what) => [what, search]))
  }
})

describe('messages by schema', () => {
  const schema = z.object({ room: z.string(), text: z.string().max(10) })

  test('are what it makes of them', async () => {
    const server = await start(
      websocket(
        () => ({
          message(ws, data) {
            expectTypeOf(data).toEqualTypeOf<{ room: string; text: string }>()
            return ws.send(`${data.room}: ${data.text}`)
          },
        }),
        { schema },
      ),
    )
    const socket = await client(server)
    socket.send('{"room":"a","text":"hi","more":1}')
    expect(await next(socket)).toBe('a: hi')
  })

  test.each<[string, string | Buffer, number, string]>([
    ['bytes', Buffer.from('{}'), 1003, 'Only text is accepted'],
    ['what is no JSON', '{', 1007, 'The message is not JSON'],
    ['what it refuses', '{"room":"a","text":"hello, world"}', 1008, 'Too big: expected string to have <=10 characters'],
  ])('%s closes', async (_, data, code, reason) => {
    const errors: unknown[] = []
    const onError = (error: unknown): void => void errors.push(error)
    const socket = await client(await start(websocket(() => ({ message: () => {} }), { schema, onError })))
    socket.send(data)
    expect(await closeCode(socket)).toEqual([code, reason])
    expect(errors).toEqual([])
  })

  test('may take its time, and its reasons are cut to what a Close carries', async () => {
    const slow = valibot.pipeAsync(
      valibot.string(),
      valibot.checkAsync(async (text) => {
        await Promise.resolve()
        return text !== 'no'
      }, 'é'.repeat(100)),
    )
    const server = await start(websocket(() => ({ message: (ws, text) => ws.send(text) }), { schema: slow }))
    const socket = await client(server)
    socket.send('"yes"')
    expect(await next(socket)).toBe('yes')
    socket.send('"no"')
    expect(await closeCode(socket)).toEqual([1008, 'é'.repeat(61)])
  })
})

describe('deadlines', () => {
  test('a client that says nothing is closed, one that does stays', async () => {
    const server = await serving(echo, { idleTimeout: 500, pingInterval: 200 })
    const silent = await client(server)
    const end = closeCode(silent)
    const socket = await client(server)
    let answered = 0
    socket.on('message', () => answered++)
    const timer = setInterval(() => socket.send('x'), 50)
    expect(await end).toEqual([1000, 'Idle'])
    clearInterval(timer)
    expect([socket.readyState, answered > 0]).toEqual([socket.OPEN, true])
  })

  test('a client that takes nothing of what waits is cut', async () => {
    const codes: number[] = []
    const server = await serving(
      {
        async open(ws) {
          for (;;) await ws.send(Buffer.alloc(100_000))
        },
        close: (_, code) => void codes.push(code),
      },
      { pingInterval: 300 },
    )
    const socket = await raw(server)
    socket.pause()
    await vi.waitFor(() => expect(codes).toEqual([1006]), 8000)
  }, 10_000)
})

test('codes and reasons that cannot be sent are errors of whoever closes', async () => {
  const errors: unknown[] = []
  const server = await serving(
    {
      open(ws) {
        for (const attempt of [
          () => ws.close(1000, 'x'.repeat(124)),
          () => ws.close(1005),
          () => void ws.send(1 as unknown as string),
        ])
          try {
            attempt()
          } catch (error) {
            errors.push(error)
          }
        ws.close(1000, 'x'.repeat(123))
      },
    },
    {},
  )
  expect(await closeCode(new WebSocket(server.url.replace('http', 'ws')))).toEqual([1000, 'x'.repeat(123)])
  expect(errors).toEqual([expect.any(RangeError), expect.any(RangeError), expect.any(TypeError)])
})

test('what failed a connection is told to the application', async () => {
  const log: unknown[] = []
  const server = await serving({ close: (_, code, reason) => void log.push([code, reason]) })
  const socket = await raw(server)
  socket.end(frame(0x83))
  await vi.waitFor(() => expect(log).toEqual([[1002, 'The opcode is reserved']]))
})

test.each<[string, () => unknown]>([
  ['throws', () => fail()],
  ['rejects', () => Promise.reject(new Error('broken report'))],
])('an onError that %s harms nobody', async (_, onError) => {
  const printed = vi.spyOn(console, 'error').mockReturnValue()
  onTestFinished(() => printed.mockRestore())
  const server = await serving({ message: async () => fail() }, { onError })
  const socket = await client(server)
  socket.send('x')
  expect((await closeCode(socket))[0]).toBe(1011)
  await vi.waitFor(() => expect(printed).toHaveBeenCalledOnce())
})

function fail(): never {
  throw new Error('broken')
}

describe('a connection that nobody uses', () => {
  test('is cut by the server it came to as well, where no ping keeps it (timeouts.tunnel)', async () => {
    const closed: number[] = []
    const handler = websocket(() => ({ close: (_, code) => void closed.push(code) }))
    const server = await start(handler, { timeouts: { tunnel: 100 } })
    const socket = await raw(server)
    await once(socket, 'close')
    await vi.waitFor(() => expect(closed).toEqual([1006]))
    await vi.waitFor(() => expect(server.stats.open).toBe(0))
  })
})
