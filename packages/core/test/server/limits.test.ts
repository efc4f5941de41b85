import { describe, expect, it } from 'vitest'
import { createServer, serve } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { deferred, get, onlyReply, rawClient, replies, request, statuses, turn, until } from '../support.ts'

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

  it('an address of IPv6 is its network of 64 bits: who has one has them all', () => {
    const t = testServer((c) => c.text('x'), { limits: { connectionsPerAddress: 2 } })
    t.connect({ address: '2001:db8::1' })
    expect(t.connect({ address: '2001:db8::ffff:2' }).received).toBe('')
    expect(onlyReply(t.connect({ address: '2001:db8:0:0:1::3' }).received).status).toBe(503)
    expect(t.connect({ address: '2001:db8:0:1::1' }).received).toBe('')
  })
})

describe('limits.bufferedBytes', () => {
  it('new connections are turned away while those there hold too much, and let in after', async () => {
    const t = testServer((c) => c.text('x'.repeat(100_000)), { limits: { bufferedBytes: 250_000 } })
    const slow = [t.connect(), t.connect(), t.connect()]
    for (const client of slow) {
      client.stall()
      client.send(get())
    }
    t.advance(250)
    expect(t.connect().received).toContain('503')
    for (const client of slow) client.drain()
    t.advance(250)
    expect(t.connect().received).toBe('')
  })

  it('requests on connections that are there are, too: a pool of them is no way around it', () => {
    let handled = 0
    const t = testServer(
      (c) => {
        handled++
        return c.text(c.path === '/' ? 'x'.repeat(100_000) : 'small')
      },
      { limits: { bufferedBytes: 250_000 } },
    )
    const kept = t.connect()
    const slow = [t.connect(), t.connect(), t.connect()]
    for (const client of slow) {
      client.stall()
      client.send(get())
    }
    t.advance(250)
    kept.send(get('/small') + get('/small'))
    const refused = replies(kept.received)
    expect(refused.map(({ status, fields }) => [status, fields.get('retry-after')])).toEqual([
      [503, '1'],
      [503, '1'],
    ])
    expect(handled).toBe(3)
    for (const client of slow) client.drain()
    t.advance(250)
    kept.send(get('/small'))
    expect(statuses(kept.received)).toEqual([503, 503, 200])
    expect(kept.state).toBe('open')
  })

  it.each([
    [249_999, 200],
    [250_000, 200],
    [250_001, 503],
  ])('%i bytes of 250 000: %i', (bytes, status) => {
    const t = testServer((c) => (c.path === '/hang' ? new Promise(() => {}) : c.text('x')), {
      limits: { bufferedBytes: 250_000 },
    })
    const kept = t.connect()
    t.connect().send(`${request('POST', '/hang', 'Content-Length: 900000\r\n')}${'x'.repeat(bytes)}`)
    t.advance(250)
    kept.send(get())
    expect(onlyReply(kept.received).status).toBe(status)
  })

  it('content that waits to be read counts', async () => {
    const t = testServer(() => new Promise(() => {}), { limits: { bufferedBytes: 250_000 } })
    for (let i = 0; i < 5; i++)
      t.connect().send(`${request('POST', '/', 'Content-Length: 900000\r\n')}${'x'.repeat(64_000)}`)
    t.advance(250)
    expect(t.connect().received).toContain('503')
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
