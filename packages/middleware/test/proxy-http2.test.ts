import { type Http2Server, type ServerHttp2Stream, createServer } from 'node:http2'
import { type AddressInfo, type Socket, createServer as createTcp } from 'node:net'
import { type Handler, type Server, type ServerOptions, serve } from '@spillway/core'
import { type Http2Stream, Http2Machine, MachineEvent } from '@spillway/parser/http2'
import { upstreams } from '@spillway/middleware/proxy'
import { websocket } from '@spillway/middleware/websocket'
import { connectWebSocket } from '@spillway/middleware/websocket-client'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeAuthority, openssl } from '../../core/test/certificates.ts'
import { client, deadPort, front, get, group, until } from './proxy-support.ts'
import { start } from './server.ts'
import { echo } from './websocket-support.ts'

/** One of our servers, in clear with prior knowledge. */
const back = (handler: Handler, options: ServerOptions = {}): Promise<Server> =>
  start(handler, { ...options, http2: true } as ServerOptions)

/** Node's server of HTTP/2. */
async function nodes(
  handler: (stream: ServerHttp2Stream, path: string) => void,
  settings: { maxConcurrentStreams?: number } = {},
): Promise<{ url: string; sessions: () => number; most: () => number }> {
  const server: Http2Server = createServer({ settings })
  let sessions = 0
  let open = 0
  let most = 0
  server.on('session', (session) => {
    sessions++
    session.on('error', () => {})
    onTestFinished(() => session.destroy())
  })
  server.on('stream', (stream, headers) => {
    most = Math.max(most, ++open)
    stream.on('close', () => open--).on('error', () => {})
    handler(stream, headers[':path']!)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions: () => sessions,
    most: () => most,
  }
}

/** A server that can do what no other does: it is told of each request, with the machine of its connection. */
async function scripted(
  onRequest: (machine: Http2Machine, stream: Http2Stream, nth: number, socket: Socket) => void,
): Promise<{ url: string; connections: () => number; requests: () => number }> {
  let connections = 0
  let requests = 0
  const server = createTcp((socket) => {
    connections++
    const machine = new Http2Machine('server')
    const flush = (): void => {
      if (machine.out.length > 0 && !socket.destroyed) socket.write(machine.out.take())
    }
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    machine.start()
    flush()
    socket.on('data', (chunk) => {
      for (let event, p = 0; (event = machine.next(chunk, p, chunk.length)) !== MachineEvent.More; p = machine.pos)
        if (event === MachineEvent.Head) onRequest(machine, machine.stream!, ++requests, socket)
      flush()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, connections: () => connections, requests: () => requests }
}

const answer = (machine: Http2Machine, stream: Http2Stream, text: string): void => {
  machine.send(stream, [[':status', '200']], false)
  machine.data(stream, Buffer.from(text), 0, text.length, true)
}

describe('a server that speaks HTTP/2', () => {
  test('gets many requests at a time over one connection', async () => {
    const go: (() => void)[] = []
    const upstream = await back(async (c) => {
      await new Promise<void>((resolve) => go.push(resolve))
      return c.text(`${c.httpVersion} ${c.target} ${c.headers.get('host')} ${c.headers.get('via')}`)
    })
    const to = group([upstream.url], { http2: true })
    const { server } = await front(to)
    const asking = Array.from({ length: 50 }, (_, i) => get(server, `/${i}?q`))
    await until(() => go.length === 50)
    expect([upstream.stats.open, to.status[0]!.active]).toEqual([1, 50])
    for (const each of go) each()
    const answers = await Promise.all(asking)
    answers.forEach((text, i) => expect(text).toContain(`2.0 /${i}?q a.example 1.1 spillway`))
    await until(() => to.status[0]!.active === 0 && to.status[0]!.idle === 1)
    to.close()
    await until(() => upstream.stats.open === 0)
  })

  test('content, trailers, interim responses and what has no content come through both ways', async () => {
    const upstream = await back(async (c) => {
      if (c.path === '/empty') return c.empty()
      if (c.path === '/old') return c.empty({ status: 304, headers: { ETag: '"a"' } })
      if (c.path === '/small')
        return c.text('small', {
          headers: [
            ['Set-Cookie', 'a=1'],
            ['Set-Cookie', 'b=2'],
          ],
        })
      c.hints({ Link: '</a.css>' })
      const text = await c.body.text(1e9)
      const reply = c.stream(
        (async function* () {
          yield String(text.length)
          yield ` ${JSON.stringify(c.body.trailers)} `
          yield text.slice(-3)
        })(),
      )
      reply.trailers = () => ({ 'X-Sum': '7' })
      return reply
    })
    const { server } = await front(group([upstream.url], { http2: true }), {}, { limits: { bodyBytes: 1e9 } })
    expect(await get(server, '/empty')).toMatch(/^HTTP\/1\.1 204 /)
    expect(await get(server, '/old')).toMatch(/^HTTP\/1\.1 304 .*etag: "a"/s)
    expect(await get(server, '/small')).toMatch(
      /set-cookie: a=1\r\nset-cookie: b=2\r\n.*Content-Length: 5\r\n.*\r\n\r\nsmall$/is,
    )
    const head = client(server, 'HEAD /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await until(() => head.closed)
    expect(head.received).toMatch(/content-length: 5\r\n(?:.*\r\n)*\r\n$/i)
    const post = client(server, 'POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close, TE\r\n')
    post.send('Transfer-Encoding: chunked\r\n\r\n')
    const size = 3_000_000
    post.send(`${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\nX-After: yes\r\n\r\n`)
    await until(() => post.closed)
    expect(post.received).toMatch(/^HTTP\/1\.1 103 .*link: <\/a\.css>\r\n.*HTTP\/1\.1 200 OK/is)
    expect(post.received).toContain(`${size} [["x-after","yes"]] `)
    expect(post.received).toMatch(/x-sum: 7\r\n\r\n$/i)
  })

  test('answers early, and the rest of the content is not sent', async () => {
    const upstream = await back((c) => c.text('no', { status: 413 }))
    const to = group([upstream.url], { http2: true })
    const { server } = await front(to, {}, { limits: { bodyBytes: 1e9 } })
    const post = client(server, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc')
    await post.reads(/^HTTP\/1\.1 413 .*no$/s)
    await until(() => to.status[0]!.active === 0)
    expect(await get(server)).toContain('413')
    expect(upstream.stats.open).toBe(1)
  })

  test('a client that does not read holds up nobody else', async () => {
    const upstream = await back((c) =>
      c.path === '/large' ? c.stream(new Blob([Buffer.alloc(20_000_000, 'x')]).stream()) : c.text('small'),
    )
    const { server } = await front(group([upstream.url], { http2: true }))
    const slow = Array.from({ length: 10 }, () => {
      const one = client(server)
      one.socket.pause()
      one.send('GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      return one
    })
    for (let i = 0; i < 5; i++) expect(await get(server)).toContain('small')
    slow[0]!.socket.resume()
    await until(() => slow[0]!.closed)
    expect(slow[0]!.received.length).toBeGreaterThan(20_000_000)
    expect(upstream.stats.open).toBe(1)
  })

  test('hears when a client is gone: its stream is reset, and others go on', async () => {
    const aborted: string[] = []
    const upstream = await back(
      (c) =>
        new Promise((resolve) => {
          c.signal.addEventListener('abort', () => aborted.push(c.path))
          if (c.path === '/other') setTimeout(() => resolve(c.text('other')), 1000)
        }),
    )
    const { server } = await front(group([upstream.url], { http2: true }))
    const leaving = client(server, 'GET /gone HTTP/1.1\r\nHost: a\r\n\r\n')
    const other = get(server, '/other')
    await until(() => upstream.stats.active === 1)
    leaving.socket.resetAndDestroy()
    await until(() => aborted.length > 0)
    expect(await other).toContain('other')
    expect(aborted).toEqual(['/gone'])
  })

  test.each([2, 3, 4])(
    'that allows %d streams gets no more on a connection, and further connections',
    async (allowed) => {
      const waiting: (() => void)[] = []
      const upstream = await nodes(
        (stream) => {
          waiting.push(() => {
            stream.respond({ ':status': 200 })
            stream.end('ok')
          })
        },
        { maxConcurrentStreams: allowed },
      )
      const { server } = await front(group([upstream.url], { http2: true }))
      const asking = Array.from({ length: 12 }, () => get(server))
      await until(() => waiting.length === 12)
      expect(upstream.sessions()).toBeGreaterThanOrEqual(12 / allowed)
      for (const each of waiting) each()
      for (const text of await Promise.all(asking)) expect(text).toMatch(/^HTTP\/1\.1 200 .*ok$/s)
    },
  )

  test('pool.connections bounds what is under way, by shares, and one more waits', async () => {
    const waiting: (() => void)[] = []
    const upstream = await back(async (c) => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      return c.text('ok')
    })
    const to = group([upstream.url], { http2: true, pool: { connections: 4, waiting: 2 } })
    const { server } = await front(to)
    // Of four places a lone client gets three; of two to wait, two.
    const asking = Array.from({ length: 6 }, () => get(server))
    await until(() => waiting.length === 3)
    const refused = await Promise.race(asking)
    expect(refused).toMatch(/^HTTP\/1\.1 503 .*UPSTREAM_BUSY/s)
    for (let done = 0; done < 5; done++) {
      await until(() => waiting.length > done)
      waiting[done]!()
    }
    const statuses = (await Promise.all(asking)).map((text) => text.slice(9, 12))
    expect(statuses.toSorted()).toEqual(['200', '200', '200', '200', '200', '503'])
  })

  test('is not asked over connections that are too old', async () => {
    const upstream = await nodes((stream, path) => {
      stream.respond({ ':status': 200 })
      stream.end(path)
    })
    const young = await front(group([upstream.url], { http2: true, pool: { maxAge: 60_000 } }))
    for (let i = 0; i < 3; i++) expect(await get(young.server, `/${i}`)).toMatch(/^HTTP\/1\.1 200 /)
    expect(upstream.sessions()).toBe(1)
    const old = await front(group([upstream.url], { http2: true, pool: { maxAge: 0.001 } }))
    for (let i = 0; i < 3; i++) expect(await get(old.server, `/${i}`)).toMatch(/^HTTP\/1\.1 200 /)
    expect(upstream.sessions()).toBe(4)
  })

  test('is asked by checks in HTTP/2 as well', async () => {
    const asked: string[] = []
    const upstream = await back((c) => {
      asked.push(`${c.httpVersion} ${c.target}`)
      return c.text('ok')
    })
    const to = group([upstream.url], { http2: true, check: { path: '/healthz', interval: 50 } })
    await until(() => asked.length > 1)
    expect([asked[0], to.status[0]!.state]).toEqual(['2.0 /healthz', 'up'])
    await until(() => upstream.stats.open <= 1)
  })
})

describe('a request is sent again', () => {
  const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
  const posted = async (server: Server): Promise<string> => {
    const asking = client(server, post)
    await until(() => asking.closed)
    return asking.received
  }

  test('whatever it is, when the server says that it was not begun: REFUSED_STREAM', async () => {
    const upstream = await scripted((machine, stream, nth) =>
      nth === 1 ? machine.refuse(stream) : answer(machine, stream, `answer ${nth}`),
    )
    const { server } = await front(group([upstream.url], { http2: true }))
    expect(await posted(server)).toContain('answer 2')
  })

  test('or GOAWAY with a lower number; what is below it is answered', async () => {
    const upstream = await scripted((machine, stream, nth) => {
      if (nth === 2) {
        machine.goaway(stream.id - 2, 0)
        answer(machine, machine.streams.get(stream.id - 2)!, 'answer 1')
      } else if (nth > 2) answer(machine, stream, `answer ${nth}`)
    })
    const { server } = await front(group([upstream.url], { http2: true }))
    const first = posted(server)
    await until(() => upstream.requests() === 1)
    expect(await posted(server)).toContain('answer 3')
    expect(await first).toContain('answer 1')
    expect(upstream.connections()).toBe(2)
  })

  test.each([
    ['a reset', (machine: Http2Machine, stream: Http2Stream) => machine.reset(stream, 2)],
    ['the end of the connection', (_: Http2Machine, __: Http2Stream, socket: Socket) => void socket.destroy()],
  ])('only if that is safe, after %s', async (_, fail) => {
    const upstream = await scripted((machine, stream, nth, socket) => {
      if (nth % 2 === 1) fail(machine, stream, socket)
      else answer(machine, stream, `answer ${nth}`)
    })
    const to = group([upstream.url, upstream.url], { http2: true })
    const { server } = await front(to)
    expect(await posted(server)).toMatch(/^HTTP\/1\.1 502 .*UPSTREAM_CLOSED/s)
    expect(upstream.requests()).toBe(1)
  })

  test('a GET goes to the next one then', async () => {
    const broken = await scripted((machine, stream) => machine.reset(stream, 2))
    const sound = await back((c) => c.text('sound'))
    const { server } = await front(group([broken.url, sound.url], { http2: true }))
    for (let i = 0; i < 2; i++) expect(await get(server)).toContain('sound')
  })
})

describe('a server that fails', () => {
  test('to be reached keeps no place', async () => {
    const to = group([`http://127.0.0.1:${await deadPort()}`], { http2: true, pool: { connections: 4, waiting: 1 } })
    const { server } = await front(to, { retries: 0 })
    for (let i = 0; i < 6; i++) expect(await get(server)).toMatch(/^HTTP\/1\.1 502 .*UPSTREAM_UNREACHABLE/s)
    expect(to.status).toMatchObject([{ active: 0, idle: 0 }])
  })

  test('to say a word keeps no place either, whoever gives up first', async () => {
    const silent = createTcp((socket) => void socket.on('error', () => {}).on('data', () => {}))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    const { port } = silent.address() as AddressInfo
    const pool = { connections: 4, waiting: 1 }
    const to = group([`http://127.0.0.1:${port}`], { http2: true, pool, timeouts: { connect: 500 } })
    const { server } = await front(to, { retries: 0 })
    for (let i = 0; i < 4; i++) {
      const leaving = client(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await until(() => to.status[0]!.active === 1)
      leaving.socket.resetAndDestroy()
      await until(() => to.status[0]!.active === 0)
    }
    expect(await get(server)).toMatch(/^HTTP\/1\.1 504 .*UPSTREAM_CONNECT_TIMEOUT/s)
  })

  test.each<[string, (machine: Http2Machine, stream: Http2Stream) => void, RegExp]>([
    ['has no answer in time', () => {}, /^HTTP\/1\.1 504 .*UPSTREAM_TIMEOUT/s],
    [
      'answers what is no head',
      (machine, stream) => machine.send(stream, [[':status', '2OO']], true),
      /^HTTP\/1\.1 502 .*UPSTREAM_INVALID/s,
    ],
    [
      'sends less than it said',
      (machine, stream) => {
        machine.send(
          stream,
          [
            [':status', '200'],
            ['content-length', '10'],
          ],
          false,
        )
        machine.data(stream, Buffer.from('abc'), 0, 3, true)
      },
      /^HTTP\/1\.1 502 /,
    ],
    [
      'breaks the protocol',
      (machine) => machine.out.settings([2, 7]),
      /^HTTP\/1\.1 502 .*UPSTREAM_(?:INVALID|CLOSED)/s,
    ],
  ])('%s', async (_, fail, expected) => {
    const upstream = await scripted((machine, stream) => fail(machine, stream))
    const to = group([upstream.url], { http2: true, timeouts: { head: 300, connect: 1000 } })
    const { server } = await front(to)
    const asking = client(server, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    await until(() => asking.closed)
    expect(asking.received).toMatch(expected)
    await until(() => to.status[0]!.active === 0)
  })

  test('is given up when it answers nothing at all, and the next request goes elsewhere', async () => {
    const upstream = await scripted((_, __, ___, socket) => socket.pause())
    const to = group([upstream.url], { http2: true, timeouts: { head: 200, connect: 300 } })
    const { server } = await front(to)
    for (let i = 0; i < 2; i++) expect(await get(server)).toMatch(/^HTTP\/1\.1 504 /)
    expect(upstream.connections()).toBe(2)
  })

  test('and content that breaks off cuts the connection of its client', async () => {
    const upstream = await scripted((machine, stream, _, socket) => {
      machine.send(stream, [[':status', '200']], false)
      machine.data(stream, Buffer.from('half'), 0, 4, false)
      setTimeout(() => socket.destroy(), 50)
    })
    const { server } = await front(group([upstream.url], { http2: true }))
    const text = await get(server)
    expect(text).toContain('half')
    expect(text).not.toMatch(/\r\n0\r\n\r\n$/)
  })
})

describe('a WebSocket', () => {
  test.each([
    [false, true],
    [true, true],
    [true, false],
  ])('of a client (HTTP/2 %s) goes to a server (HTTP/2 %s)', async (clients, servers) => {
    const versions: string[] = []
    const handler = websocket((c) => (versions.push(c.httpVersion), echo), { origins: '*', protocols: ['chat'] })
    const upstream = servers ? await back(handler) : await start(handler)
    const to = group([upstream.url], { http2: servers })
    const { server } = await front(to, {}, { http2: true } as ServerOptions)
    const sockets = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const got: unknown[] = []
        const handlers = {
          message: (_: unknown, data: unknown) => void got.push(data),
          close: (_: unknown, code: number) => void got.push(code),
        }
        const options = { http2: clients, protocols: ['chat'] }
        return { got, socket: await connectWebSocket(server.url, handlers, options) }
      }),
    )
    expect(upstream.stats.open).toBe(servers ? 1 : 5)
    expect(versions).toEqual(Array.from({ length: 5 }, () => (servers ? '2.0' : '1.1')))
    const long = 'x'.repeat(300_000)
    for (const { socket } of sockets) for (const text of ['a', long]) await socket.send(text)
    await until(() => sockets.every(({ got }) => got.length === 2))
    expect(sockets[0]!.got).toEqual(['a', long])
    expect(to.status).toMatchObject([{ active: 5 }])
    sockets[0]!.socket.close(4000)
    sockets[1]!.socket.terminate()
    await until(() => to.status[0]!.active === 3)
    expect(sockets[0]!.got.at(-1)).toBe(4000)
    for (const { socket } of sockets) socket.close()
    await until(() => to.status[0]!.active === 0)
  })

  test('goes over HTTP/1.1 to a server whose HTTP/2 does not take it', async () => {
    // In clear one port has both, and this one does not announce it.
    const upstream = await back(websocket((c) => ({ open: (socket) => socket.send(c.httpVersion) }), { origins: '*' }))
    const old = createTcp((socket) => {
      socket.once('data', (chunk) => {
        if (chunk.toString().startsWith('PRI')) {
          const machine = new Http2Machine('server')
          machine.extendedConnect = false
          machine.start()
          socket.write(machine.out.take())
        } else {
          const other = new (socket.constructor as new () => Socket)().connect(upstream.port, '127.0.0.1')
          other.write(chunk)
          socket.pipe(other).pipe(socket)
          other.on('error', () => socket.destroy())
        }
      })
      socket.on('error', () => {})
    })
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void old.close())
    const to = group([`http://127.0.0.1:${(old.address() as AddressInfo).port}`], { http2: true })
    const { server } = await front(to)
    const got: unknown[] = []
    const socket = await connectWebSocket(server.url, { message: (_, data) => void got.push(data) })
    await until(() => got.length === 1)
    expect(got).toEqual(['1.1'])
    socket.terminate()
  })
})

withTools(openssl)('over TLS', () => {
  test.each([true, false])('the server decides by ALPN (HTTP/2 %s)', async (http2) => {
    const authority = makeAuthority()
    onTestFinished(() => authority.remove())
    const { cert, key } = authority.issue('localhost', ['localhost'])
    const upstream = await serve((c) => c.text(`${c.httpVersion} ${c.peer.alpn}`), {
      port: 0,
      host: '127.0.0.1',
      tls: { cert, key },
      http2,
    })
    onTestFinished(() => upstream.close({ deadline: 0 }).then(() => {}))
    const to = group([`https://localhost:${upstream.port}`], { http2: true, tls: { ca: authority.ca } })
    const { server } = await front(to)
    for (let i = 0; i < 3; i++) expect(await get(server)).toContain(http2 ? '2.0 h2' : '1.1 http/1.1')
    expect(to.status).toMatchObject([{ state: 'up', failures: 0 }])
  })
})

test('what speaks for one client is not shared', () => {
  expect(() => upstreams(['http://a'], { http2: true, proxyProtocol: 1 })).toThrow(TypeError)
})
