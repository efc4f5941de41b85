import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { type ConnectionEvents, type Context, Reply, type ServerOptions, channels } from '../../src/index.ts'
import { type MemoryClient, type TestServer, testServer } from '../../src/testing.ts'
import { events, get, muteErrors, post, record, request, turn } from '../support.ts'

muteErrors()

const options: ServerOptions = {
  limits: { requestsPerConnection: 3, discardBytes: 100, connections: 2 },
  timeouts: { head: 4000, bodyIdle: 4000, keepAlive: 6000, writeStall: 8000, request: 30_000, linger: 2000 },
}

function handler(c: Context): Reply | Promise<Reply> {
  switch (c.path) {
    case '/hang':
      return new Promise(() => {})
    case '/close':
      return c.text('x', { headers: { connection: 'close' } })
    case '/read':
      return c.body.text().then((text) => c.text(text))
    case '/fail':
      return c.stream(
        (async function* () {
          yield 'a'
          throw new Error('x')
        })(),
      )
    case '/upgrade':
      return c.upgrade((transport) => transport.destroy(), { upgrade: 'x' })
    default:
      return c.text('hello')
  }
}

describe('channels', () => {
  it('one exchange, from accept to close, with its numbers', async () => {
    const t = testServer(handler)
    let client: MemoryClient | undefined
    const wire = post('abc', '/read?q')
    const seen = await record(t.server, async () => {
      client = t.connect({ address: '10.0.0.1' })
      client.send(wire)
      await turn()
      client.end()
    })
    const { length } = client!.received
    expect(seen.map(({ name }) => name)).toEqual(['open', 'request', 'reply', 'end', 'idle', 'fin', 'fin', 'close'])
    const connection = seen[0]!.event.connection
    const peer = { address: '10.0.0.1', port: 50_000, secure: false }
    expect(seen.map(({ event }) => ({ ...event, server: undefined, context: undefined }))).toEqual(
      [
        { connection, peer },
        { connection, exchange: 1, method: 'POST', target: '/read?q', httpVersion: '1.1', headBytes: wire.length - 3 },
        { connection, exchange: 1, status: 200, persist: true },
        { connection, exchange: 1, outcome: { kind: 'sent', status: 200, bytes: length } },
        { connection, exchange: 1 },
        { connection, by: 'client' },
        { connection, by: 'server' },
        { connection, peer, reason: 'client-closed', requests: 1, bytesIn: wire.length, bytesOut: length },
      ].map((event) => ({ ...event, server: undefined, context: undefined })),
    )
  })

  it('a head begins with its first byte, once, and that of a pipelined request when its turn comes', () => {
    const t = testServer(handler)
    const begun: number[] = []
    const listener = ({ server, exchange }: ConnectionEvents['head']): void => {
      if (server === t.server) begun.push(exchange)
    }
    channels.head.subscribe(listener)
    const client = t.connect()
    client.send('G')
    expect(begun).toEqual([1])
    client.send(get('/').slice(1) + get('/'))
    expect(begun).toEqual([1, 2])
    client.send(get('/').slice(0, 9))
    client.send(get('/').slice(9))
    channels.head.unsubscribe(listener)
    expect(begun).toEqual([1, 2, 3])
  })

  it('connections that are closed without a word are told of', async () => {
    const t = testServer(handler, { limits: { connections: 1 } })
    const seen = await record(t.server, () => {
      for (let i = 0; i < 1 + 64 + 3; i++) t.connect()
    })
    const silent = events(seen, 'close').filter(({ bytesOut }) => bytesOut === 0)
    expect(silent.map(({ reason }) => reason)).toEqual(['overload', 'overload', 'overload'])
    expect(events(seen, 'open')).toHaveLength(68)
  })

  it('connections are counted up', async () => {
    const t = testServer(handler)
    const seen = await record(t.server, () => {
      t.connect()
      t.connect()
    })
    const [a, b] = events(seen, 'open')
    expect(b!.connection).toBe(a!.connection + 1)
  })

  it('exchanges are counted from 1, requests as well when they are pipelined', async () => {
    const t = testServer(handler)
    const seen = await record(t.server, () => t.connect().send(get('/1') + get('/2') + get('/3')))
    expect(events(seen, 'request').map(({ exchange, target }) => [exchange, target])).toEqual([
      [1, '/1'],
      [2, '/2'],
      [3, '/3'],
    ])
    expect(events(seen, 'end').map(({ exchange }) => exchange)).toEqual([1, 2, 3])
    expect(events(seen, 'idle')).toHaveLength(1)
  })

  it('a reply says whether the connection is kept', async () => {
    const t = testServer(handler)
    const seen = await record(t.server, () => t.connect().send(get('/') + get('/close')))
    expect(events(seen, 'reply').map(({ persist }) => persist)).toEqual([true, false])
  })

  it('an error has its code, status and place', async () => {
    const t = testServer(handler)
    const seen = await record(t.server, () => t.connect().send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'))
    expect(events(seen, 'refused')).toMatchObject([{ code: 'HOST_REPEATED', status: 400, offset: 31 }])
    expect(events(seen, 'request')).toEqual([])
  })

  it('an exchange that is cut ends with the truth', async () => {
    const t = testServer(handler)
    const seen = await record(t.server, async () => {
      const client = t.connect()
      client.send(get('/hang'))
      client.reset()
      await turn()
      t.connect().send(get('/fail'))
      await turn(4)
    })
    expect(events(seen, 'end')).toMatchObject([
      { outcome: { kind: 'aborted', status: 0, by: 'peer', bytes: 0 } },
      { outcome: { kind: 'aborted', status: 200, by: 'handler', error: new Error('x') } },
    ])
  })

  it('are reachable by name', async () => {
    const names: string[] = []
    const listen = (message: unknown, name: string | symbol): void => {
      names.push(String(name), (message as ConnectionEvents['request']).target)
    }
    subscribe('spillway.request', listen)
    testServer(handler).connect().send(get('/by-name'))
    unsubscribe('spillway.request', listen)
    expect(names).toEqual(['spillway.request', '/by-name'])
  })
})

/** What happens to a connection, and the reason its close has to give. */
const closes: readonly (readonly [
  ConnectionEvents['close']['reason'],
  string,
  (t: TestServer) => void | Promise<void>,
])[] = [
  ['client-closed', 'ends before any request', (t) => t.connect().end()],
  [
    'client-closed',
    'ends between two requests',
    (t) => {
      const client = t.connect()
      client.send(get())
      client.end()
    },
  ],
  [
    'client-gone',
    'ends within a head',
    (t) => {
      const client = t.connect()
      client.send('GET')
      client.end()
    },
  ],
  [
    'client-gone',
    'ends within its content',
    (t) => {
      const client = t.connect()
      client.send(`${request('POST', '/read', 'Content-Length: 9\r\n')}abc`)
      client.end()
    },
  ],
  [
    'client-gone',
    'ends within a chunk, which nobody reads',
    (t) => {
      const client = t.connect()
      client.send(`${request('POST', '/', 'Transfer-Encoding: chunked\r\n')}9\r\nabc`)
      client.end()
    },
  ],
  [
    'client-gone',
    'ends and waits too long for its reply',
    (t) => {
      const client = t.connect()
      client.send(get('/hang'))
      client.end()
      t.advance(10_500)
    },
  ],
  ['head-too-large', 'has fields that are too long', (t) => t.connect().send(get('/', `a: ${'b'.repeat(20_000)}\r\n`))],
  ['head-too-large', 'has a target that is too long', (t) => t.connect().send(get(`/${'x'.repeat(9000)}`))],
  [
    'client-reset',
    'resets while its handler works',
    (t) => {
      const client = t.connect()
      client.send(get('/hang'))
      client.reset()
    },
  ],
  ['client-reset', 'resets while idle', (t) => t.connect().reset()],
  ['client-asked', 'asks for close', (t) => t.connect().send(get('/', 'Connection: close\r\n'))],
  ['http-1.0', 'is of HTTP/1.0', (t) => t.connect().send(get('/', '', '1.0'))],
  ['reply-asked', 'is closed by its handler', (t) => t.connect().send(get('/close'))],
  ['max-requests', 'has had its requests', (t) => t.connect().send(get().repeat(3))],
  [
    'unread-content',
    'has too much content unread',
    (t) => t.connect().send(request('POST', '/', 'Content-Length: 101\r\n')),
  ],
  ['parse-error', 'sends garbage', (t) => t.connect().send('garbage\r\n\r\n')],
  [
    'parse-error',
    'sends broken chunks',
    (t) => t.connect().send(`${request('POST', '/read', 'Transfer-Encoding: chunked\r\n')}zz\r\n`),
  ],
  ['handler-error', 'has a reply that fails', (t) => t.connect().send(get('/fail'))],
  [
    'keep-alive-timeout',
    'is idle too long',
    (t) => {
      t.connect().send(get())
      t.advance(7500)
    },
  ],
  [
    'head-timeout',
    'says nothing',
    (t) => {
      t.connect()
      t.advance(4500)
    },
  ],
  [
    'head-timeout',
    'says half a head',
    (t) => {
      t.connect().send('GET')
      t.advance(4500)
    },
  ],
  [
    'body-timeout',
    'says half its content',
    async (t) => {
      t.connect().send(`${request('POST', '/read', 'Content-Length: 9\r\n')}abc`)
      await turn()
      t.advance(5500)
      await turn()
    },
  ],
  [
    'write-timeout',
    'does not read',
    (t) => {
      const client = t.connect()
      client.stall()
      client.send(get())
      t.advance(9000)
    },
  ],
  [
    'request-timeout',
    'asks for too much time',
    async (t) => {
      t.connect().send(get('/hang'))
      t.advance(30_500)
      await turn()
    },
  ],
  [
    'overload',
    'is one too many',
    (t) => {
      t.connect()
      t.connect()
      t.connect()
    },
  ],
  [
    'shutdown',
    'is idle at shutdown',
    (t) => {
      t.connect().send(get())
      void t.server.close()
      t.advance(1000)
    },
  ],
  [
    'shutdown',
    'is served at shutdown',
    (t) => {
      const client = t.connect()
      client.send('GET')
      void t.server.close()
      client.send(get().slice(3))
    },
  ],
  [
    'shutdown',
    'is cut at the deadline of shutdown',
    async (t) => {
      t.connect().send(get('/hang'))
      await t.server.close({ deadline: 0 })
    },
  ],
  [
    'upgraded',
    'is another protocol’s',
    (t) => t.connect().send(get('/upgrade', 'Connection: upgrade\r\nUpgrade: x\r\n')),
  ],
]

describe('why a connection ended', () => {
  it.each(closes)('%s: it %s', async (reason, _, happen) => {
    const t = testServer(handler, options)
    const seen = await record(t.server, async () => {
      await happen(t)
      await turn()
      t.advance(2500)
    })
    expect(events(seen, 'close')[0]?.reason).toBe(reason)
  })
})
