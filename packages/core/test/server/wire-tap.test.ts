import { describe, expect, it } from 'vitest'
import { type ConnectionEvents, type Server, channels, serve } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { get, muteErrors, post, rawClient, turn } from '../support.ts'

muteErrors()

/** All bytes of a server's connections while `run` runs. */
async function tap(
  server: Server,
  run: () => Promise<void>,
): Promise<{ in: string; out: string; connections: number }> {
  const seen = { in: '', out: '' }
  const connections = new Set<number>()
  const listener = (event: ConnectionEvents['bytes']): void => {
    if (event.server !== server) return
    connections.add(event.connection)
    seen[event.direction] += Buffer.from(event.bytes).toString('latin1')
  }
  channels.bytes.subscribe(listener)
  try {
    await run()
  } finally {
    channels.bytes.unsubscribe(listener)
  }
  return { ...seen, connections: connections.size }
}

/** Who has ended while `run` runs. */
async function ends(server: Server, run: () => Promise<void>): Promise<string[]> {
  const seen: string[] = []
  const listener = (event: ConnectionEvents['fin']): void => {
    if (event.server === server) seen.push(event.by)
  }
  channels.fin.subscribe(listener)
  try {
    await run()
  } finally {
    channels.fin.unsubscribe(listener)
  }
  return seen
}

describe('the bytes channel', () => {
  it('tells of every byte, in both directions, however it is sent', async () => {
    const large = Buffer.alloc(100_000, 'é', 'latin1')
    const t = testServer((c) => (c.path === '/large' ? c.stream(large) : c.body.text().then((text) => c.text(text))))
    const wire = post('héllo', '/') + get('/large')
    let received = ''
    const seen = await tap(t.server, async () => {
      const client = t.connect()
      client.send(wire)
      await turn(4)
      received = client.received
    })
    expect(received.length).toBeGreaterThan(100_000)
    expect(seen).toEqual({ in: wire, out: received, connections: 1 })
  })

  it('goes on behind an upgrade', async () => {
    const t = testServer((c) =>
      c.upgrade(
        (transport) =>
          transport.attach({
            onData: (chunk) => void transport.write(chunk),
            onDrain: () => {},
            onEnd: () => {},
            onClose: () => {},
          }),
        { upgrade: 'echo' },
      ),
    )
    const head = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n'
    const seen = await tap(t.server, async () => {
      const client = t.connect()
      client.send(head)
      await turn()
      client.send('and back')
      await turn()
    })
    expect(seen.in).toBe(`${head}and back`)
    expect(seen.out).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\nand back$/)
  })

  it('tells of what is refused, and is silent on connections from before', async () => {
    const t = testServer((c) => c.text('x'))
    const before = t.connect()
    const seen = await tap(t.server, async () => {
      before.send(get('/'))
      t.connect().send('nonsense\r\n')
      await turn()
    })
    expect(seen.in).toBe('nonsense\r\n')
    expect(seen.out).toMatch(/^HTTP\/1\.1 400 /)
    expect(seen.connections).toBe(1)
  })

  it('includes what came behind a PROXY header, and works over TCP', async () => {
    await using server = await serve((c) => c.text(c.peer.address), {
      port: 0,
      proxyProtocol: { trusted: ['127.0.0.1'] },
    })
    const wire = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    let received = ''
    const seen = await tap(server, async () => {
      const client = rawClient(server)
      client.send(`PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n${wire}`)
      received = await client.ended
    })
    expect(seen).toEqual({ in: wire, out: received, connections: 1 })
    expect(received).toContain('192.0.2.1')
  })
})

describe('the fin channel', () => {
  it('tells which side has ended first, once each', async () => {
    const t = testServer((c) => c.text('x'))
    const first = await ends(t.server, async () => {
      const client = t.connect()
      client.send(get('/'))
      await turn()
      client.end()
      await turn(4)
    })
    expect(first).toEqual(['client', 'server'])
    const second = await ends(t.server, async () => {
      const client = t.connect()
      client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      await turn(4)
      client.end()
      await turn(4)
    })
    expect(second).toEqual(['server', 'client'])
  })

  it('says nothing of a side that has only been cut off', async () => {
    const t = testServer((c) => c.text('x'))
    const seen = await ends(t.server, async () => {
      const client = t.connect()
      client.send(get('/'))
      await turn()
      client.reset()
      await turn(4)
    })
    expect(seen).toEqual([])
  })

  it('tells over real sockets what the client did', async () => {
    const server = await serve((c) => c.text('x'), { port: 0 })
    try {
      const seen = await ends(server, async () => {
        const client = rawClient(server)
        client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        await client.ended
      })
      expect(seen[0]).toBe('server')
    } finally {
      await server.close()
    }
  })
})
