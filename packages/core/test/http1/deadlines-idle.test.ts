import { describe, expect, it } from 'vitest'
import { Reply, type Outcome } from '../../src/index.ts'
import { expectAt, hello, server, slack, timeouts } from './deadlines-support.ts'
import { bodies, get, muteErrors, onlyReply, post, postChunked, statuses, turn } from '../support.ts'

muteErrors()

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
