import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  connect,
  constants,
} from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { execFile, findTool, withTools } from '@spillway/vitest-config/tools'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import {
  type Context,
  type Handler,
  HttpError,
  type Outcome,
  Reply,
  type Server,
  type ServerOptions,
  serve,
} from '../../src/index.ts'
import { type TestAuthority, type TestCertificate, makeAuthority, openssl } from '../certificates.ts'
import { deferred, events, muteErrors, record, turn, until } from '../support.ts'

const curl = findTool('curl', { probe: ['--version'], says: /HTTP2/ })
let authority: TestAuthority
let local: TestCertificate
let client: ClientHttp2Session | undefined
let server: Server | undefined

const muted = muteErrors()

beforeAll(() => {
  if (openssl.isMissing) return
  authority = makeAuthority()
  local = authority.issue('localhost', ['localhost', '127.0.0.1'])
})

afterAll(() => {
  if (!openssl.isMissing) authority.remove()
})

afterEach(async () => {
  client?.destroy()
  await server?.close({ deadline: 0 })
  client = server = undefined
})

/** Serves, and connects by HTTP/2. */
async function start(handler: Handler, options: ServerOptions = {}): Promise<ClientHttp2Session> {
  server = await serve(handler, { port: 0, tls: local, http2: true, ...options })
  client = connect(server.url, { ca: authority.ca })
  client.on('error', () => {})
  return client
}

interface Answer {
  readonly headers: IncomingHttpHeaders & { readonly ':status'?: number | undefined }
  readonly interim: readonly IncomingHttpHeaders[]
  readonly trailers: IncomingHttpHeaders
  readonly body: string
  /** RST_STREAM's code, 0 when there was none. */
  readonly code: number
}

function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve) => {
    let headers: Answer['headers'] = {}
    let trailers: IncomingHttpHeaders = {}
    const interim: IncomingHttpHeaders[] = []
    let body = ''
    stream.on('response', (fields) => (headers = fields))
    stream.on('headers', (fields) => interim.push(fields))
    stream.on('trailers', (fields) => (trailers = fields))
    stream.setEncoding('utf8').on('data', (text: string) => (body += text))
    stream.on('error', () => {})
    stream.on('close', () => resolve({ headers, interim, trailers, body, code: stream.rstCode }))
  })
}

/** Sends a request; content ends it. */
function ask(headers: OutgoingHttpHeaders, content?: string | Uint8Array): Promise<Answer> {
  const stream = client!.request(headers, { endStream: content === undefined })
  const answer = answerOf(stream)
  if (content !== undefined) stream.end(content)
  return answer
}

withTools(openssl)('a request of HTTP/2 (RFC 9113 §8.3.1)', () => {
  it('is a context like any other', async () => {
    await start((c) => {
      const { method, path, search, url, httpVersion } = c
      const { alpn, secure, servername } = c.peer
      return c.json({ method, path, search, url, httpVersion, alpn, secure, servername, fields: [...c.headers] })
    })
    const { headers, body } = await ask({ ':path': '/a%20b?c=d', 'x-field': 'e', cookie: ['f=1', 'g=2'] })
    const authorityName = `127.0.0.1:${server!.port}`
    expect(headers[':status']).toBe(200)
    expect(headers['content-type']).toBe('application/json')
    expect(headers['content-length']).toBe(String(body.length))
    expect(headers.date).toMatch(/GMT$/)
    expect(JSON.parse(body)).toEqual({
      method: 'GET',
      path: '/a%20b',
      search: '?c=d',
      url: `https://${authorityName}/a%20b?c=d`,
      httpVersion: '2.0',
      alpn: 'h2',
      secure: true,
      fields: [
        ['host', authorityName],
        ['x-field', 'e'],
        ['cookie', 'f=1; g=2'],
      ],
    })
  })

  it('many at a time on one connection', async () => {
    const go = deferred()
    let waiting = 0
    await start(async (c) => {
      waiting++
      await go.promise
      return c.text(c.path)
    })
    const answers = Array.from({ length: 50 }, (_, i) => ask({ ':path': `/${i}` }))
    await until(() => waiting === 50)
    expect(server!.stats).toEqual({ open: 1, active: 1 })
    go.resolve()
    expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(answers.map((_, i) => `/${i}`))
  })

  it('HTTP/1.1 is served beside it, for those who do not know it', async () => {
    server = await serve((c) => c.text(c.httpVersion), { port: 0, tls: local, http2: true })
    const response = await fetchOld(server)
    expect(response).toBe('1.1')
  })

  it.each<[string, OutgoingHttpHeaders, number]>([
    ['a target with characters that have no place in one', { ':path': '/<x>' }, 400],
    ['an authority that is none', { ':authority': 'a:99999' }, 400],
    ['a Host beside another authority', { ':authority': 'a', host: 'b' }, 400],
    ['a target that is too long', { ':path': `/${'x'.repeat(9000)}` }, 414],
    ['an expectation nobody knows', { expect: 'miracles' }, 417],
  ])('%s is refused', async (_, fields, status) => {
    await start((c) => c.text('x'))
    expect((await ask(fields)).headers[':status']).toBe(status)
    expect((await ask({})).headers[':status']).toBe(200)
  })

  it.each(['http://evil/', 'x', ''])('the target %j is none', async (path) => {
    await start((c) => c.text('x'))
    const { headers, code } = await ask({ ':path': path })
    expect([headers[':status'], code]).toEqual([undefined, constants.NGHTTP2_PROTOCOL_ERROR])
  })

  it('too many fields', async () => {
    await start((c) => c.text('x'), { limits: { fields: 10 } })
    const fields = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`x-${i}`, 'y']))
    expect((await ask(fields)).headers[':status']).toBe(431)
  })

  it('cannot be upgraded, unless it is CONNECT', async () => {
    await start((c) => c.upgrade(() => {}))
    expect((await ask({})).headers[':status']).toBe(501)
  })
})

withTools(openssl)('content of a request', () => {
  it('with and without a length', async () => {
    await start(async (c) => c.text(`${c.body.length} ${await c.body.text()}`))
    expect((await ask({ ':method': 'POST' }, 'häh')).body).toBe('null häh')
    expect((await ask({ ':method': 'POST', 'content-length': '3' }, 'abc')).body).toBe('3 abc')
    expect((await ask({ ':method': 'POST' })).body).toBe('0 ')
  })

  it('is read no faster than it is wanted', async () => {
    const go = deferred()
    let size = 0
    await start(
      async (c) => {
        await go.promise
        for await (const chunk of c.body) size += chunk.length
        return c.text(String(size))
      },
      { limits: { bodyBytes: 1e7 } },
    )
    const stream = client!.request({ ':method': 'POST' })
    const answer = answerOf(stream)
    const bytes = Buffer.alloc(2_000_000)
    stream.end(bytes)
    await until(() => server!.stats.active === 1)
    await turn(20)
    expect(stream.writableLength).toBe(bytes.length)
    expect(stream.state.localWindowSize).toBeGreaterThanOrEqual(0)
    go.resolve()
    expect((await answer).body).toBe(String(bytes.length))
  })

  it('over the limit is 413, which a client that is still sending receives', async () => {
    await start(async (c) => c.text(String((await c.body.bytes()).length)), { limits: { bodyBytes: 1000 } })
    const answer = await ask({ ':method': 'POST' }, Buffer.alloc(1_000_000))
    expect([answer.headers[':status'], answer.code]).toEqual([413, 0])
    expect((await ask({ ':method': 'POST' }, 'x')).body).toBe('1')
  })

  it('that nobody reads is not asked for', async () => {
    await start((c) => c.text('no'))
    const answer = await ask({ ':method': 'POST' }, Buffer.alloc(1_000_000))
    expect([answer.body, answer.code]).toEqual(['no', 0])
  })

  it('trailers, but for those that must not be there', async () => {
    await start(async (c) => {
      await c.body.text()
      return c.json(c.body.trailers)
    })
    const stream = client!.request({ ':method': 'POST' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '1', authorization: 'evil' }))
    const answer = answerOf(stream)
    stream.end('abc')
    expect(JSON.parse((await answer).body)).toEqual([['x-sum', '1']])
  })

  it('100 (Continue) comes when it is first read', async () => {
    const go = deferred()
    await start(async (c) => {
      await go.promise
      return c.text(await c.body.text())
    })
    const stream = client!.request({ ':method': 'POST', expect: '100-continue' })
    const answer = answerOf(stream)
    let asked = false
    stream.on('continue', () => {
      asked = true
      stream.end('abc')
    })
    await until(() => server!.stats.active === 1)
    expect(asked).toBe(false)
    go.resolve()
    expect((await answer).body).toBe('abc')
  })

  it('a client that stops sending is answered 408', async () => {
    await start(async (c) => c.text(await c.body.text()), { timeouts: { bodyIdle: 40 } })
    const stream = client!.request({ ':method': 'POST' })
    const answer = answerOf(stream)
    stream.write('abc')
    expect((await answer).headers[':status']).toBe(408)
  })

  it.each<[string, (stream: ClientHttp2Stream) => void]>([
    ['resets the stream', (stream) => stream.close(constants.NGHTTP2_CANCEL)],
    ['resets the stream without an error', (stream) => stream.close(constants.NGHTTP2_NO_ERROR)],
    ['closes the connection', (stream) => stream.session!.destroy()],
    ['is gone', (stream) => stream.session!.destroy(new Error('x'))],
  ])('a client that %s in the middle fails the read, and never gives half of it', async (_, leave) => {
    const failed = deferred<unknown>()
    const outcome = deferred<Outcome>()
    await start(async (c) => {
      c.done(outcome.resolve)
      await c.body.text().then(failed.resolve, failed.resolve)
      return c.text('x')
    })
    // Without a promise of trailers, Node's client says that its content is complete before it resets.
    const stream = client!.request({ ':method': 'POST' }, { waitForTrailers: true })
    stream.on('error', () => {})
    stream.write('abc')
    await until(() => server!.stats.active === 1)
    await turn(5)
    leave(stream)
    expect(await failed.promise).toMatchObject({ by: 'peer' })
    expect(await outcome.promise).toMatchObject({ kind: 'aborted', by: 'peer' })
  })

  it('first touched when the client is gone, or the reply was sent, fails, and is not waited for', async () => {
    const contexts: Context[] = []
    await start((c) => {
      contexts.push(c)
      return c.path === '/hang' ? new Promise(() => {}) : c.text('x')
    })
    const stream = client!.request({ ':method': 'POST', ':path': '/hang' }, { waitForTrailers: true })
    stream.on('error', () => {})
    stream.write('abc')
    await until(() => contexts.length === 1)
    const gone = new Promise((resolve) => contexts[0]!.done(resolve))
    stream.close(constants.NGHTTP2_CANCEL)
    await gone
    await expect(contexts[0]!.body.text()).rejects.toMatchObject({ by: 'peer' })
    await ask({ ':method': 'POST' }, 'abc')
    await expect(contexts[1]!.body.text()).rejects.toMatchObject({ by: 'handler' })
  })
})

withTools(openssl)('a reply', () => {
  it('is complete when a callback of its exchange throws, which is reported with the request', async () => {
    const reported = deferred<unknown[]>()
    await start(
      (c) => {
        c.done(() => {
          throw new Error('broken callback')
        })
        return c.text('x')
      },
      { onError: (error, c) => reported.resolve([String(error), c?.path]) },
    )
    expect((await ask({ ':path': '/mine' })).body).toBe('x')
    expect(await reported.promise).toEqual(['Error: broken callback', '/mine'])
  })

  it('drops fields that speak of connections, keeps lines that cannot be joined', async () => {
    await start((c) => {
      const reply = c.text('x')
      for (const name of ['Connection', 'Keep-Alive', 'Transfer-Encoding', 'Upgrade', 'Proxy-Connection'])
        reply.headers.set(name, 'x')
      reply.headers.append('Set-Cookie', 'a=1').append('Set-Cookie', 'b=2').set('X-Name', '\xe4')
      return reply
    })
    const { headers } = await ask({})
    expect(Object.keys(headers).toSorted()).toEqual(
      [':status', 'content-length', 'content-type', 'date', 'set-cookie', 'x-name'].toSorted(),
    )
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(headers['x-name']).toBe('\xe4')
  })

  it('to HEAD is that to GET without content', async () => {
    await start((c) => (c.path === '/stream' ? c.stream(pieces('a', 'b')) : c.text('häh')))
    for (const path of ['/', '/stream']) {
      const [get, head] = [await ask({ ':path': path }), await ask({ ':path': path, ':method': 'HEAD' })]
      expect({ ...head.headers, date: '' }).toEqual({ ...get.headers, date: '' })
      expect([head.body, head.code]).toEqual(['', 0])
    }
  })

  it.each([204, 304])('%d has no content', async (status) => {
    await start(() => new Reply('dropped', status))
    const { headers, body } = await ask({})
    expect([headers[':status'], body, headers['content-length']]).toEqual([status, '', undefined])
  })

  it('205 has no content and says so (RFC 9110 §15.3.6)', async () => {
    await start(() => new Reply('dropped', 205))
    const { headers, body } = await ask({})
    expect([headers[':status'], body, headers['content-length']]).toEqual([205, '', '0'])
  })

  it('streams, announced or not, with trailers', async () => {
    await start((c) => {
      const reply = c.stream(pieces('ab', 'ü', 'c'))
      if (c.path === '/length') reply.headers.set('Content-Length', '5')
      reply.trailers = () => ({ 'X-Sum': '1', Connection: 'close' })
      return reply
    })
    const plain = await ask({})
    expect([plain.body, plain.trailers['x-sum'], plain.headers['content-length']]).toEqual(['abüc', '1', undefined])
    expect((await ask({ ':path': '/length' })).headers['content-length']).toBe('5')
  })

  it('with trailers and content at hand', async () => {
    await start((c) => {
      const reply = c.text('abc')
      reply.trailers = () => ({ 'X-Sum': '1' })
      return reply
    })
    const { body, trailers } = await ask({})
    expect([body, trailers['x-sum']]).toEqual(['abc', '1'])
  })

  it('is paced by the client, and cancelled at its source when the client goes', async () => {
    let made = 0
    const cancelled = deferred()
    const outcome = deferred<Outcome>()
    const aborted = deferred<unknown>()
    await start((c) => {
      c.done(outcome.resolve)
      c.signal.addEventListener('abort', () => aborted.resolve(c.signal.reason))
      return c.stream(
        new ReadableStream({
          pull: (controller) => {
            made += 10_000
            controller.enqueue(new Uint8Array(10_000))
          },
          cancel: () => cancelled.resolve(),
        }),
      )
    })
    const stream = client!.request({})
    stream.on('error', () => {})
    await until(() => made > 50_000)
    await turn(50)
    const before = made
    await turn(50)
    expect(made).toBe(before)
    expect(made).toBeLessThan(1_000_000)
    stream.close(constants.NGHTTP2_CANCEL)
    await cancelled.promise
    expect(await aborted.promise).toMatchObject({ by: 'peer' })
    expect(await outcome.promise).toMatchObject({ kind: 'aborted', by: 'peer', status: 200 })
  })

  it('large content arrives whole', async () => {
    const bytes = Buffer.alloc(3_000_000, 'abcdefg')
    await start((c) => c.stream(c.path === '/text' ? bytes.toString() : bytes))
    expect((await ask({})).body.length).toBe(bytes.length)
    expect((await ask({ ':path': '/text' })).body).toBe(bytes.toString())
  })

  it('a client that takes nothing is cut off', async () => {
    const outcome = deferred<Outcome>()
    await start(
      (c) => {
        c.done(outcome.resolve)
        return c.stream(Buffer.alloc(1_000_000))
      },
      { timeouts: { writeStall: 40 } },
    )
    const stream = client!.request({})
    stream.on('error', () => {})
    expect(await outcome.promise).toMatchObject({ kind: 'aborted', by: 'timeout' })
  })

  it('that takes too long is 503 before it has begun, and cut after', async () => {
    await start((c) => (c.path === '/' ? new Promise(() => {}) : c.stream(endless())), { timeouts: { request: 40 } })
    const [waiting, begun] = [await ask({}), await ask({ ':path': '/stream' })]
    expect([waiting.headers[':status'], waiting.code]).toEqual([503, constants.NGHTTP2_NO_ERROR])
    expect([begun.headers[':status'], begun.code]).toEqual([200, constants.NGHTTP2_CANCEL])
  })

  it('early hints', async () => {
    await start((c) => {
      c.hints({ Link: '</a.css>; rel=preload' })
      return c.text('x')
    })
    const { interim, body } = await ask({})
    expect(interim).toMatchObject([{ ':status': 103, link: '</a.css>; rel=preload' }])
    expect(body).toBe('x')
  })

  it('that fails in the middle is reset, never complete', async () => {
    const outcome = deferred<Outcome>()
    await start((c) => {
      c.done(outcome.resolve)
      return c.stream(failing())
    })
    const { code, body } = await ask({})
    expect([code, body]).toEqual([constants.NGHTTP2_INTERNAL_ERROR, 'abc'])
    expect(await outcome.promise).toMatchObject({ kind: 'aborted', by: 'handler' })
    expect(muted.calls.length).toBe(1)
  })

  it('errors of handlers are replies', async () => {
    await start((c) => {
      if (c.path === '/teapot') throw new HttpError(418, 'short and stout')
      if (c.path === '/twice') return new Reply('x', { headers: [['Content-Length', '7']] })
      if (c.path === '/lines')
        return new Reply('x', {
          headers: [
            ['ETag', 'a'],
            ['ETag', 'b'],
          ],
        })
      throw new Error('secret')
    })
    const answers = [
      await ask({ ':path': '/teapot' }),
      await ask({ ':path': '/twice' }),
      await ask({ ':path': '/lines' }),
    ]
    expect(answers.map(({ headers }) => headers[':status'])).toEqual([418, 500, 200])
    // A field may have several lines; Node's client shows the first one.
    expect(answers[2]!.headers.etag).toBe('a')
    expect(answers[0]!.body).toBe('short and stout\n')
    expect((await ask({})).body).not.toContain('secret')
  })

  it.each<[string, () => unknown]>([
    ['a locked stream', () => lockedStream()],
    ['an object', () => ({})],
    ['a number', () => 5],
  ])('with content that is %s is a 500, not the end of the process', async (_, content) => {
    await start(() => new Reply(content() as string))
    for (const method of ['GET', 'HEAD']) {
      const { headers, code } = await ask({ ':method': method })
      expect([headers[':status'], code]).toEqual([500, constants.NGHTTP2_NO_ERROR])
    }
    expect(muted.calls.length).toBe(2)
  })

  it('of 2xx to CONNECT would open a tunnel, so it is a 405 (RFC 9113 §8.5)', async () => {
    await start((c) => c.text('x'))
    const { headers } = await ask({ ':method': 'CONNECT', ':authority': 'a:443' })
    expect(headers[':status']).toBe(405)
  })

  it('outcome: sent, with the bytes of content', async () => {
    const outcome = deferred<Outcome>()
    await start((c) => {
      c.done(outcome.resolve)
      return c.text('abc')
    })
    await ask({})
    expect(await outcome.promise).toEqual({ kind: 'sent', status: 200, bytes: 3 })
  })
})

withTools(openssl)('a connection of HTTP/2', () => {
  it('publishes its life', async () => {
    await start((c) => c.text('x'))
    const seen = await record(server!, async () => {
      await ask({})
      client!.close()
      await until(() => server!.stats.open === 0)
    })
    expect(seen.map(({ name }) => name)).toEqual([
      'open',
      'secure',
      'request',
      'reply',
      'end',
      'idle',
      'fin',
      'fin',
      'close',
    ])
    expect(events(seen, 'secure')[0]).toMatchObject({ protocol: 'TLSv1.3', peer: { alpn: 'h2' } })
    expect(events(seen, 'request')[0]).toMatchObject({ httpVersion: '2.0', exchange: 1, target: '/' })
    expect(events(seen, 'close')[0]).toMatchObject({ reason: 'client-closed', requests: 1 })
  })

  it('drain: a request under way is answered, one on its way too, then it ends', async () => {
    const go = deferred()
    await start(async (c) => {
      if (c.path === '/slow') await go.promise
      return c.text(c.path)
    })
    const slow = ask({ ':path': '/slow' })
    await until(() => server!.stats.active === 1)
    const announced = deferred<number>()
    client!.once('goaway', (code: number) => announced.resolve(code))
    const last = client!.request({ ':path': '/last' })
    const closed = server!.close({ deadline: 60_000 })
    expect((await answerOf(last)).body).toBe('/last')
    expect(await announced.promise).toBe(0)
    go.resolve()
    expect((await slow).body).toBe('/slow')
    expect(await closed).toEqual({ drained: 1, killed: 0 })
  })

  it('drain: idle ones end', async () => {
    await start((c) => c.text('x'))
    await ask({})
    expect(await server!.close({ deadline: 60_000 })).toEqual({ drained: 1, killed: 0 })
  })

  it('kill: what is not done at the deadline is cut', async () => {
    const outcome = deferred<Outcome>()
    const reason = deferred<unknown>()
    await start((c) => {
      c.done(outcome.resolve)
      c.signal.addEventListener('abort', () => reason.resolve(c.signal.reason))
      return new Promise<never>(() => {})
    })
    const answer = ask({})
    await until(() => server!.stats.active === 1)
    expect(await server!.close({ deadline: 20 })).toEqual({ drained: 0, killed: 1 })
    expect(await outcome.promise).toMatchObject({ kind: 'aborted', by: 'shutdown', status: 0 })
    expect(await reason.promise).toMatchObject({ by: 'shutdown' })
    expect((await answer).headers).toEqual({})
  })

  it('kill: one whose client takes nothing ends, too', async () => {
    await start((c) => c.stream(always()))
    const stuck = connectTls({ port: server!.port, host: '127.0.0.1', ca: authority.ca, ALPNProtocols: ['h2'] })
    stuck.on('error', () => {})
    // Windows as large as they can be, so that nothing but the client's not reading holds the server back.
    const window = Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff])
    const update = Buffer.from([0x7f, 0xff, 0, 0])
    const request = Buffer.from([0x82, 0x87, 0x84, 0x41, 1, 'a'.charCodeAt(0)])
    stuck.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    stuck.write(Buffer.concat([frame(4, 0, 0, window), frame(8, 0, 0, update), frame(1, 5, 1, request)]))
    await until(() => server!.stats.active === 1)
    // The kernel takes what it has room for.
    for (let before = -1; before !== stuckAt;) {
      before = stuckAt
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    client!.destroy()
    await until(() => server!.stats.open === 1)
    expect(await server!.close({ deadline: 0 })).toEqual({ drained: 0, killed: 1 })
    stuck.destroy()
  })

  it('an idle one ends after the keep-alive time, one that asks nothing after that of heads', async () => {
    await start((c) => c.text('x'), { timeouts: { keepAlive: 40 } })
    const seen = await record(server!, async () => {
      await ask({})
      await until(() => server!.stats.open === 0)
    })
    expect(events(seen, 'close')[0]).toMatchObject({ reason: 'keep-alive-timeout' })
    await server!.close()
    await start((c) => c.text('x'), { timeouts: { head: 40 } })
    const silent = await record(server!, async () => {
      await until(() => server!.stats.open === 1)
      await until(() => server!.stats.open === 0)
    })
    expect(events(silent, 'close')[0]).toMatchObject({ reason: 'head-timeout', requests: 0 })
  })

  it('ends after the requests it may have', async () => {
    await start((c) => c.text('x'), { limits: { requestsPerConnection: 2 } })
    const seen = await record(server!, async () => {
      await Promise.all([ask({}), ask({})])
      await until(() => server!.stats.open === 0)
    })
    expect(events(seen, 'close')[0]).toMatchObject({ reason: 'max-requests', requests: 2 })
  })

  it('over the limit is answered 503 and ends', async () => {
    const first = await start((c) => c.text('x'), { limits: { connections: 1 } })
    await ask({})
    client = connect(server!.url, { ca: authority.ca }).on('error', () => {})
    const refused = await ask({})
    expect([refused.headers[':status'], refused.headers['retry-after']]).toEqual([503, '1'])
    await until(() => server!.stats.open === 1)
    first.destroy()
  })

  it('bytes that are not HTTP/2 end it', async () => {
    const session = await start((c) => c.text('x'))
    const seen = await record(server!, async () => {
      await until(() => server!.stats.open === 1)
      session.destroy()
      const { connect: tlsConnect } = await import('node:tls')
      const socket = tlsConnect({ port: server!.port, host: '127.0.0.1', ca: authority.ca, ALPNProtocols: ['h2'] })
      socket.on('error', () => {}).resume()
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await until(() => socket.destroyed && server!.stats.open === 0)
    })
    expect(events(seen, 'close').map(({ reason }) => reason)).toContain('parse-error')
  })
})

withTools(openssl, curl)('curl --http2', () => {
  it('asks, uploads, and reads trailers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-curl-'))
    const file = join(folder, 'upload')
    writeFileSync(file, Buffer.alloc(300_000))
    await start(async (c) => c.json({ version: c.httpVersion, size: (await c.body.bytes(1e6)).length }))
    expect(await runCurl(server!.url)).toEqual({ version: '2.0', size: 0 })
    expect(await runCurl('-T', file, server!.url)).toEqual({ version: '2.0', size: 300_000 })
    rmSync(folder, { recursive: true })
  })
})

async function* pieces(...texts: string[]): AsyncGenerator<string> {
  for (const text of texts) {
    await Promise.resolve()
    yield text
  }
}

/** Content without an end, and how much of it was asked for. */
let stuckAt = 0
async function* always(): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(64 * 1024)
  for (;;) {
    stuckAt += piece.length
    yield piece
  }
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

async function* endless(): AsyncGenerator<string> {
  yield 'abc'
  await new Promise(() => {})
}

function lockedStream(): ReadableStream<Uint8Array> {
  const stream = new ReadableStream<Uint8Array>()
  stream.getReader()
  return stream
}

async function* failing(): AsyncGenerator<string> {
  yield 'abc'
  await turn()
  throw new Error('broken source')
}

async function runCurl(...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(curl.path, ['-sS', '--http2', '--cacert', authority.caFile, ...args])
  return JSON.parse(stdout)
}

async function fetchOld(at: Server): Promise<string> {
  const { request } = await import('node:https')
  return new Promise((resolve, reject) => {
    request(at.url, { ca: authority.ca }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })
}
