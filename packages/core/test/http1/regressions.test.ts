import { describe, expect, it } from 'vitest'
import { type Outcome, Reply } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import {
  deferred,
  events,
  get,
  muteErrors,
  onlyReply,
  post,
  record,
  replies,
  request,
  statuses,
  turn,
} from '../support.ts'

const errors = muteErrors()

describe('what once went wrong', () => {
  it('content first touched after the reply is not that of the next request', async () => {
    const late = deferred()
    let result: unknown = 'never settled'
    const t = testServer((c) => {
      if (c.path === '/1')
        void late.promise
          .then(() => c.body.text())
          .then(
            (text) => (result = text),
            (error: unknown) => (result = error),
          )
      return c.path === '/1' ? c.text('1') : new Promise<Reply>(() => {})
    })
    const client = t.connect()
    client.send(post('abc', '/1') + request('POST', '/2', 'Content-Length: 5\r\n'))
    await turn()
    late.resolve()
    await turn()
    client.send('smugg')
    await turn()
    expect(result).toBeInstanceOf(Error)
  })

  it('done is called when nothing is left to write', async () => {
    const outcomes: Outcome[] = []
    const t = testServer(async (c) => {
      c.done((outcome) => outcomes.push(outcome))
      await turn()
      return c.stream(
        (async function* () {
          yield 'abc'
          await turn()
        })(),
        { headers: { 'content-length': '3' } },
      )
    })
    const client = t.connect()
    client.send(get())
    await turn(10)
    expect(outcomes).toHaveLength(1)
  })

  it('205 has no content (RFC 9110 §15.3.6)', () => {
    const client = testServer(() => new Reply('content', 205)).connect()
    client.send(get())
    expect(onlyReply(client.received)).toMatchObject({ status: 205, body: '' })
  })

  it('a 2xx to CONNECT that is no tunnel has neither length nor coding (RFC 9110 §8.6, §9.3.6)', () => {
    const client = testServer((c) => c.text('x')).connect()
    client.send('CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(client.received.slice(0, client.received.indexOf('\r\n\r\n'))).not.toMatch(/^HTTP\/1.1 2[^]*Content-Length/)
  })

  it('a 2xx that opens a tunnel does not speak of keep-alive (RFC 9110 §9.3.6)', () => {
    const client = testServer((c) => c.upgrade(() => {})).connect()
    client.send('CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n')
    expect(onlyReply(client.received, 'HEAD').fields.has('keep-alive')).toBe(false)
  })

  it('426 says which protocol it wants (RFC 9110 §15.5.22)', () => {
    const client = testServer((c) => c.upgrade(() => {}, { Upgrade: 'shout' })).connect()
    client.send(get())
    expect(onlyReply(client.received).fields.get('upgrade')).toBe('shout')
  })

  it('content of a request that asks for an upgrade is not the new protocol’s (RFC 9110 §7.8)', async () => {
    let leftover = ''
    const t = testServer((c) => c.upgrade((_, bytes) => (leftover = Buffer.from(bytes).toString()), { upgrade: 'x' }))
    const client = t.connect()
    client.send(post('content', '/', 'Connection: upgrade\r\nUpgrade: x\r\n') + 'protocol')
    await turn()
    expect([statuses(client.received)[0], leftover]).not.toEqual([101, 'contentprotocol'])
  })

  it('a take-over that throws ends the connection, and no second head is written', async () => {
    const t = testServer((c) =>
      c.upgrade(
        () => {
          throw new Error('x')
        },
        { upgrade: 'x' },
      ),
    )
    const client = t.connect()
    client.send(get('/', 'Connection: upgrade\r\nUpgrade: x\r\n'))
    await turn()
    expect(replies(client.received).map((m) => m.status)).toEqual([101])
    expect(client.state).not.toBe('open')
  })

  it.each<[string, () => unknown]>([
    [
      'a locked stream',
      () => {
        const stream = new ReadableStream<Uint8Array>()
        stream.getReader()
        return stream
      },
    ],
    [
      'an iterable that cannot be iterated',
      () => ({
        [Symbol.asyncIterator]() {
          throw new Error('x')
        },
      }),
    ],
    ['an object', () => ({})],
    ['a number', () => 5],
  ])('content that is %s is a 500, not the end of the process', async (_, source) => {
    for (const method of ['GET', 'HEAD']) {
      const client = testServer(() => new Reply(source() as string)).connect()
      client.send(request(method, '/'))
      await turn(4)
      expect(statuses(client.received, [method])).toEqual([500])
    }
  })

  it('a Response returned twice is a 500 the second time, not the end of the process', async () => {
    const response = new Response('x')
    const client = testServer(() => response).connect()
    client.send(get())
    await turn(4)
    client.send(get())
    await turn(4)
    expect(statuses(client.received)).toEqual([200, 500])
  })

  it('an onError that answers with no reply is a 500, not a loop', async () => {
    const t = testServer(
      () => {
        throw new Error('x')
      },
      { onError: (() => 'no reply') as never },
    )
    const client = t.connect()
    client.send(get())
    await turn()
    expect(statuses(client.received)).toEqual([500])
  })

  it.each([
    ['a reply that fails in its content', (c: { stream: (s: AsyncIterable<string>) => Reply }) => c.stream(failing())],
    ['a reply that cannot be sent', () => new Reply('x', 1000)],
  ])('%s is not lost when there is an onError', async (_, handler) => {
    const seen: unknown[] = []
    const t = testServer(handler, { onError: (error) => void seen.push(error) })
    t.connect().send(get())
    await turn(4)
    expect(seen.length + errors.calls.length).toBeGreaterThan(0)
  })

  it.each(['c.0', '1.2.3.4.5', '256.256.256.256', 'a%00b', 'xn--'])(
    'c.request of a Host %s that URL does not take is a 400, not a 500 (security rule 3)',
    (host) => {
      const client = testServer((c) => c.text(c.request.url)).connect()
      client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      expect(onlyReply(client.received).status).toBeLessThan(500)
    },
  )

  it('c.request of a method that fetch does not know is not a 500', () => {
    const client = testServer((c) => c.text(c.request.url)).connect()
    client.send(request('TRACE', '/'))
    expect(onlyReply(client.received).status).not.toBe(500)
  })

  it('a client that ends its side is not said to have left content unread', async () => {
    const answer = deferred()
    const t = testServer(async (c) => {
      await answer.promise
      return c.text('x')
    })
    const seen = await record(t.server, async () => {
      const client = t.connect()
      client.send(get())
      client.end()
      answer.resolve()
      await turn()
    })
    expect(events(seen, 'close')[0]!.reason).toMatch(/^client-/)
  })

  it('requests that came before the client ended its side are answered (RFC 9112 §9.3.2, §9.6)', async () => {
    const t = testServer(async (c) => {
      await turn()
      return c.text(c.path)
    })
    const client = t.connect()
    client.send(get('/1') + get('/2'))
    client.end()
    await turn(10)
    expect(replies(client.received).map((m) => m.body)).toEqual(['/1', '/2'])
  })

  it('a request in the last look before the idle limit keeps the connection as its reply says', async () => {
    const t = testServer((c) => c.text('x'))
    const client = t.connect()
    client.send(get())
    for (let i = 0; i < 400 && client.state === 'open'; i++) {
      t.advance(250)
      if (i === 292) client.send(get())
    }
    await turn()
    expect(client.state).toBe('open')
  })

  it('a source that is always ready lets others have their turn', async () => {
    let pulled = 0
    let seen = 0
    const t = testServer((c) =>
      c.stream(
        (async function* () {
          for (; pulled < 2000; pulled++) yield 'x'.repeat(20_000)
        })(),
      ),
    )
    t.connect().send(get())
    setImmediate(() => (seen = pulled))
    await turn(1)
    expect(seen).toBeLessThan(2000)
  })

  it('testing: bytes that wait are lost when the connection is cut', async () => {
    const client = testServer((c) => c.text('x')).connect()
    client.stall()
    client.send(get())
    client.reset()
    await turn()
    client.drain()
    expect(client.received).toBe('')
  })

  it('testing: a corked write to a stalled client says so', async () => {
    let ready: boolean | undefined
    const t = testServer((c) =>
      c.upgrade(
        (transport) => {
          client.stall(0)
          transport.cork()
          transport.write('a')
          ready = transport.write('b')
          transport.uncork()
        },
        { upgrade: 'x' },
      ),
    )
    const client = t.connect()
    client.send(get('/', 'Connection: upgrade\r\nUpgrade: x\r\n'))
    await turn()
    expect(ready).toBe(false)
  })
})

async function* failing(): AsyncGenerator<string> {
  yield 'a'
  throw new Error('source')
}
