import { describe, expect, it } from 'vitest'
import { type Holding, type Outcome, createServer, serve } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import {
  deferred,
  events,
  get,
  onlyReply,
  rawClient,
  record,
  replies,
  request,
  statuses,
  turn,
  until,
} from '../support.ts'

describe('limits.connections (RFC 9110 §15.6.4)', () => {
  const limits = { connections: 2 }

  it('one more is answered 503 with Retry-After and closed, without a request', async () => {
    const t = testServer((c) => c.text('x'), { limits })
    const served = [t.connect(), t.connect()]
    const shed = t.connect()
    const reply = onlyReply(shed.received)
    expect([reply.status, reply.fields.get('retry-after'), reply.fields.get('connection')]).toEqual([503, '1', 'close'])
    expect(shed.state).toBe('ended')
    for (const client of served) {
      client.send(get())
      expect(onlyReply(client.received).status).toBe(200)
    }
  })

  it('a request it sends all the same is not served', () => {
    let calls = 0
    const t = testServer(
      (c) => {
        calls++
        return c.text('x')
      },
      { limits },
    )
    t.connect()
    t.connect()
    const shed = t.connect()
    shed.send(get())
    expect([calls, replies(shed.received).length]).toEqual([0, 1])
  })

  it('recovers when one has gone', async () => {
    const t = testServer((c) => c.text('x'), { limits })
    const first = t.connect()
    t.connect()
    t.connect()
    first.end()
    await turn()
    const next = t.connect()
    next.send(get())
    expect(onlyReply(next.received).status).toBe(200)
  })

  it('those that were turned away do not count, and leave by themselves', async () => {
    const t = testServer((c) => c.text('x'), { limits })
    const first = t.connect()
    t.connect()
    const shed = Array.from({ length: 10 }, () => t.connect())
    expect(t.server.stats.open).toBe(12)
    first.end()
    await turn()
    expect(t.connect().received).toBe('')
    t.advance(5000)
    await turn()
    expect(shed.every((client) => client.state === 'closed')).toBe(true)
    expect(t.server.stats.open).toBe(2)
  })

  it('a flood is closed without a word: what waits for a 503 to be read is bounded', async () => {
    const t = testServer((c) => c.text('x'), { limits })
    const flood = Array.from({ length: 1000 }, () => t.connect())
    await turn()
    const answered = flood.filter((client) => client.received !== '').length
    expect(answered).toBeGreaterThan(10)
    expect(answered).toBeLessThan(200)
    expect(t.server.stats.open).toBeLessThan(200)
    t.advance(5000)
    await turn()
    expect(t.server.stats.open).toBe(2)
    expect(t.connect().received).toContain('503')
  })

  it('an upgraded connection counts until it closes', async () => {
    const t = testServer(
      (c) =>
        c.upgrade(
          (transport) => {
            transport.attach({ onData() {}, onDrain() {}, onEnd: () => transport.end(), onClose() {} })
          },
          { upgrade: 'x' },
        ),
      { limits: { connections: 1 } },
    )
    const tunnel = t.connect()
    tunnel.send(get('/', 'Connection: upgrade\r\nUpgrade: x\r\n'))
    expect(tunnel.received).toContain('101')
    expect(t.connect().received).toContain('503')
    tunnel.end()
    await turn()
    expect(t.connect().received).toBe('')
  })

  it('0 means any number', () => {
    const t = testServer((c) => c.text('x'))
    const clients = Array.from({ length: 500 }, () => t.connect())
    expect(clients.every((client) => client.received === '')).toBe(true)
    expect(t.server.stats).toEqual({ open: 500, active: 0 })
  })

  it('over sockets: a client that sends its request reads the 503, not a reset', async () => {
    const server = await serve((c) => c.text('x'), { port: 0, limits: { connections: 1 } })
    const first = rawClient(server)
    first.send(get())
    await first.saw(/\r\n\r\nx$/)
    const second = rawClient(server)
    second.send(get())
    expect(onlyReply(await second.ended).status).toBe(503)
    first.destroy()
    await until(() => server.stats.open === 0)
    const third = rawClient(server)
    third.send(get('/', 'Connection: close\r\n'))
    expect(onlyReply(await third.ended).status).toBe(200)
    await server.close({ deadline: 0 })
  })
})

describe('limits.connectionsPerAddress', () => {
  it('one more from the same address is answered 503, others are served', async () => {
    const t = testServer((c) => c.text('x'), { limits: { connectionsPerAddress: 2 } })
    const first = t.connect({ address: '10.0.0.1' })
    t.connect({ address: '10.0.0.1' })
    expect(onlyReply(t.connect({ address: '10.0.0.1' }).received).status).toBe(503)
    expect(t.connect({ address: '10.0.0.2' }).received).toBe('')
    first.reset()
    // Those that were turned away count until they are gone: they hold a socket as well.
    t.advance(5000)
    await turn()
    expect(t.connect({ address: '10.0.0.1' }).received).toBe('')
  })

  it('an address of IPv6 is its network of 64 bits: whoever has one has them all', () => {
    const t = testServer((c) => c.text('x'), { limits: { connectionsPerAddress: 2 } })
    t.connect({ address: '2001:db8::1' })
    expect(t.connect({ address: '2001:db8::ffff:2' }).received).toBe('')
    expect(onlyReply(t.connect({ address: '2001:db8:0:0:1::3' }).received).status).toBe(503)
    expect(t.connect({ address: '2001:db8:0:1::1' }).received).toBe('')
  })
})

describe('limits.bufferedBytes', () => {
  const limits = { bufferedBytes: 250_000 }

  it('whoever holds most for longest is cut, and newcomers are served', async () => {
    const outcomes: Outcome[] = []
    const t = testServer(
      (c) => {
        c.done((outcome) => outcomes.push(outcome))
        return c.text(c.path === '/' ? 'small' : 'x'.repeat(100_000))
      },
      { limits },
    )
    const seen = await record(t.server, async () => {
      const slow = [t.connect(), t.connect(), t.connect()]
      for (const client of slow) {
        client.stall()
        client.send(get('/large'))
        t.advance(250)
      }
      t.advance(250)
      await turn()
      expect(slow.map(({ state }) => state)).toEqual(['closed', 'open', 'open'])
      const late = t.connect()
      late.send(get())
      expect(onlyReply(late.received).body).toBe('small')
    })
    expect(events(seen, 'close').map(({ reason }) => reason)).toEqual(['memory'])
    expect(outcomes[0]).toMatchObject({ kind: 'aborted', by: 'memory', status: 200 })
  })

  it.each([
    [249_000, 'open'],
    [250_001, 'closed'],
  ])('a request that holds %i bytes of 250 000: %s', async (bytes, state) => {
    const t = testServer(() => new Promise(() => {}), { limits })
    const client = t.connect()
    client.send(`${request('POST', '/hang', 'Content-Length: 900000\r\n')}${'x'.repeat(bytes)}`)
    t.advance(500)
    await turn()
    expect(client.state).toBe(state)
  })

  it('content that waits to be read counts, and so do heads, whole and half', async () => {
    const t = testServer(() => new Promise(() => {}), { limits })
    const field = `X: ${'x'.repeat(7000)}\r\n`
    const kinds = [
      `${request('POST', '/', 'Content-Length: 900000\r\n')}${'x'.repeat(60_000)}`,
      get('/', field + field),
      get('/', field + field).slice(0, -2),
    ]
    for (const bytes of kinds) {
      const clients = Array.from({ length: 20 }, () => t.connect())
      for (const client of clients) client.send(bytes)
      t.advance(500)
      await turn()
      const open = clients.filter(({ state }) => state === 'open').length
      expect(open).toBeGreaterThan(1)
      expect(open).toBeLessThan(20)
      for (const client of clients) client.reset()
      await turn()
    }
  })

  it('what sources hold counts, and what owners of upgraded connections hold', async () => {
    const memory = new ArrayBuffer(300_000)
    const source = {
      held: (holding: Holding) => (holding.share(memory, 300_000), 0),
      [Symbol.asyncIterator]: () => silent(),
    }
    const t = testServer(
      (c) => {
        if (c.path === '/stream') return c.stream(source)
        const sink = { onData() {}, onDrain() {}, onEnd() {}, onClose() {}, buffered: 300_000 }
        return c.upgrade((transport) => transport.attach(sink), { upgrade: 'x' })
      },
      { limits },
    )
    for (const bytes of [get('/stream'), get('/tunnel', 'Connection: upgrade\r\nUpgrade: x\r\n')]) {
      const client = t.connect()
      client.send(bytes)
      await turn()
      t.advance(500)
      await turn()
      expect(client.state).toBe('closed')
    }
  })

  it('until it is known who stands still, newcomers and requests are turned away', async () => {
    const t = testServer((c) => c.text(c.path === '/' ? 'small' : 'x'.repeat(300_000)), { limits })
    const kept = t.connect()
    const large = t.connect()
    large.stall()
    large.send(get('/large'))
    t.advance(250)
    kept.send(get())
    const refused = onlyReply(kept.received)
    expect([refused.status, refused.fields.get('retry-after')]).toEqual([503, '1'])
    expect(onlyReply(t.connect().received).status).toBe(503)
    t.advance(250)
    await turn()
    expect(large.state).toBe('closed')
    kept.send(get())
    expect(statuses(kept.received)).toEqual([503, 200])
  })
})

describe('stats', () => {
  it('a connection is active from the first byte of a head to the end of its reply', async () => {
    const answer = deferred()
    const t = testServer(async (c) => {
      await answer.promise
      return c.text('x')
    })
    const [idle, busy] = [t.connect(), t.connect()]
    idle.send('')
    expect(t.server.stats).toEqual({ open: 2, active: 0 })
    busy.send('GET')
    expect(t.server.stats).toEqual({ open: 2, active: 1 })
    busy.send(get().slice(3))
    expect(t.server.stats).toEqual({ open: 2, active: 1 })
    answer.resolve()
    await turn()
    expect(t.server.stats).toEqual({ open: 2, active: 0 })
    busy.reset()
    idle.reset()
    await turn()
    expect(t.server.stats).toEqual({ open: 0, active: 0 })
  })

  it('two servers keep their own books', () => {
    const [a, b] = [testServer((c) => c.text('a')), testServer((c) => c.text('b'))]
    a.connect()
    expect([a.server.stats.open, b.server.stats.open]).toEqual([1, 0])
    expect(createServer((c) => c.text('c')).stats).toEqual({ open: 0, active: 0 })
  })
})

/** A source without content, which has begun. */
async function* silent(): AsyncGenerator<string> {
  yield ''
  await new Promise(() => {})
}
