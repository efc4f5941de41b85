import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { type Context, type Outcome, type Reply, type Transport, type TransportSink, serve } from '../../src/index.ts'
import { type TestServer, testServer } from '../../src/testing.ts'
import {
  type Deferred,
  deferred,
  events,
  get,
  muteErrors,
  onlyReply,
  rawClient,
  record,
  replies,
  request,
  turn,
  until,
} from '../support.ts'

const errors = muteErrors()

const asking = get('/chat', 'Connection: Upgrade\r\nUpgrade: shout\r\n')
const connecting = 'CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n'

/** What a new owner of a connection hears. */
interface Heard {
  readonly events: string[]
  transport: Transport | undefined
}

/** A protocol that answers in capitals. */
function shout(heard: Heard): (transport: Transport, leftover: Uint8Array) => void {
  return (transport, leftover) => {
    heard.transport = transport
    heard.events.push(`leftover ${Buffer.from(leftover).toString()}`)
    const sink: TransportSink = {
      onData(chunk) {
        heard.events.push(`data ${Buffer.from(chunk).toString()}`)
        transport.write(Buffer.from(chunk).toString().toUpperCase())
      },
      onDrain: () => void heard.events.push('drain'),
      onEnd() {
        heard.events.push('end')
        transport.end()
      },
      onClose: (error) => void heard.events.push(error ? 'broken' : 'close'),
    }
    transport.attach(sink)
  }
}

/** A server that leaves HTTP at once, and whose new owner attaches when it is told to go. */
function shoutsLater(heard: Heard): { t: TestServer; go: Deferred<void> } {
  const go = deferred()
  const t = testServer((c) =>
    c.upgrade(
      async (transport, leftover) => {
        await go.promise
        shout(heard)(transport, leftover)
      },
      { upgrade: 'shout' },
    ),
  )
  return { t, go }
}

function shouting(handler?: (reply: () => Reply, c: Context) => Reply | Promise<Reply>): {
  t: TestServer
  heard: Heard
} {
  const heard: Heard = { events: [], transport: undefined }
  const t = testServer((c) => {
    const reply = (): Reply => c.upgrade(shout(heard), { Upgrade: 'shout' })
    return handler ? handler(reply, c) : reply()
  })
  return { t, heard }
}

describe('upgrade (RFC 9110 §7.8)', () => {
  it('101 says so, has no content, and then the bytes are the other protocol’s', async () => {
    const { t, heard } = shouting()
    const client = t.connect()
    client.send(asking)
    await turn()
    const head = client.received
    expect(head.startsWith('HTTP/1.1 101 Switching Protocols\r\n')).toBe(true)
    const { fields } = onlyReply(head)
    expect([fields.get('connection'), fields.get('upgrade')]).toEqual(['Upgrade', 'shout'])
    expect([fields.has('content-length'), fields.has('transfer-encoding')]).toEqual([false, false])
    client.send('hello')
    client.send(get('/not-a-request'))
    expect(client.received.slice(head.length)).toBe(`HELLO${get('/not-a-request').toUpperCase()}`)
    expect(heard.events).toEqual(['leftover ', 'data hello', `data ${get('/not-a-request')}`])
  })

  it.each(['sync', 'async'])('bytes behind the request are handed over, not parsed (%s)', async (kind) => {
    const { t, heard } = shouting((reply) => (kind === 'sync' ? reply() : turn().then(reply)))
    const client = t.connect()
    client.send(`${asking}GET / HTTP/1.1\r\n`)
    client.send('more')
    await turn(4)
    client.send('last')
    expect(heard.events.join('').replaceAll(/leftover |data /g, '')).toBe('GET / HTTP/1.1\r\nmorelast')
    expect(client.received).toMatch(/^HTTP\/1\.1 101 [^]*LAST$/)
  })

  it('lends bytes to a new owner that borrows them, and counts what it holds as the server’s', async () => {
    const chunks: [Uint8Array, string, boolean][] = []
    const t = testServer(
      (c) =>
        c.upgrade(
          (transport) =>
            transport.attach({
              borrows: true,
              buffered: 2000,
              onData: (chunk, keepable) => void chunks.push([chunk, Buffer.from(chunk).toString(), keepable]),
              onDrain() {},
              onEnd() {},
              onClose() {},
            }),
          { Upgrade: 'shout' },
        ),
      { limits: { bufferedBytes: 1000 } },
    )
    const client = t.connect()
    client.send(asking)
    await turn()
    client.send('hello')
    expect(chunks.map(([chunk, ...rest]) => [[...chunk], ...rest])).toEqual([[[0, 0, 0, 0, 0], 'hello', false]])
    t.advance(1000)
    await turn()
    expect(client.state).toBe('closed')
    expect(t.connect().received).toBe('')
  })

  it('comes after the replies before it', async () => {
    const { t } = shouting((reply, c) => (c.path === '/chat' ? reply() : c.text('first')))
    const client = t.connect()
    client.send(get('/') + asking)
    await turn()
    expect(replies(client.received).map((m) => m.status)).toEqual([200, 101])
  })

  it.each([
    ['no fields', ''],
    ['Upgrade without Connection', 'Upgrade: shout\r\n'],
    ['Connection without Upgrade', 'Connection: upgrade\r\n'],
  ])('%s: 426, and the connection stays (RFC 9110 §15.5.22)', (_, fields) => {
    const { t, heard } = shouting()
    const client = t.connect()
    client.send(get('/chat', fields) + get('/chat', fields))
    expect(replies(client.received).map((m) => m.status)).toEqual([426, 426])
    expect(heard.events).toEqual([])
  })

  it.each([
    [426, (c: Context) => c.upgrade(() => {}, { Upgrade: 'shout' })],
    [200, (c: Context) => c.text('x', { headers: { upgrade: 'shout' } })],
    [200, (c: Context) => c.stream(Readable.from(['x']), { headers: { upgrade: 'shout' } })],
  ])('a reply (%i) that offers a protocol says that the offer is for this connection', async (status, handler) => {
    for (const [fields, persist] of [
      ['', 'keep-alive'],
      ['Connection: close\r\n', 'close'],
    ] as const) {
      const client = testServer(handler).connect()
      client.send(get('/', fields))
      await turn(4)
      const reply = onlyReply(client.received)
      expect(reply.status).toBe(status)
      expect(reply.fields.get('connection')).toBe(`${persist}, Upgrade`)
    }
  })

  it('without a protocol that follows is a 500 (RFC 9110 §7.8)', () => {
    const client = testServer((c) => c.upgrade(() => {})).connect()
    client.send(asking)
    expect(onlyReply(client.received).status).toBe(500)
    expect(errors.calls.flat().join(' ')).toContain('Upgrade field')
  })

  it('an HTTP/1.0 request cannot ask for it', () => {
    const { t } = shouting()
    const client = t.connect()
    client.send(get('/chat', 'Connection: Upgrade\r\nUpgrade: shout\r\n', '1.0'))
    expect(onlyReply(client.received).status).toBe(426)
  })

  it('a handler may ignore it: an ordinary reply, and the connection stays', () => {
    const { t } = shouting((_, c) => c.text('no thanks'))
    const client = t.connect()
    client.send(asking + get())
    expect(replies(client.received).map((m) => m.body)).toEqual(['no thanks', 'no thanks'])
  })

  it('the end of either side, and the close, are told', async () => {
    const { t, heard } = shouting()
    const client = t.connect()
    client.send(asking)
    client.end()
    await turn()
    expect(heard.events).toEqual(['leftover ', 'end', 'close'])
    expect(client.state).toBe('closed')
    expect(t.server.stats.open).toBe(0)
  })

  it('a reset is told', async () => {
    const { t, heard } = shouting()
    const client = t.connect()
    client.send(asking)
    client.reset()
    await turn()
    expect(heard.events).toEqual(['leftover ', 'broken'])
    expect(t.server.stats.open).toBe(0)
  })

  it('back-pressure is the new owner’s: writes wait, drain is told, reading can be paused', () => {
    const { t, heard } = shouting()
    const client = t.connect()
    client.send(asking)
    client.stall()
    expect(heard.transport!.write('xyz')).toBe(false)
    expect(heard.transport!.bufferedBytes).toBe(3)
    client.drain()
    expect(heard.events).toContain('drain')
    heard.transport!.pause()
    client.send('a')
    expect(heard.events).not.toContain('data a')
    heard.transport!.resume()
    expect(heard.events).toContain('data a')
  })

  it('bytes that wait in a paused connection reach its new owner', async () => {
    const go = deferred()
    const heard: Heard = { events: [], transport: undefined }
    const t = testServer(
      async (c) => {
        await go.promise
        return c.upgrade(shout(heard), { upgrade: 'shout' })
      },
      { limits: { pipelinedBytes: 5 } },
    )
    const client = t.connect()
    client.send(asking)
    client.send('0123456789')
    client.send('more')
    expect(client.paused).toBe(true)
    go.resolve()
    await turn()
    expect(heard.events).toEqual(['leftover 0123456789', 'data more'])
  })

  it('done is called as well when the answer comes later', async () => {
    const outcomes: Outcome[] = []
    const { t } = shouting(async (reply, c) => {
      c.done((outcome) => outcomes.push(outcome))
      await turn()
      return reply()
    })
    const client = t.connect()
    client.send(asking)
    await turn(4)
    expect(outcomes).toEqual([{ kind: 'sent', status: 101, bytes: client.received.length }])
  })

  it('an owner that attaches later misses nothing, in order', async () => {
    const heard: Heard = { events: [], transport: undefined }
    const { t, go } = shoutsLater(heard)
    const client = t.connect()
    client.send(`${asking}a`)
    client.send('b')
    expect(client.paused).toBe(true)
    client.send('c')
    client.end()
    await turn()
    expect(heard.events).toEqual([])
    go.resolve()
    await turn()
    client.send('d')
    expect(heard.events).toEqual(['leftover a', 'data b', 'data c', 'end', 'close'])
    expect(client.received).toMatch(/\r\n\r\nBC$/)
    expect(t.server.stats.open).toBe(0)
  })

  it('an owner that attaches after the end hears of it', async () => {
    const heard: Heard = { events: [], transport: undefined }
    const { t, go } = shoutsLater(heard)
    const client = t.connect()
    client.send(asking)
    client.reset()
    await turn()
    go.resolve()
    await turn()
    expect(heard.events).toEqual(['leftover ', 'broken'])
  })

  it('a take-over that rejects ends the connection', async () => {
    const client = testServer((c) => c.upgrade(() => Promise.reject(new Error('no owner')), { upgrade: 'x' })).connect()
    client.send(asking)
    await turn()
    expect(client.state).toBe('closed')
    expect(errors.calls.flat().join(' ')).toContain('no owner')
  })

  it('a client that is slow to take the 101 does not bring a deadline into it', async () => {
    const { t, heard } = shouting()
    const client = t.connect()
    client.stall()
    client.send(asking)
    heard.transport!.write('x'.repeat(1000))
    t.advance(1_000_000)
    await turn()
    expect(client.state).toBe('open')
  })

  it('deadlines of HTTP do not touch it', () => {
    const { t } = shouting()
    const client = t.connect()
    client.send(asking)
    t.advance(10_000_000)
    expect(client.state).toBe('open')
  })

  it('the server’s books stay right', async () => {
    const { t } = shouting()
    const client = t.connect()
    client.send(asking)
    expect(t.server.stats).toEqual({ open: 1, active: 0 })
    const seen = await record(t.server, async () => {
      client.send('abc')
      client.end()
      await turn()
    })
    expect(events(seen, 'close')).toMatchObject([{ reason: 'upgraded', requests: 1, bytesIn: asking.length + 3 }])
    expect(t.server.stats).toEqual({ open: 0, active: 0 })
  })

  it('done: the exchange is over with its head, and signal stays silent', async () => {
    const outcomes: Outcome[] = []
    let signal: AbortSignal | undefined
    const { t } = shouting((reply, c) => {
      signal = c.signal
      c.done((outcome) => outcomes.push(outcome))
      return reply()
    })
    const client = t.connect()
    client.send(asking)
    await turn()
    const head = client.received.length
    client.send('abc')
    client.reset()
    await turn()
    expect(outcomes).toEqual([{ kind: 'sent', status: 101, bytes: head }])
    expect(signal!.aborted).toBe(false)
  })

  it('works over sockets', async () => {
    const heard: Heard = { events: [], transport: undefined }
    const server = await serve((c) => c.upgrade(shout(heard), { upgrade: 'shout' }), { port: 0 })
    const client = rawClient(server)
    client.send(`${asking}abc`)
    await client.saw(/\r\n\r\n/)
    client.send('def')
    await client.saw(/DEF$/)
    expect(heard.events[0]).toBe('leftover abc')
    expect(heard.transport!.peer.address).toBe('127.0.0.1')
    client.end()
    await client.ended
    await until(() => server.stats.open === 0)
    expect(await server.close()).toEqual({ drained: 0, killed: 0 })
  })
})

describe('CONNECT (RFC 9110 §9.3.6)', () => {
  it('200 without framing fields, then the tunnel', async () => {
    const { t, heard } = shouting((reply, c) => {
      expect([c.method, c.target, c.path, c.url]).toEqual(['CONNECT', 'b:443', '', 'http://b:443'])
      return reply()
    })
    const client = t.connect()
    client.send(`${connecting}abc`)
    await turn()
    expect(client.received.startsWith('HTTP/1.1 200 OK\r\n')).toBe(true)
    const { fields } = onlyReply(client.received)
    expect([fields.has('content-length'), fields.has('transfer-encoding')]).toEqual([false, false])
    client.send('def')
    expect(heard.events).toEqual(['leftover abc', 'data def'])
  })

  it('refused: an ordinary reply', () => {
    const { t } = shouting((_, c) => c.text('no', 405))
    const client = t.connect()
    client.send(connecting + get())
    expect(replies(client.received).map((m) => m.status)).toEqual([405, 405])
  })

  it.each(['/', 'http://b:443/', '*', 'b'])('with the target %s: 400 (RFC 9112 §3.2.3)', (target) => {
    const client = shouting().t.connect()
    client.send(request('CONNECT', target))
    expect(onlyReply(client.received).status).toBe(400)
  })
})
