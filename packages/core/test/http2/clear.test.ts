import { connect } from 'node:net'
import type { Http2Stream } from '@spillway/parser/http2'
import { afterEach, describe, expect, it } from 'vitest'
import { type Handler, type Outcome, Reply, type Server, type ServerOptions, channels, serve } from '../../src/index.ts'
import type { Transport } from '../../src/transport/transport.ts'
import { deferred, events, muteErrors, record, until } from '../support.ts'
import { Flag, Type } from './frames.ts'
import { MachineClient } from './machine-client.ts'

let server: Server | undefined
let client: MachineClient | undefined

muteErrors()

afterEach(async () => {
  client?.socket.destroy()
  await server?.close({ deadline: 0 })
  client = server = undefined
})

async function start(handler: Handler, options: ServerOptions = {}): Promise<MachineClient> {
  server = await serve(handler, { port: 0, http2: true, ...options })
  return (client = new MachineClient(server.port))
}

/** Sends text over a socket of its own, byte by byte or at once, and resolves with what comes back until the end. */
async function say(text: string, size = text.length): Promise<string> {
  const socket = connect(server!.port, '127.0.0.1')
  let answer = ''
  const closed = new Promise((resolve) => socket.on('close', resolve))
  socket.on('error', () => {})
  socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece))
  for (let at = 0; at < text.length; at += size) {
    socket.write(text.slice(at, at + size))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await closed
  return answer
}

describe('in clear, the first bytes decide (RFC 9113 §3.3)', () => {
  it('HTTP/2 with its preface, several requests at a time', async () => {
    const http2 = await start((c) => c.text(`${c.httpVersion} ${c.path}`))
    const streams = ['/a', '/b', '/c'].map((path) => http2.request('GET', path))
    const bodies = await Promise.all(streams.map((stream) => http2.all(stream)))
    expect(bodies.map(({ status, body }) => [status, body])).toEqual([
      [200, '2.0 /a'],
      [200, '2.0 /b'],
      [200, '2.0 /c'],
    ])
  })

  it.each([1, 3, 1000])('HTTP/1.1 in pieces of %d bytes, also when it begins like the preface', async (size) => {
    server = await serve((c) => c.text(`${c.httpVersion} ${c.method}`), { port: 0, http2: true })
    for (const method of ['GET', 'PRI', 'P', 'PROPFIND']) {
      const answer = await say(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, size)
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 200 OK\r\n[^]*1\\.1 ${method}$`))
    }
  })

  it('a preface that turns out to be none is a bad request', async () => {
    server = await serve((c) => c.text('x'), { port: 0, http2: true })
    expect(await say('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n', 1)).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('one that says nothing, or half of it, ends after the time of heads', async () => {
    server = await serve((c) => c.text('x'), { port: 0, http2: true, timeouts: { head: 40 } })
    const seen = await record(server, async () => {
      await Promise.all([say(''), say('PRI * HT')])
      await until(() => server!.stats.open === 0)
    })
    expect(events(seen, 'close').map(({ reason }) => reason)).toEqual(['head-timeout', 'head-timeout'])
  })

  it('an upgrade to it is not known any more (RFC 9113 §3.1)', async () => {
    server = await serve((c) => c.text(c.httpVersion), { port: 0, http2: true })
    const upgrade = 'Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'
    expect(await say(`GET / HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`)).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('a reply', () => {
  it('with fields that come twice has both of them', async () => {
    const http2 = await start(() => {
      const reply = new Reply('x')
      for (const value of ['a', 'b']) reply.headers.append('X-Content-Type-Options', value).append('Set-Cookie', value)
      return reply
    })
    for (let i = 0; i < 3; i++) {
      const { fields } = await http2.all(http2.request('GET', '/'))
      expect(fields.filter(([name]) => name === 'x-content-type-options' || name === 'set-cookie')).toEqual([
        ['x-content-type-options', 'a'],
        ['set-cookie', 'a'],
        ['x-content-type-options', 'b'],
        ['set-cookie', 'b'],
      ])
    }
  })

  it('that is given again and again is the same each time, also when another one comes between', async () => {
    const http2 = await start((c) =>
      c.path === '/other' ? c.json({ x: 1 }, { headers: { Vary: 'Accept' } }) : c.text('hi'),
    )
    const seen: unknown[] = []
    for (const path of ['/', '/', '/', '/other', '/', '/', '/other', '/']) {
      const { fields, body } = await http2.all(http2.request('GET', path))
      if (path === '/') seen.push([fields.filter(([name]) => name !== 'date'), body])
    }
    expect(new Set(seen.map((one) => JSON.stringify(one))).size).toBe(1)
  })

  it('that is cancelled has its bytes counted', async () => {
    const outcome = deferred<Outcome>()
    const http2 = await start((c) => {
      c.done(outcome.resolve)
      return c.stream(
        (async function* () {
          yield 'abc'
          await new Promise(() => {})
        })(),
      )
    })
    const stream = http2.request('GET', '/')
    await until(() => http2.got(stream).body === 'abc')
    http2.machine.reset(stream, 8)
    http2.flush()
    expect(await outcome.promise).toMatchObject({ kind: 'aborted', by: 'peer', status: 200, bytes: 3 })
  })
})

/** Sends back what comes, in upper case. */
function shout(transport: Transport): void {
  transport.attach({
    onData: (chunk) => transport.write(Buffer.from(chunk).toString().toUpperCase()),
    onDrain: () => {},
    onEnd: () => transport.end(),
    onClose: () => {},
  })
}

const websocket = [
  [':protocol', 'websocket'],
  [':scheme', 'http'],
  [':path', '/chat?a'],
  [':authority', 'a.example'],
] as const

describe('a stream that is taken over', () => {
  it.each<[string, readonly (readonly [string, string])[]]>([
    ['CONNECT', [[':authority', 'a:443']]],
    ['an extended CONNECT (RFC 8441)', websocket],
  ])('by %s is a transport of its own', async (_, fields) => {
    const protocols: string[] = []
    const http2 = await start((c) => {
      protocols.push(c.protocol)
      return c.upgrade(shout)
    })
    const stream = http2.open([[':method', 'CONNECT'], ...fields], false)
    // Nobody has to wait for the answer.
    http2.write(stream, 'early ', false)
    await until(() => http2.got(stream).status === 200)
    http2.write(stream, 'hello', false)
    await until(() => http2.got(stream).body === 'EARLY HELLO')
    http2.write(stream, ' you', true)
    const { body, ended, fields: answered } = await http2.all(stream)
    expect([body, ended]).toEqual(['EARLY HELLO YOU', true])
    expect(protocols).toEqual([fields.length === 1 ? '' : 'websocket'])
    expect(answered.map(([name]) => name)).toEqual(['date'])
    await until(() => !server!.stats.active)
    expect((await http2.all(http2.request('GET', '/'))).status).toBe(501)
  })

  it('by an extended CONNECT is a GET that asks for an upgrade, for whoever looks at it (RFC 8441 §5)', async () => {
    const outcome = deferred<Outcome>()
    const http2 = await start((c) => {
      c.done(outcome.resolve)
      const { headers } = c
      const seen = [c.method, c.path, c.search, c.httpVersion, c.url, c.body.length, c.request.method]
      expect(seen).toEqual(['GET', '/chat', '?a', '2.0', 'http://a.example/chat?a', 0, 'GET'])
      expect([headers.get('Upgrade'), headers.get('connection'), headers.has('upgrade')]).toEqual([
        'websocket',
        'Upgrade',
        true,
      ])
      expect([headers.getAll('upgrade'), headers.getAll('x')]).toEqual([['websocket'], ['1', '2']])
      expect([...headers].map(([name]) => name)).toEqual(['host', 'x', 'x', 'connection', 'upgrade'])
      const reply = c.upgrade(shout, { Upgrade: 'websocket', 'X-A': 'b' })
      expect(reply.status).toBe(101)
      return reply
    })
    const stream = http2.open([[':method', 'CONNECT'], ...websocket, ['x', '1'], ['x', '2']], false)
    await until(() => http2.got(stream).status !== 0)
    const { status, fields } = http2.got(stream)
    expect([status, fields.map(([name]) => name)]).toEqual([200, ['x-a', 'date']])
    expect(await outcome.promise).toMatchObject({ kind: 'sent', status: 101 })
  })

  it.each<[string, Handler, number]>([
    ['text', (c) => c.text('x'), 405],
    ['nothing', (c) => c.empty(), 405],
    ['a stream', (c) => c.stream(new Blob(['x']).stream()), 405],
    ['a redirect', (c) => c.redirect('/'), 302],
    ['a refusal', (c) => c.text('no', { status: 403 }), 403],
  ])('is not when the handler answers with %s: no 2xx says that it was', async (_, handler, status) => {
    const http2 = await start(handler)
    for (const early of ['', 'x'.repeat(10_000)]) {
      const stream = http2.open([[':method', 'CONNECT'], ...websocket], false)
      if (early) http2.write(stream, early, false)
      const got = await http2.all(stream)
      expect(got.status).toBe(status)
    }
    // What came for nobody has left its place in the window.
    const { receiveWindow } = (http2 as { machine: { receiveWindow: { available: number } } }).machine
    expect(receiveWindow.available).toBeGreaterThan(0)
    expect((await http2.all(http2.request('HEAD', '/'))).status).toBeLessThan(500)
  })

  it('and takes none of the bytes that wait from a peer that stops reading: its owner is asked to pause', async () => {
    let transport!: Transport
    let drained = 0
    const http2 = await start((c) =>
      c.upgrade((taken: Transport) => {
        transport = taken
        taken.attach({ onData: () => {}, onDrain: () => drained++, onEnd: () => {}, onClose: () => {} })
      }),
    )
    const stream = http2.open([[':method', 'CONNECT'], ...websocket], false)
    await until(() => transport !== undefined)
    http2.socket.pause()
    let ready = true
    let written = 0
    for (; ready && written < 10_000_000; written += 65_536) ready = transport.write(Buffer.alloc(65_536, 'x'))
    expect(ready).toBe(false)
    http2.socket.resume()
    await until(() => drained > 0 && http2.got(stream).body.length === written)
    expect(transport.bufferedBytes).toBe(0)
  })

  it('nothing in either direction for `timeouts.tunnel` ends it, and it alone', async () => {
    let closed = 0
    const http2 = await start(
      (c) =>
        c.protocol === ''
          ? new Promise(() => {})
          : c.upgrade((transport: Transport) => {
              transport.attach({ onData: () => {}, onDrain: () => {}, onEnd: () => {}, onClose: () => closed++ })
            }),
      { timeouts: { tunnel: 1000 } },
    )
    const other = http2.request('GET', '/')
    const stream = http2.open([[':method', 'CONNECT'], ...websocket], false)
    expect((await http2.all(stream)).reset).toBe(8)
    await until(() => closed === 1)
    expect([http2.isOver, http2.got(other).reset]).toEqual([false, undefined])
  })

  it('ends for its owner when the client resets it, or is gone', async () => {
    let closed = 0
    const http2 = await start((c) =>
      c.upgrade((transport: Transport) => {
        transport.attach({ onData: () => {}, onDrain: () => {}, onEnd: () => {}, onClose: () => closed++ })
      }),
    )
    const streams = ['a:1', 'b:1'].map((name) =>
      http2.open(
        [
          [':method', 'CONNECT'],
          [':authority', name],
        ],
        false,
      ),
    )
    await until(() => streams.every((stream) => http2.got(stream).status === 200))
    http2.machine.reset(streams[0]!, 8)
    http2.flush()
    await until(() => closed === 1)
    http2.socket.destroy()
    await until(() => closed === 2)
    expect(closed).toBe(2)
  })
})

/** Trailers that do not end their stream, which the server has to reset. */
const breakOff = ({ machine }: MachineClient, { id }: Http2Stream): void => {
  const trailers = Uint8Array.of(0, 1, 120, 1, 121)
  machine.out.head(trailers.length, Type.Headers, Flag.EndHeaders, id)
  machine.out.append(trailers)
}

describe('a client that costs too much', () => {
  it.each<[string, (http2: MachineClient) => void]>([
    ['by giving requests up at once (CVE-2023-44487)', (c) => c.machine.reset(c.request('GET', '/'), 8)],
    ['by having them reset (CVE-2025-8671)', (c) => breakOff(c, c.request('POST', '/', false))],
    [
      'by requests that are none',
      (c) =>
        void c.open(
          [
            [':method', 'GET'],
            [':scheme', 'http'],
          ],
          true,
        ),
    ],
  ])('%s is cut off, and its handlers are bounded', async (_, ask) => {
    let running = 0
    let most = 0
    const http2 = await start(async (c) => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 50))
      running--
      return c.text('x')
    })
    const seen = await record(server!, async () => {
      // From here on there are none of the frames that a connection begins with.
      await http2.all(http2.request('GET', '/'))
      // An attacker puts up with whatever comes back, and does not end the connection itself.
      http2.machine.ledger.points = Infinity
      for (let i = 0; i < 3000 && !http2.isOver; i++) ask(http2)
      http2.flush()
      await until(() => http2.isOver)
      http2.socket.end()
      await until(() => server!.stats.open === 0)
    })
    expect(events(seen, 'close')[0]).toMatchObject({ reason: 'abuse' })
    expect(events(seen, 'refused').map(({ code }) => code)).toContain('ABUSE')
    expect(most).toBeLessThanOrEqual(200)
  })

  it('by a malformed frame ends at once, whatever handlers still run', async () => {
    const outcome = deferred<Outcome>()
    const http2 = await start((c) => {
      c.done(outcome.resolve)
      return new Promise<never>(() => {})
    })
    const seen = await record(server!, async () => {
      http2.request('GET', '/')
      await until(() => server!.stats.active === 1)
      http2.machine.out.head(3, 6, 0, 0)
      http2.machine.out.append(new Uint8Array(3))
      http2.flush()
      expect(await outcome.promise).toMatchObject({ kind: 'aborted', by: 'peer' })
      await until(() => http2.isOver)
      http2.socket.end()
      await until(() => server!.stats.open === 0)
    })
    expect(http2.goaways).toEqual([1])
    expect(events(seen, 'close')[0]).toMatchObject({ reason: 'parse-error' })
  })
})

it('its bytes are told to whoever listens', async () => {
  const told = { in: 0, out: 0 }
  const listener = ({ direction, bytes }: { direction: 'in' | 'out'; bytes: Uint8Array }): void => {
    told[direction] += bytes.length
  }
  channels.bytes.subscribe(listener)
  const http2 = await start((c) => c.text('x'))
  await http2.all(http2.request('GET', '/'))
  // What the client said last may still be on its way.
  await until(() => told.in === http2.socket.bytesWritten)
  channels.bytes.unsubscribe(listener)
  expect(told.out).toBe(http2.socket.bytesRead)
})

describe('a client that has ended its side (FIN)', () => {
  type Before = (one: MachineClient) => unknown
  const befores: [string, Before, ServerOptions?][] = [
    ['and said nothing before', () => {}],
    ['and said before that it would (GOAWAY)', (one) => (one.machine.goaway(0, 0), one.flush())],
    ['when the server shuts down', async (one) => (void server!.close(), await until(() => one.goaways.length > 0))],
    [
      'when it has had its requests',
      (one) => until(() => one.goaways.length > 0),
      { limits: { requestsPerConnection: 1 } },
    ],
  ]

  it.each(befores)('%s, and to which nothing moves, is gone', async (_, before, options) => {
    const outcome = deferred<Outcome>()
    const silent = (async function* () {
      yield 'a'
      await new Promise(() => {})
    })()
    const http2 = await start(
      (c) => {
        c.done(outcome.resolve)
        return c.stream(silent)
      },
      { ...options, timeouts: { halfClosed: 60 } },
    )
    const stream = http2.request('GET', '/')
    await until(() => http2.got(stream).body === 'a')
    await before(http2)
    http2.socket.end()
    expect(await outcome.promise).toMatchObject({ kind: 'aborted', by: 'peer', status: 200, bytes: 1 })
    await until(() => http2.isOver)
  })

  it('gets what still moves, to its end', async () => {
    const http2 = await start(
      (c) =>
        c.stream(
          (async function* () {
            for (let i = 0; i < 10; i++) {
              yield 'a'
              await new Promise((resolve) => setTimeout(resolve, 30))
            }
          })(),
        ),
      { timeouts: { halfClosed: 60 } },
    )
    const stream = http2.request('GET', '/')
    await until(() => http2.got(stream).body !== '')
    http2.socket.end()
    const { body, ended } = await http2.all(stream)
    expect([body, ended]).toEqual(['aaaaaaaaaa', true])
  })
})
