import { describe, expect, it } from 'vitest'
import { AbortedError, type Context, type Outcome, Reply, type Timeouts } from '../src/index.ts'
import { type MemoryClient, type TestServer, testServer } from '../src/testing.ts'
import { bodies, deferred, get, muteErrors, onlyReply, post, postChunked, request, statuses, turn } from './support.ts'

muteErrors()

/** The clock's tick with these deadlines; a deadline may be this much later, never earlier. */
const slack = 500

const timeouts: Timeouts = {
  handshake: 10_000,
  head: 10_000,
  bodyIdle: 10_000,
  keepAlive: 20_000,
  writeStall: 30_000,
  linger: 2_000,
}

function server(handler: (c: Context) => Reply | Promise<Reply>, over: Partial<Timeouts> = {}): TestServer {
  return testServer(handler, { timeouts: { ...timeouts, ...over }, limits: { bodyBytes: 1e9 } })
}

const hello = (c: Context): Reply => c.text('hello')

/** Expects a state to last until `ms` have passed, and to be over soon after. */
async function expectAt(
  t: TestServer,
  client: MemoryClient,
  ms: number,
  after: MemoryClient['state'] = 'ended',
): Promise<void> {
  t.advance(ms)
  await turn()
  expect(client.state).toBe('open')
  t.advance(slack)
  await turn()
  expect(client.state).toBe(after)
}

describe('head (RFC 9110 §15.5.9)', () => {
  it('silence: closed without a word', async () => {
    const t = server(hello)
    const client = t.connect()
    await expectAt(t, client, timeouts.head)
    expect(client.received).toBe('')
  })

  it.each(['G', 'GET / HTTP/1.1\r\nHost: a\r\n', get().slice(0, -1)])('a part of a head, %j: 408', async (part) => {
    const t = server(hello)
    const client = t.connect()
    client.send(part)
    await expectAt(t, client, timeouts.head)
    expect(onlyReply(client.received).status).toBe(408)
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    expect(onlyReply(client.received).complete).toBe(true)
  })

  it('bytes that drip in do not move it', () => {
    const t = server(hello)
    const client = t.connect()
    client.send('GET / HTTP/1.1\r\n')
    for (let passed = 0; passed < timeouts.head; passed += 1000) {
      expect(client.state).toBe('open')
      client.send('X: y\r\n')
      t.advance(1000)
    }
    t.advance(slack)
    expect(onlyReply(client.received).status).toBe(408)
  })

  it('runs since accept for the first head: silence at first gains nothing', async () => {
    const t = server(hello)
    const client = t.connect()
    t.advance(timeouts.head - 1000)
    client.send('GET / HTTP/1.1\r\n')
    await expectAt(t, client, 1000)
    expect(onlyReply(client.received).status).toBe(408)
  })

  it('a later head has its own, from its first byte', async () => {
    const t = server(hello)
    const client = t.connect()
    client.send(get())
    t.advance(15_000)
    client.send('GET / HTTP/1.1\r\n')
    await expectAt(t, client, timeouts.head)
    expect(statuses(client.received)).toEqual([200, 408])
  })

  it('a head that is complete in time is served, and the clock stopped', async () => {
    const t = server(() => new Promise(() => {}))
    const client = t.connect()
    client.send(get().slice(0, -2))
    t.advance(timeouts.head - 1000)
    client.send('\r\n')
    t.advance(10 * timeouts.head)
    await turn()
    expect(client.state).toBe('open')
  })

  it('a head that waits behind a slow handler is not late', async () => {
    const answer = deferred()
    const t = server(async (c) => {
      await answer.promise
      return c.text(c.path)
    })
    const client = t.connect()
    client.send(`${get('/1')}GET /2 HTTP/1.1\r\n`)
    t.advance(100_000)
    answer.resolve()
    await turn()
    await expectAt(t, client, timeouts.head)
    expect(statuses(client.received)).toEqual([200, 408])
  })

  it('0 switches it off', () => {
    const t = server(hello, { head: 0 })
    const client = t.connect()
    client.send('GET')
    t.advance(1_000_000)
    expect(client.state).toBe('open')
  })
})

describe('body idle', () => {
  it.each([
    ['Content-Length', 'Content-Length: 10000\r\n', 'x'.repeat(5000)],
    ['chunked', 'Transfer-Encoding: chunked\r\n', `2000\r\n${'x'.repeat(5000)}`],
  ])('%s: the read fails, the client gets 408 (RFC 9110 §15.5.9)', async (_, fields, part) => {
    let reason: unknown
    const t = server(async (c) => {
      await c.body.bytes().catch((error: unknown) => (reason = error))
      throw reason
    })
    const client = t.connect()
    client.send(request('POST', '/', fields) + part)
    await turn()
    t.advance(timeouts.bodyIdle - slack)
    await turn()
    expect(client.received).toBe('')
    t.advance(2 * slack)
    await turn()
    expect(onlyReply(client.received).status).toBe(408)
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    expect(client.state).toBe('ended')
    expect(reason).toBeInstanceOf(AbortedError)
    expect((reason as AbortedError).by).toBe('timeout')
  })

  it('bytes move it', async () => {
    const t = server(async (c) => c.text(`${(await c.body.bytes()).length}`))
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 100000\r\n'))
    for (let i = 0; i < 10; i++) {
      client.send('x'.repeat(10_000))
      await turn()
      t.advance(timeouts.bodyIdle - 1000)
    }
    await turn()
    expect(onlyReply(client.received).body).toBe('100000')
  })

  it('a handler that does not read makes nobody late', async () => {
    const read = deferred()
    const t = server(async (c) => {
      await read.promise
      return c.text(`${(await c.body.bytes()).length}`)
    })
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 300000\r\n'))
    client.send('x'.repeat(200_000))
    expect(client.paused).toBe(true)
    t.advance(1_000_000)
    read.resolve()
    await turn()
    client.send('x'.repeat(100_000))
    await turn()
    expect(onlyReply(client.received).body).toBe('300000')
  })

  it('a reader that rests makes nobody late either', async () => {
    const rest = deferred()
    const t = server(async (c) => {
      let size = 0
      for await (const chunk of c.body) {
        size += chunk.length
        if (size === 70_000) await rest.promise
      }
      return c.text(`${size}`)
    })
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 300000\r\n'))
    client.send('x'.repeat(70_000))
    await turn()
    client.send('x'.repeat(130_000))
    await turn()
    expect(client.paused).toBe(true)
    t.advance(1_000_000)
    await turn()
    rest.resolve()
    await turn()
    client.send('x'.repeat(100_000))
    await turn()
    expect(onlyReply(client.received).body).toBe('300000')
  })

  it('unread content behind a reply has to come in time as well', async () => {
    const t = server(hello)
    const client = t.connect()
    client.send(`${request('POST', '/', 'Content-Length: 100\r\n')}abc`)
    expect(statuses(client.received)).toEqual([200])
    await expectAt(t, client, 5000)
  })
})

describe('minimum rate of content: 240 bytes a second after 5 seconds', () => {
  it.each([
    ['Content-Length', 'Content-Length: 1000000\r\n', ''],
    ['chunked', 'Transfer-Encoding: chunked\r\n', 'f4240\r\n'],
  ])('%s: a client that drips is refused, though it is never idle', async (_, fields, prefix) => {
    const t = server(async (c) => c.text(`${(await c.body.bytes()).length}`))
    const client = t.connect()
    client.send(request('POST', '/', fields) + prefix)
    let seconds = 0
    for (; seconds < 60 && client.received === ''; seconds++) {
      client.send('x'.repeat(100))
      t.advance(1000)
      await turn()
    }
    expect(onlyReply(client.received).status).toBe(408)
    // 100 a second fall behind 240 × (t − 5) at 8.6 s
    expect(seconds).toBeGreaterThan(7)
    expect(seconds).toBeLessThan(12)
  })

  it('a slow but honest one is not', async () => {
    const t = server(async (c) => c.text(`${(await c.body.bytes()).length}`))
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 30000\r\n'))
    for (let second = 0; second < 100; second++) {
      client.send('x'.repeat(300))
      t.advance(1000)
      await turn()
    }
    expect(onlyReply(client.received).body).toBe('30000')
  })

  it('tiny chunks do not pass for content', async () => {
    const t = server(async (c) => c.text(`${(await c.body.bytes()).length}`))
    const client = t.connect()
    client.send(request('POST', '/', 'Transfer-Encoding: chunked\r\n'))
    for (let second = 0; second < 20; second++) {
      client.send('1;ext=12345\r\nx\r\n'.repeat(100))
      t.advance(1000)
      await turn()
    }
    expect(onlyReply(client.received).status).toBe(408)
  })

  it('time in which the handler did not want content does not count', async () => {
    const read = deferred()
    const t = server(async (c) => {
      await read.promise
      return c.text(`${(await c.body.bytes()).length}`)
    })
    const client = t.connect()
    client.send(`${request('POST', '/', 'Content-Length: 10\r\n')}abc`)
    await turn()
    t.advance(100_000)
    read.resolve()
    await turn()
    t.advance(3000)
    client.send('defghij')
    await turn()
    expect(onlyReply(client.received).body).toBe('10')
  })
})

describe('keep-alive (RFC 9112 §9.8)', () => {
  // For a request that is sent at the last moment the client was told of.
  const grace = 1000

  it('an idle connection ends after its time, without a word', async () => {
    const t = server(hello)
    const client = t.connect()
    client.send(get())
    const { received } = client
    await expectAt(t, client, timeouts.keepAlive + grace)
    expect(client.received).toBe(received)
  })

  it('each request starts it anew', async () => {
    const t = server(hello)
    const client = t.connect()
    for (let i = 0; i < 5; i++) {
      client.send(get())
      t.advance(timeouts.keepAlive)
    }
    expect(bodies(client.received)).toHaveLength(5)
    await expectAt(t, client, grace)
  })

  it('is not over before the second that the client was told', () => {
    const t = server(hello, { keepAlive: 20_900 })
    const client = t.connect()
    client.send(get())
    expect(onlyReply(client.received).fields.get('keep-alive')).toBe('timeout=20')
    t.advance(20_500)
    client.send(get())
    expect(bodies(client.received)).toHaveLength(2)
  })

  it('0 switches it off', () => {
    const t = server(hello, { keepAlive: 0 })
    const client = t.connect()
    client.send(get())
    t.advance(1_000_000)
    expect(client.state).toBe('open')
  })

  it('does not run while a handler works or a reply streams', async () => {
    const t = server((c) =>
      c.path === '/handler'
        ? new Promise<Reply>(() => {})
        : c.stream(
            (async function* () {
              yield 'a'
              await new Promise(() => {})
            })(),
          ),
    )
    for (const path of ['/handler', '/stream']) {
      const client = t.connect()
      client.send(get(path))
      await turn()
      t.advance(1_000_000)
      expect(client.state).toBe('open')
    }
  })

  it('runs after a body has been read or dropped', async () => {
    const t = server(async (c) => c.text(c.path === '/read' ? await c.body.text() : ''))
    for (const wire of [post('abc', '/read'), post('abc', '/drop'), postChunked(['abc'], '/read')]) {
      const client = t.connect()
      client.send(wire)
      await turn()
      await expectAt(t, client, timeouts.keepAlive + grace)
      expect(statuses(client.received)).toEqual([200])
    }
  })
})

describe('write stall', () => {
  it('a client that takes nothing is cut off, and the exchange knows', async () => {
    const outcomes: Outcome[] = []
    let signal: AbortSignal | undefined
    const t = server((c) => {
      signal = c.signal
      c.done((outcome) => outcomes.push(outcome))
      return new Reply('x'.repeat(1000))
    })
    const client = t.connect()
    client.stall(100)
    client.send(get())
    await turn()
    await expectAt(t, client, timeouts.writeStall, 'closed')
    await turn()
    expect(outcomes).toMatchObject([{ kind: 'aborted' }])
    expect(signal!.aborted).toBe(true)
    expect(t.server.stats.open).toBe(0)
  })

  it('progress moves it', async () => {
    const t = server(() => new Reply('x'.repeat(9_000_000)))
    const client = t.connect()
    client.stall(0)
    client.send(get())
    await turn()
    for (let i = 0; i < 5; i++) {
      t.advance(timeouts.writeStall - 1000)
      client.drain()
      client.stall(0)
      await turn()
      expect(client.state).toBe('open')
    }
    client.drain()
    await turn(100)
    expect(onlyReply(client.received).complete).toBe(true)
  })

  it('does not run once everything was taken', async () => {
    const t = server(() => new Reply('x'), { keepAlive: 0 })
    const client = t.connect()
    client.stall(0)
    client.send(get())
    t.advance(1000)
    client.drain()
    t.advance(1_000_000)
    expect(client.state).toBe('open')
  })
})

describe('linger (RFC 9112 §9.6)', () => {
  it('a connection we ended closes when the client does not', async () => {
    const t = server(hello)
    const client = t.connect()
    client.send(get('/', 'Connection: close\r\n'))
    expect(client.state).toBe('ended')
    t.advance(timeouts.linger - slack)
    expect(client.state).toBe('ended')
    t.advance(2 * slack)
    expect(client.state).toBe('closed')
    await turn()
    expect(t.server.stats.open).toBe(0)
  })

  it('bytes do not move it', () => {
    const t = server(hello)
    const client = t.connect()
    client.send(get('/', 'Connection: close\r\n'))
    for (let passed = 0; passed < timeouts.linger + slack; passed += 250) {
      client.send('x')
      t.advance(250)
    }
    expect(client.state).toBe('closed')
  })

  it('starts when the last bytes are on their way, not before', () => {
    const t = server(() => new Reply('x'.repeat(1000)))
    const client = t.connect()
    client.stall(100)
    client.send(get('/', 'Connection: close\r\n'))
    t.advance(timeouts.linger * 3)
    expect(client.state).toBe('open')
    client.drain()
    expect(onlyReply(client.received).complete).toBe(true)
    expect(client.state).toBe('ended')
    t.advance(timeouts.linger + slack)
    expect(client.state).toBe('closed')
  })
})

it('deadlines of many connections do not depend on each other', async () => {
  const t = server(hello)
  const early = t.connect()
  t.advance(6000)
  const late = t.connect()
  t.advance(5000)
  await turn()
  expect([early.state, late.state]).toEqual(['ended', 'open'])
  t.advance(6000)
  await turn()
  expect(late.state).toBe('ended')
})
