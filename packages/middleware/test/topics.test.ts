import { Redis } from 'ioredis'
import { router } from '@spillway/middleware/router'
import { type EventStream, sse } from '@spillway/middleware/sse'
import { type Bus, type EventReceiver, redisBus, type TopicOptions, topics } from '@spillway/middleware/topics'
import { type WebSocketOptions, websocket } from '@spillway/middleware/websocket'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { WebSocket } from 'ws'
import { redisForTests, redisServer } from './redis.ts'
import { start } from './server.ts'
import { client, next, raw } from './websocket-support.ts'

/** A room that WebSockets and streams of events follow. */
async function room(options?: TopicOptions, socketOptions?: WebSocketOptions) {
  const topic = topics(options)
  const app = router()
    .get(
      '/',
      websocket(() => ({ open: (socket) => void topic('room').subscribe(socket) }), socketOptions),
    )
    .get('/events', (c) =>
      sse(c, async (stream: EventStream) => {
        topic('room').subscribe(stream)
        await stream.closed
      }),
    )
  return { topic, server: await start(app) }
}

const follows = (topic: (name: string) => { size: number }, count: number): Promise<void> =>
  vi.waitFor(() => expect(topic('room').size).toBe(count))

test('what is published comes to sockets and streams, as it is or as JSON', async () => {
  const { topic, server } = await room()
  const socket = await client(server)
  const events = await fetch(`${server.url}/events`)
  await follows(topic, 2)
  const reader = events.body!.getReader()
  const messages: string[] = []
  socket.on('message', (data: Buffer, isBinary: boolean) => messages.push(data.toString(isBinary ? 'hex' : 'utf8')))
  topic('room').publish('hellö')
  topic('room').publish({ a: 1 })
  topic('room').publish(Buffer.from([1, 2]))
  await vi.waitFor(() => expect(messages).toEqual(['hellö', '{"a":1}', '0102']))
  let text = ''
  while (!text.includes('{"a":1}')) text += new TextDecoder().decode((await reader.read()).value)
  expect(text).toBe('data: hellö\n\ndata: {"a":1}\n\n')
  await reader.cancel()
  await follows(topic, 1)
  socket.close()
  await follows(topic, 0)
})

test('is compressed once for all who agreed on it, and plain for others', async () => {
  const { topic, server } = await room({}, { deflate: true })
  const packed = await client(server, { deflate: true })
  const plain = await client(server)
  await follows(topic, 2)
  const text = 'again and again '.repeat(1000)
  const both = Promise.all([next(packed), next(plain)])
  topic('room').publish(text)
  expect(await both).toEqual([text, text])
})

test('who leaves gets nothing more, who follows twice gets it once, topics are apart', async () => {
  const topic = topics()
  const got: unknown[] = []
  const controller = new AbortController()
  const receiver = { signal: controller.signal, lastEventId: undefined, send: async (e: unknown) => void got.push(e) }
  const leave = topic('a').subscribe(receiver)
  topic('a').subscribe(receiver)
  topic('b').publish('other')
  topic('a').publish('one')
  leave()
  topic('a').publish('two')
  expect(topic('a').size).toBe(0)
  topic('a').subscribe(receiver)
  controller.abort()
  topic('a').publish('three')
  expect(topic('a').subscribe(receiver)).toBeTypeOf('function')
  topic('a').publish('four')
  expect(got).toEqual([{ data: 'one' }])
})

test('what has no JSON form is an error of whoever publishes', () => {
  expect(() => topics()('a').publish(undefined)).toThrow(TypeError)
  expect(() => topics({ slow: 'wait' as 'cut' })).toThrow(TypeError)
})

describe('who is slow', () => {
  test('is cut at its limit', async () => {
    const { topic, server } = await room({}, { bufferedBytes: 500_000 })
    const socket = await raw(server)
    socket.pause()
    await follows(topic, 1)
    await vi.waitFor(() => {
      for (let i = 0; i < 20; i++) topic('room').publish(Buffer.alloc(100_000))
      expect(topic('room').size).toBe(0)
    })
  })

  test('or misses messages until it has taken what waits', async () => {
    const topic = topics({ slow: 'skip' })
    const got: unknown[] = []
    let take!: () => void
    const receiver: EventReceiver = {
      signal: new AbortController().signal,
      lastEventId: undefined,
      send({ data }) {
        got.push(data)
        return new Promise<void>((resolve) => (take = resolve))
      },
    }
    topic('a').subscribe(receiver)
    topic('a').publish(1)
    topic('a').publish(2)
    take()
    await Promise.resolve()
    await Promise.resolve()
    topic('a').publish(3)
    expect(got).toEqual(['1', '3'])
  })
})

test.each([
  [
    'throws',
    () => {
      throw new Error('broken bus')
    },
  ],
  ['rejects', () => Promise.reject(new Error('broken bus'))],
])('a bus that %s is told of, and followers of this process still get it', async (_, publish) => {
  const errors: unknown[] = []
  const topic = topics({ bus: { publish, listen: () => () => {} }, onError: (error) => void errors.push(error) })
  const got: unknown[] = []
  const receiver: EventReceiver = {
    signal: new AbortController().signal,
    lastEventId: undefined,
    send: async (event) => void got.push(event),
  }
  topic('a').subscribe(receiver)
  topic('a').publish('x')
  await vi.waitFor(() => expect(errors).toEqual([new Error('broken bus')]))
  expect(got).toEqual([{ data: 'x' }])
})

withTools(redisServer)('over Redis', () => {
  const redis = redisForTests()
  const bus = (): Bus => {
    const subscriber = new Redis(redis().socket)
    onTestFinished(() => subscriber.disconnect())
    return redisBus((command, ...args) => redis().redis.call(command, ...args), subscriber)
  }

  test('messages reach other processes once, and topics that nobody follows there not at all', async () => {
    const [here, there] = [await room({ bus: bus() }), await room({ bus: bus() })]
    const sockets = [await client(here.server), await client(there.server)] as [WebSocket, WebSocket]
    await follows(here.topic, 1)
    await follows(there.topic, 1)
    await vi.waitFor(async () =>
      expect(await redis().redis.call('PUBSUB', 'NUMSUB', 'topic:room')).toEqual(['topic:room', 2]),
    )
    const seen: string[][] = [[], []]
    for (const [i, socket] of sockets.entries())
      socket.on('message', (data: Buffer, isBinary: boolean) =>
        seen[i]!.push(isBinary ? data.toString('hex') : data.toString()),
      )
    here.topic('room').publish('tü')
    there.topic('room').publish(Buffer.from([0, 255]))
    await vi.waitFor(() =>
      expect(seen.map((list) => list.toSorted())).toEqual([
        ['00ff', 'tü'],
        ['00ff', 'tü'],
      ]),
    )
    for (const socket of sockets) socket.close()
    await vi.waitFor(async () =>
      expect(await redis().redis.call('PUBSUB', 'NUMSUB', 'topic:room')).toEqual(['topic:room', 0]),
    )
  })
})

const receiver = (): EventReceiver & { leave(): void } => {
  const leaving = new AbortController()
  return { lastEventId: undefined, signal: leaving.signal, send: async () => {}, leave: () => leaving.abort() }
}

function failure(call: () => unknown): unknown {
  try {
    call()
    return undefined
  } catch (error) {
    return error
  }
}

describe('what a receiver may follow is bounded', () => {
  test.each([2, 3, 4])('%i of 3 topics', (count) => {
    const topic = topics({ topicsEach: 3 })
    const one = receiver()
    const follow = (): void => {
      for (let i = 0; i < count; i++) {
        topic(`t${i}`).subscribe(one)
        // Following twice is following once.
        topic(`t${i}`).subscribe(one)
      }
    }
    expect(failure(follow) instanceof RangeError).toBe(count > 3)
    expect([topic('t0').size, topic('t3').size]).toEqual([1, 0])
  })

  test('who leaves one may follow another, and others are not counted', () => {
    const topic = topics({ topicsEach: 1 })
    const [one, other] = [receiver(), receiver()]
    const leave = topic('a').subscribe(one)
    topic('a').subscribe(other)
    expect(() => topic('b').subscribe(one)).toThrow(RangeError)
    expect(topic('b').size).toBe(0)
    leave()
    leave()
    topic('b').subscribe(one)
    expect(() => topic('a').subscribe(one)).toThrow(RangeError)
    one.leave()
    other.leave()
    expect([topic('a').size, topic('b').size]).toEqual([0, 0])
  })

  test.each([1023, 1024, 1025])('a name of %i characters', (length) => {
    const thrown = failure(() => topics()('x'.repeat(length)).subscribe(receiver()))
    expect(thrown instanceof RangeError).toBe(length > 1024)
  })
})
