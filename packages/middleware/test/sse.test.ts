import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Context, Handler } from '@spillway/core'
import { type TestServer, testServer } from '@spillway/core/testing'
import { type EventStream, type ServerEvent, type SseOptions, sse } from '@spillway/middleware/sse'
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest'
import { encodeEvent } from '../src/lib/sse/frame.ts'
import { start } from './server.ts'

const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

const turn = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** The stream's text, out of its chunks. */
function content(received: string): string {
  const text = received.slice(received.indexOf('\r\n\r\n') + 4)
  return text.replace(/[\da-f]+\r\n([^]*?)\r\n(?=[\da-f]+\r\n)/g, '$1').replace(/0\r\n\r\n$/, '<end>')
}

describe('an event', () => {
  test.each<[object, string]>([
    [{ data: 'hello' }, 'data: hello\n\n'],
    [{ data: '' }, 'data: \n\n'],
    [{ data: { a: [1] } }, 'data: {"a":[1]}\n\n'],
    [{ data: null }, 'data: null\n\n'],
    [{ event: 'tick', id: '7', retry: 100, data: 1 }, 'event: tick\nid: 7\nretry: 100\ndata: 1\n\n'],
    [{ id: '', data: 'x' }, 'id: \ndata: x\n\n'],
    // CVE-2026-33128, GHSA-4hxc-9384-m385: each of the three ends of a line
    [{ data: 'a\nb\rc\r\nd' }, 'data: a\ndata: b\ndata: c\ndata: d\n\n'],
    [{ data: '\r\n\r\nevent: forged\r\rid: 1' }, 'data: \ndata: \ndata: event: forged\ndata: \ndata: id: 1\n\n'],
    [{ data: 'a\u2028b\u0085c' }, 'data: a\u2028b\u0085c\n\n'],
  ])('%j', (event, text) => {
    expect(encodeEvent(event as { data: unknown })).toBe(text)
  })

  test.each([
    [{ event: 'a\nb', data: '' }],
    [{ event: 'a\rb', data: '' }],
    [{ event: 'a\r\nb', data: '' }],
    [{ id: 'a\nb', data: '' }],
    [{ id: 'a\rb', data: '' }],
    [{ id: 'a\0b', data: '' }],
    [{ retry: '1\ndata: x' as unknown as number, data: '' }],
    [{ data: undefined }],
    [{ data: () => 1 }],
  ])('%o is refused', (event) => {
    expect(() => encodeEvent(event)).toThrow(TypeError)
  })

  test.each([1.5, -1, NaN])('a time to retry is not %d', (retry) => {
    expect(() => encodeEvent({ retry, data: '' })).toThrow(RangeError)
  })

  test('takes linear time', () => {
    expect(encodeEvent({ data: '\r'.repeat(500_000) }).length).toBe(500_001 * 'data: \n'.length + 1)
  })
})

async function* events(): AsyncGenerator<ServerEvent<{ tick: number }>> {
  yield { event: 'tick', data: 1 }
  yield { event: 'tick', data: 2 }
}

const types = (c: Context) =>
  sse<{ tick: number; message: string }>(c, async (stream) => {
    await stream.send({ event: 'tick', data: 1 })
    await stream.send({ data: 'text' })
    // @ts-expect-error the data of a tick is a number
    await stream.send({ event: 'tick', data: 'text' })
    // @ts-expect-error no such event
    await stream.send({ event: 'tock', data: 1 })
  })

describe('sse', () => {
  test('sends what a function sends, and ends with it', async () => {
    const t = testServer((c) =>
      sse(c, async (stream) => {
        await stream.send({ event: 'a', data: 1 })
        await turn()
        await stream.send({ data: 'two', id: '2' })
      }),
    )
    const client = t.connect()
    client.send(request)
    await turn()
    await turn()
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    for (const field of ['Content-Type: text/event-stream', 'Cache-Control: no-store', 'X-Accel-Buffering: no'])
      expect(client.received).toContain(`${field}\r\n`)
    await vi.waitFor(() => expect(content(client.received)).toBe('event: a\ndata: 1\n\nid: 2\ndata: two\n\n<end>'))
  })

  test('sends what an iterable gives', async () => {
    const client = testServer((c) => sse<{ tick: number }>(c, events())).connect()
    client.send(request)
    await turn()
    expect(content(client.received)).toBe('event: tick\ndata: 1\n\nevent: tick\ndata: 2\n\n<end>')
  })

  test('knows what the client saw last', async () => {
    const seen: (string | undefined)[] = []
    const t = testServer((c) => sse(c, (stream) => void seen.push(stream.lastEventId)))
    t.connect().send(request.replace('\r\n\r\n', '\r\nLast-Event-ID: 7\r\n\r\n'))
    t.connect().send(request.replace('\r\n\r\n', `\r\nLast-Event-ID: ${Buffer.from('ö').toString('latin1')}\r\n\r\n`))
    t.connect().send(request)
    await turn()
    expect(seen).toEqual(['7', 'ö', undefined])
  })

  test('leaves fields that were given', async () => {
    const client = testServer((c) => sse(c, () => {}, { headers: { 'Cache-Control': 'no-cache' } })).connect()
    client.send(request)
    await turn()
    expect(client.received).toContain('Cache-Control: no-cache\r\n')
  })

  test('a HEAD request starts nothing', async () => {
    let started = 0
    const client = testServer((c) => sse(c, () => void started++)).connect()
    client.send(request.replace('GET', 'HEAD'))
    await turn()
    expect(client.received).toContain('text/event-stream')
    expect(started).toBe(0)
  })

  test('the head leaves before the first event', async () => {
    const client = testServer((c) => sse(c, (stream) => stream.closed)).connect()
    client.send(request)
    await turn()
    expect(client.received).toMatch(/\r\n\r\n$/)
  })

  test('types events by their names', () => {
    expectTypeOf(types).toExtend<Handler>()
  })
})

/** A stream whose end is seen. */
async function watched(handler: (stream: EventStream, ended: string[]) => Promise<void>) {
  const ended: string[] = []
  const server = await start((c) => sse(c, (stream) => handler(stream, ended)))
  const socket = connect(server.port, '127.0.0.1', () => socket.write(request))
  await once(socket, 'data')
  return { ended, socket, server }
}

test('AsyncLocalStorage is that of the request, as long as the stream lasts', async () => {
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const note = (what: string): void => void seen.push([what, storage.getStore()])
  const noted = async (stream: EventStream): Promise<void> => {
    note('begin')
    stream.signal.addEventListener('abort', () => note('abort'))
    await stream.send({ data: 1 })
    note('sent')
    await stream.closed
    note('closed')
  }
  const server = await start((c) => storage.run(c.search, () => sse(c, noted)))
  for (const search of ['?1', '?2']) {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(`GET /${search} HTTP/1.1\r\nHost: a\r\n\r\n`))
    await once(socket, 'data')
    await vi.waitFor(() => expect(seen).toHaveLength(2))
    socket.destroy()
    await vi.waitFor(() => expect(seen).toHaveLength(4))
    expect(seen.splice(0)).toEqual(['begin', 'sent', 'abort', 'closed'].map((what) => [what, search]))
  }
})

describe('a client that leaves', () => {
  test('ends the stream: the signal aborts, and what is sent rejects', async () => {
    const { ended, socket } = await watched(async (stream, log) => {
      stream.signal.addEventListener('abort', () => log.push(`abort ${(stream.signal.reason as { by: string }).by}`))
      await stream.closed
      log.push('closed')
      await stream.send({ data: 1 }).catch((error: Error) => log.push(error.name))
      log.push('after')
    })
    socket.destroy()
    await vi.waitFor(() => expect(ended).toEqual(['abort peer', 'closed', 'AbortError', 'after']))
  })

  test('ends a loop that sends, without a word on the error output', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    onTestFinished(() => printed.mockRestore())
    const { ended, socket } = await watched(async (stream, log) => {
      try {
        for (;;) {
          await stream.send({ data: 'x' })
          await turn()
        }
      } finally {
        log.push('left')
      }
    })
    socket.resetAndDestroy()
    await vi.waitFor(() => expect(ended).toEqual(['left']))
    await turn()
    expect(printed).not.toHaveBeenCalled()
  })

  test('who does not wait for what it sends does not bring the process down', async () => {
    const { ended, socket } = await watched(async (stream, log) => {
      const timer = setInterval(() => void stream.send({ data: 'x' }), 1)
      await stream.closed
      await new Promise((resolve) => setTimeout(resolve, 20))
      clearInterval(timer)
      log.push('left')
    })
    socket.destroy()
    await vi.waitFor(() => expect(ended).toEqual(['left']))
  })

  test.each<[string, () => unknown]>([
    ['resolves', () => Promise.resolve({ done: true, value: undefined })],
    ['rejects', () => Promise.reject(new Error('cannot return'))],
    [
      'throws',
      () => {
        throw new Error('cannot return')
      },
    ],
    ['gives nothing', () => undefined],
  ])('returns an iterable, even one that waits, whose return %s', async (_, giveBack) => {
    let returned = 0
    const waiting = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return() {
          returned++
          return giveBack()
        },
      }),
    } as unknown as AsyncIterable<ServerEvent>
    const server = await start((c) => sse(c, waiting))
    const socket = connect(server.port, '127.0.0.1', () => socket.write(request))
    await once(socket, 'data')
    socket.destroy()
    await vi.waitFor(() => expect(returned).toBe(1))
    await vi.waitFor(() => expect(server.stats.open).toBe(0))
  })
})

/** Sends as fast as it is allowed to. */
function flood(wait: boolean): { t: TestServer; sent: () => number; error: () => unknown } {
  let sent = 0
  let failure: unknown
  const t = testServer((c) =>
    sse(c, async (stream) => {
      try {
        for (let i = 0; i < 5000; i++) {
          const sending = stream.send({ data: 'x'.repeat(1000) })
          if (wait) await sending
          sent++
        }
        await stream.closed
      } catch (error) {
        failure = error
      }
    }),
  )
  return { t, sent: () => sent, error: () => failure }
}

describe('a client that reads slowly', () => {
  test('slows the sender down', async () => {
    const { t, sent } = flood(true)
    const client = t.connect()
    client.stall(1000)
    client.send(request)
    await turn()
    await turn()
    // core takes 64 KiB before it waits for the client
    expect(sent()).toBeLessThan(100)
    client.drain()
    await vi.waitFor(() => expect(sent()).toBe(5000))
  })

  test('is cut when the sender does not wait and too much piles up', async () => {
    const { t, error } = flood(false)
    const client = t.connect()
    client.stall(1000)
    client.send(request)
    await turn()
    expect(error()).toBe(undefined)
    client.drain()
    await turn()
    expect(client.state).not.toBe('open')
    expect(content(client.received)).not.toContain('<end>')
  })
})

async function receive(send: (stream: EventStream) => unknown): Promise<string> {
  const { url } = await start((c) =>
    sse(c, async (stream) => {
      await send(stream)
    }),
  )
  return (await fetch(url)).text()
}

describe('what somebody waits for does not pile up', () => {
  const large = 3 * 1024 * 1024
  test('an event larger than everything that may pile up reaches a client that reads', async () => {
    const data = 'x'.repeat(large)
    expect(await receive((stream) => stream.send({ data }))).toBe(`data: ${data}\n\n`)
    const twice = await receive(async (stream) => {
      await stream.send({ data: 'first' })
      await stream.send({ data })
      await stream.send({ data })
    })
    expect(twice.length).toBe('data: first\n\n'.length + 2 * (large + 8))
  })

  test('and so do small ones behind it that nobody waits for', async () => {
    const text = await receive((stream) => {
      void stream.send({ data: 'x'.repeat(large) })
      void stream.send({ data: 'after' })
    })
    expect(text.slice(-13)).toBe('data: after\n\n')
  })

  test.each([-1, 0, 1])('bytes that wait behind it: as many as there may be and %i', async (more) => {
    const most = 1000
    const overhead = 'data: \n\n'.length
    // Each of these is two bytes.
    const event = { data: 'ö'.repeat((most / 2 - overhead) / 2) }
    const last = { data: 'x'.repeat(most / 2 - overhead + more) }
    let failed: unknown
    const t = testServer((c) =>
      sse(
        c,
        async (stream) => {
          await stream.send({ data: 'x'.repeat(200_000) })
          const all = [{ data: 'next' }, event, last].map((one) => stream.send(one))
          await Promise.all(all).catch((error: unknown) => (failed = error))
        },
        undefined,
        { bufferedBytes: most },
      ),
    )
    const client = t.connect()
    client.stall(1000)
    client.send(request)
    await turn()
    client.drain()
    await turn()
    expect(failed === undefined).toBe(more <= 0)
  })
})

/** What a stream says of itself in three seconds. */
async function threeSeconds(options: SseOptions): Promise<string> {
  const client = testServer((c) => sse(c, (stream) => stream.closed, undefined, options)).connect()
  client.send(request)
  await turn()
  for (let i = 0; i < 3; i++) {
    vi.advanceTimersByTime(1000)
    await turn()
  }
  client.reset()
  return content(`${client.received}0\r\n\r\n`).replace('<end>', '')
}

test('how long silence lasts, and when a client comes back, may be said', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  expect(await threeSeconds({ pingInterval: 1000, retry: 250 })).toBe('retry: 250\n\n:\n\n:\n\n:\n\n')
  expect(await threeSeconds({ pingInterval: 3001 })).toBe('')
  expect(await threeSeconds({ pingInterval: Infinity })).toBe('')
  for (const wrong of [{ pingInterval: 0 }, { pingInterval: NaN }, { bufferedBytes: -1 }, { retry: 0.5 }])
    expect(() => sse({} as Context, () => {}, undefined, wrong)).toThrow(RangeError)
})

test('a source that fails cuts the stream, so that the client does not take it for its end', async () => {
  const failures: unknown[] = []
  const t = testServer(
    (c) =>
      sse(c, async (stream) => {
        await stream.send({ data: 'first' })
        throw new Error('broken')
      }),
    { onError: (error) => void failures.push(error) },
  )
  const client = t.connect()
  client.send(request)
  await turn()
  expect(content(client.received)).toContain('data: first\n\n')
  expect(content(client.received)).not.toContain('<end>')
  expect(client.state).not.toBe('open')
})

test('a name with a line break fails the stream, and nothing of it is sent', async () => {
  const t = testServer((c) => sse(c, (stream) => stream.send({ event: 'a\ndata: forged', data: '' })), {
    onError: () => undefined,
  })
  const client = t.connect()
  client.send(request)
  await turn()
  expect(client.received).not.toContain('forged')
})

// oven-sh/bun#27479: a stream without events is not idle
test('a comment is sent when nothing else is, and no deadline of the server ends a silent stream', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const t = testServer((c) =>
    sse(c, async (stream) => {
      await stream.send({ data: 1 })
      await stream.closed
    }),
  )
  const client = t.connect()
  client.send(request)
  await turn()
  for (let i = 0; i < 20; i++) {
    vi.advanceTimersByTime(15_000)
    t.advance(15_000)
    await turn()
  }
  expect(content(client.received).replace('data: 1\n\n', '').match(/:\n\n/g)).toHaveLength(20)
  expect(client.state).toBe('open')
  client.reset()
  await turn()
  expect(vi.getTimerCount()).toBe(0)
})

describe('shutdown', () => {
  test('ends the stream in order, and at once: the client comes back to the next server', async () => {
    const reasons: unknown[] = []
    const t = testServer((c) =>
      sse(c, async (stream) => {
        await stream.send({ data: 1 })
        await stream.closed
        reasons.push((stream.signal.reason as { by: string }).by)
      }),
    )
    const client = t.connect()
    client.send(request)
    await turn()
    const closed = t.server.close()
    await turn()
    expect(content(client.received)).toBe('data: 1\n\n<end>')
    client.end()
    expect(await closed).toEqual({ drained: 1, killed: 0 })
    expect(reasons).toEqual(['shutdown'])
  })

  test('ends one that begins meanwhile', async () => {
    let started = 0
    const t = testServer((c) => sse(c, () => void started++))
    const client = t.connect()
    client.send(request.replace('GET', 'HEAD'))
    await turn()
    const closed = t.server.close()
    client.send(request)
    await turn()
    expect(client.received).toMatch(/\r\n\r\n0\r\n\r\n$/)
    expect(started).toBe(0)
    client.end()
    await closed
  })
})
