import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import http from 'node:http'
import https from 'node:https'
import { type AddressInfo, type Socket, connect as dial } from 'node:net'
import { Server as TlsServer, type TLSSocket } from 'node:tls'
import { createSecureServer, createServer, IncomingMessage, Server, ServerResponse } from '@spillway/middleware/node'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { makeAuthority, openssl } from '../../core/test/certificates.ts'

/** A server that listens, and ends with the test. */
async function listening(server: http.Server): Promise<number> {
  onTestFinished(() => server.close().closeAllConnections())
  server.listen(0, '127.0.0.1')
  if (!server.listening) await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const served = async (listener: http.RequestListener, options: object = {}): Promise<number> =>
  listening(createServer({ onError: () => {}, ...options }, listener))

/** A server whose requests have to be complete within 60 ms, by a property, which counts for what comes then. */
const limited = async (listener: http.RequestListener, more?: (server: http.Server) => unknown): Promise<number> => {
  const server = createServer({ onError: () => {} }, listener)
  server.requestTimeout = 60
  more?.(server)
  return listening(server)
}

/** Everything that the server says to these bytes, until it ends the connection. */
async function said(port: number, bytes: string): Promise<string> {
  const socket = dial(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString('latin1'))).on('error', () => {})
  socket.write(bytes, 'latin1')
  await once(socket, 'close')
  return text
}

const get = (more = ''): string => `GET / HTTP/1.1\r\nHost: a\r\n${more}\r\n`
const last = get('Connection: close\r\n')

describe('messages', () => {
  test('are of the classes of Node, with what these tell', async () => {
    const seen: unknown[] = []
    const port = await served((req, res) => {
      seen.push(req instanceof http.IncomingMessage, res instanceof http.ServerResponse, req instanceof IncomingMessage)
      seen.push(
        res instanceof ServerResponse,
        req.method,
        req.url,
        req.httpVersion,
        req.rawHeaders,
        req.headers['user-agent'],
      )
      seen.push(
        req.socket === res.socket,
        req.socket.remoteAddress,
        (req.socket as unknown as { server: unknown }).server instanceof Server,
      )
      seen.push(Object.getPrototypeOf(res.getHeaders()), req.headersDistinct['x-a'])
      res.end()
    })
    await said(
      port,
      'GET /a/../b HTTP/1.1\r\nHoSt: a\r\nUser-Agent: 1\r\nUSER-AGENT: 2\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\n',
    )
    expect(seen).toEqual([
      true,
      true,
      true,
      true,
      'GET',
      '/a/../b',
      '1.1',
      ['HoSt', 'a', 'User-Agent', '1', 'USER-AGENT', '2', 'X-A', '1', 'x-a', '2', 'Connection', 'close'],
      '1',
      true,
      '127.0.0.1',
      true,
      null,
      ['1', '2'],
    ])
  })

  test('a reply in one piece, in several, and none at all', async () => {
    const port = await served((req, res) => {
      if (req.url === '/whole') res.end('whole')
      else if (req.url === '/none') res.end()
      else res.write('a', () => res.end('b'))
    })
    const server = `http://127.0.0.1:${port}`
    const whole = await fetch(`${server}/whole`)
    expect([await whole.text(), whole.headers.get('content-length')]).toEqual(['whole', '5'])
    expect((await fetch(`${server}/none`)).headers.get('content-length')).toBe('0')
    const pieces = await fetch(`${server}/pieces`)
    expect([await pieces.text(), pieces.headers.get('transfer-encoding')]).toEqual(['ab', 'chunked'])
    expect((await fetch(`${server}/none`, { method: 'HEAD' })).headers.get('content-length')).toBe(null)
  })

  test('a reason, trailers, hints and an interim reply', async () => {
    const port = await served((_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' })
      res.writeProcessing()
      res.writeHead(200, 'Fine', { Trailer: 'x-sum' })
      res.write('content')
      setImmediate(() => {
        res.addTrailers({ 'x-sum': '7' })
        res.end()
      })
    })
    const text = await said(port, last)
    expect(text).toContain('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n')
    expect(text).toContain('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 Fine\r\n')
    expect(text.endsWith('7\r\ncontent\r\n0\r\nx-sum: 7\r\n\r\n')).toBe(true)
  })

  test("the end of the connection, and codings of the transfer, are the application's to ask for", async () => {
    const closing = await served((_req, res) => res.setHeader('Connection', 'close').end('x'))
    expect(await said(closing, get())).toContain('\r\nConnection: close\r\n')
    const kept = await served((_req, res) => ((res.shouldKeepAlive = false), res.end('x')))
    expect(await said(kept, get())).toContain('\r\nConnection: close\r\n')
    const coded = await served((_req, res) => res.setHeader('Transfer-Encoding', 'gzip').end('coded'))
    expect(await said(coded, last)).toContain('\r\nTransfer-Encoding: gzip, chunked\r\n')
  })

  test('options of a server count for its messages', async () => {
    const seen: unknown[] = []
    const options = { uniqueHeaders: ['X-One'], rejectNonStandardBodyWrites: true, highWaterMark: 100 }
    const port = await served((req, res) => {
      seen.push(req.readableHighWaterMark, res.writableHighWaterMark, res.write('x'.repeat(99)))
      res.end()
    }, options)
    await said(port, last)
    expect(seen).toEqual([100, 100, true])
    const refused = await served((_req, res) => {
      res.setHeader('x-one', ['1', '2']).setHeader('x-two', ['1', '2']).statusCode = 204
      expect(() => res.end('x')).toThrow(expect.objectContaining({ code: 'ERR_HTTP_BODY_NOT_ALLOWED' }))
      res.end()
    }, options)
    expect(await said(refused, last)).toContain('\r\nx-one: 1; 2\r\nx-two: 1\r\nx-two: 2\r\n')
    for (const name of ['joinDuplicateHeaders', 'rejectNonStandardBodyWrites', 'connectionsCheckingInterval'])
      expect(() => createServer({ [name]: 'x' })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })

  test('a length that is to be kept to is kept to in the call', async () => {
    const codes: unknown[] = []
    const port = await served((_req, res) => {
      res.strictContentLength = true
      res.setHeader('Content-Length', 2)
      try {
        res.end('abc')
      } catch (error) {
        codes.push((error as NodeJS.ErrnoException).code)
        res.destroy()
      }
    })
    await said(port, last)
    expect(codes).toEqual(['ERR_HTTP_CONTENT_LENGTH_MISMATCH'])
  })

  test('callbacks of what is written come before the end, all of them in the context of who asked for them', async () => {
    const contexts = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const port = await served((_req, res) => {
      contexts.run('mine', () => {
        for (const name of ['finish', 'close']) res.on(name, () => seen.push([name, contexts.getStore()]))
        res.write('a', () => seen.push(['written', contexts.getStore()]))
        setTimeout(() => res.end('b', () => seen.push(['ended', contexts.getStore()])), 1)
      })
    })
    await said(port, last)
    await vi.waitFor(() => expect(seen).toHaveLength(4))
    expect(seen).toEqual(['written', 'finish', 'ended', 'close'].map((name) => [name, 'mine']))
  })

  test('the last reply of a connection is known as such', async () => {
    const server = createServer((_req, res) =>
      res.end(String((res as unknown as { maxRequestsOnConnectionReached: boolean }).maxRequestsOnConnectionReached)),
    )
    server.maxRequestsPerSocket = 2
    expect((await said(await listening(server), get() + get())).match(/true|false/g)).toEqual(['false', 'true'])
  })

  test('a status changed behind the head is too late', async () => {
    const port = await served((_req, res) => {
      res.writeHead(201)
      res.statusCode = 500
      res.end('x')
      res.statusCode = 404
    })
    expect(await said(port, last)).toMatch(/^HTTP\/1\.1 201 Created\r\n/)
  })

  test('events of a reply come in the order of Node', async () => {
    const order: string[] = []
    const port = await served((req, res) => {
      for (const name of ['prefinish', 'finish', 'close']) res.on(name, () => order.push(`response ${name}`))
      for (const name of ['end', 'close']) req.on(name, () => order.push(`request ${name}`))
      res.end('x', () => order.push('callback'))
    })
    await said(port, last)
    expect(order).toEqual([
      'response prefinish',
      'response finish',
      'callback',
      'response close',
      'request end',
      'request close',
    ])
  })
})

describe('content of requests', () => {
  test('is read, piped, and left', async () => {
    const port = await served((req, res) => {
      if (req.url === '/left') res.end('left')
      else req.pipe(res)
    })
    const body = 'x'.repeat(300_000)
    expect(await (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body })).text()).toBe(body)
    expect(await (await fetch(`http://127.0.0.1:${port}/left`, { method: 'POST', body })).text()).toBe('left')
  })

  test('is still read after the reply, by whoever was reading it', async () => {
    let read = 0
    const ended = vi.fn<() => void>()
    const port = await served((req, res) => {
      req.on('data', (chunk: Buffer) => (read += chunk.length)).on('end', ended)
      res.end('early')
    })
    const socket = dial(port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234')
    const [first] = (await once(socket, 'data')) as [Buffer]
    expect(first.toString()).toContain('early')
    socket.write('56789')
    await vi.waitFor(() => expect(ended).toHaveBeenCalledTimes(1))
    expect(read).toBe(10)
    socket.write(last)
    await once(socket, 'close')
  })

  test('one that waits is told to go on', async () => {
    const port = await served((req, res) => void req.on('end', () => res.end('got')).resume())
    const asked = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n'
    const socket = dial(port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (text === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write('x')
    })
    socket.write(asked)
    await once(socket, 'close')
    expect(text).toContain('got')
  })
})

describe('what fails', () => {
  test.each<[string, http.RequestListener]>([
    ['a throw', () => fail('x')],
    ['a rejection', async () => fail('x')],
    ['a listener of the request', (req) => void req.on('end', () => fail('x')).resume()],
    ['a listener that rejects', (req) => void req.on('end', async () => fail('x')).resume()],
    ['a field', (_req, res) => void res.setHeader('x', 'a\nb')],
    ['an error that nobody listens to', (_req, res) => void res.emit('error', new Error('x'))],
  ])('ends no process and is a 500: %s', async (_, listener) => {
    const told: unknown[] = []
    const port = await served(listener, { onError: (error: unknown) => void told.push(error) })
    expect(await said(port, last)).toMatch(/^HTTP\/1\.1 500 /)
    expect(told).toHaveLength(1)
  })

  test('behind the end it is told, and the reply stands', async () => {
    const told: unknown[] = []
    const port = await served(
      (_req, res) => {
        res.end('whole')
        res.write('more')
      },
      { onError: (error: { code: string }) => void told.push(error.code) },
    )
    expect(await said(port, last)).toContain('whole')
    expect(told).toEqual(['ERR_STREAM_WRITE_AFTER_END'])
  })

  test.each<[string, (req: http.IncomingMessage, res: http.ServerResponse) => unknown]>([
    ['the socket', (req) => req.socket.destroy()],
    ['the request', (req) => req.destroy()],
    ['the response', (_req, res) => res.destroy()],
  ])('destroying %s cuts the connection, before the head and after it', async (_, destroy) => {
    const before = await served((req, res) => void destroy(req, res))
    expect(await said(before, get())).toBe('')
    const behind = await served((req, res) => {
      res.write('part')
      setTimeout(() => destroy(req, res), 20)
    })
    expect(await said(behind, get())).toContain('part')
  })

  test.each<[string, (req: http.IncomingMessage) => unknown]>([
    ['the socket', (req) => req.socket.destroy()],
    ['the request', (req) => req.destroy()],
  ])('a reply that is ended before %s is destroyed leaves in full', async (_, destroy) => {
    const port = await served((req, res) => {
      res.writeHead(413).end('too large')
      destroy(req)
    })
    expect(await said(port, get())).toMatch(/^HTTP\/1\.1 413 [^]*too large$/)
    const later = await served(async (req, res) => {
      await Promise.resolve()
      res.writeHead(413).end('too large')
      destroy(req)
    })
    expect(await said(later, get())).toMatch(/^HTTP\/1\.1 413 [^]*too large$/)
  })

  test('what is ended behind a cut is not told to have finished', async () => {
    const finished = vi.fn<() => void>()
    const port = await served((_req, res) => {
      res.on('finish', finished).destroy()
      setTimeout(() => res.end('x'), 20)
    })
    expect(await said(port, get())).toBe('')
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(finished).not.toHaveBeenCalled()
  })

  test('a client that leaves is told of, on the request, the response and the socket', async () => {
    const seen = new Set<string>()
    const port = await served((req, res) => {
      for (const [name, emitter] of [
        ['request', req],
        ['response', res],
        ['socket', req.socket],
      ] as const)
        emitter.on('close', () => seen.add(name))
      req.on('aborted', () => seen.add('aborted'))
      res.write('an idle stream')
    })
    const socket = dial(port, '127.0.0.1')
    socket.write(get())
    await once(socket, 'data')
    socket.destroy()
    await vi.waitFor(() => expect([...seen].toSorted()).toEqual(['aborted', 'request', 'response', 'socket']))
  })
})

const expecting = (expectation: string): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\nExpect: ${expectation}\r\n\r\n`

describe('the server', () => {
  test('listens, ends, and listens again', async () => {
    const server = createServer((_req, res) => res.end('x'))
    expect([server.listening, server.address(), server instanceof http.Server]).toEqual([false, null, true])
    for (let round = 0; round < 2; round++) {
      server.listen(0)
      expect(server.address()).toMatchObject({ port: expect.any(Number) as number })
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('x')
      await new Promise((resolve) => server.close(resolve))
      expect(server.listening).toBe(false)
    }
    await expect(
      new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve(0)))),
    ).rejects.toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' })
  })

  test('an address in use is an event', async () => {
    const port = await served((_req, res) => res.end())
    const second = createServer()
    second.listen(port, '127.0.0.1')
    expect(await once(second, 'error')).toMatchObject([{ code: 'EADDRINUSE' }])
  })

  test('hands over an upgrade, with the bytes behind it', async () => {
    const server = createServer((_req, res) => res.end('http'))
    const port = await listening(server)
    expect(await said(port, get('Connection: Upgrade, close\r\nUpgrade: echo\r\n'))).toContain('http')
    server.on('upgrade', (req: http.IncomingMessage & { upgrade?: boolean }, socket: Socket, head: Buffer) => {
      expect([req.upgrade, req.headers.upgrade]).toEqual([true, 'echo'])
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.write(head)
      socket.pipe(socket)
    })
    const socket = dial(port, '127.0.0.1')
    socket.write(`${get('Connection: Upgrade\r\nUpgrade: echo\r\n')}head `)
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    await vi.waitFor(() => expect(text).toMatch(/head $/))
    const body = 'y'.repeat(200_000)
    socket.end(body)
    await once(socket, 'close')
    expect(text.endsWith(`\r\n\r\nhead ${body}`)).toBe(true)
  })

  test('CONNECT is an event of its own, or the end', async () => {
    const server = createServer()
    const port = await listening(server)
    const asked = 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'
    expect(await said(port, asked)).toBe('')
    server.on('connect', (req: http.IncomingMessage, socket: Socket) => socket.end(`to ${req.url}`))
    expect(await said(port, asked)).toBe('to a:1')
  })

  test('what is not a request is an event, and whoever listens answers it', async () => {
    const server = createServer()
    const port = await listening(server)
    expect(await said(port, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
    server.on('clientError', (error: Error & { code: string }, socket) => socket.end(`told ${error.code}`))
    expect(await said(port, 'nonsense\r\n\r\n')).toBe('told HPE_INVALID_METHOD')
  })

  test.each([
    ['GET / HTTP/1.1\r\nHost: a\r\nX y: 1\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN', 26],
    ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n', 'HPE_INVALID_CONTENT_LENGTH', 42],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'HPE_INVALID_CHUNK_SIZE', 56],
  ])('and where its bytes %j are wrong', async (bytes, code, bytesParsed) => {
    const told: unknown[] = []
    const seen: string[] = []
    const server = createServer({ onError: () => {} }, (req) =>
      req
        .resume()
        .on('aborted', () => seen.push('aborted'))
        .on('error', ({ code: why }: NodeJS.ErrnoException) => seen.push(why!)),
    ).on('clientError', (error: Error & Record<'code' | 'bytesParsed' | 'rawPacket' | 'reason', unknown>, socket) => {
      const { code: known, bytesParsed: at, rawPacket, reason } = error
      told.push({ code: known, bytesParsed: at, rawPacket: String(rawPacket), reason })
      socket.end('HTTP/1.1 400 Mine\r\n\r\n')
    })
    expect(await said(await listening(server), bytes)).toBe('HTTP/1.1 400 Mine\r\n\r\n')
    expect(told).toEqual([{ code, bytesParsed, rawPacket: bytes, reason: expect.any(String) }])
    expect(seen).toEqual(bytes.includes('chunked') ? ['aborted', 'ECONNRESET'] : [])
  })

  test.each([
    'GET / HT',
    'GET / HTTP/1.1\r\nHost: a\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf',
  ])('and that it ends within %j, once', async (bytes) => {
    const told: unknown[] = []
    const server = createServer({ onError: () => {} }, (req) => req.resume().on('error', () => {})).on(
      'clientError',
      ({ code, rawPacket }: Error & { code: string; rawPacket?: Buffer }, socket) => {
        told.push(code, rawPacket)
        socket.end('HTTP/1.1 400 Mine\r\n\r\n')
      },
    )
    const socket = dial(await listening(server), '127.0.0.1')
    socket.end(bytes)
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect([text, told]).toEqual(['HTTP/1.1 400 Mine\r\n\r\n', ['HPE_INVALID_EOF_STATE', undefined]])
  })

  test('a whole request whose client has ended its side is no error', async () => {
    const told: unknown[] = []
    const server = createServer((_req, res) => res.end('x')).on('clientError', (error) => told.push(error))
    const socket = dial(await listening(server), '127.0.0.1')
    socket.end(get())
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect([text, told]).toEqual([expect.stringMatching(/^HTTP\/1\.1 200 OK/), []])
  })

  test('a listener on a socket hears what comes, and takes nothing away', async () => {
    const heard: string[] = []
    const server = createServer({ onError: () => {} }, (req, res) => req.pipe(res))
    server.on('connection', (socket) => socket.on('data', (chunk) => heard.push(String(chunk))))
    const bytes = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc'
    expect(await said(await listening(server), bytes)).toContain('abc')
    expect(heard.join('')).toBe(bytes)
  })

  test('an idle connection is kept as long as the server says, whatever a reply was given', async () => {
    let silent = false
    const port = await served((_req, res) => {
      res.setTimeout(40, () => (silent = true))
      res.end('x')
    })
    const socket = dial(port, '127.0.0.1')
    socket.write(get())
    await once(socket, 'data')
    await new Promise((resolve) => setTimeout(resolve, 120))
    socket.write(last)
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(silent).toBe(false)
  })

  test('times that contradict each other are refused', () => {
    expect(() => createServer({ headersTimeout: 100, requestTimeout: 99 })).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
    expect(createServer({ headersTimeout: 100, requestTimeout: 100 }).headersTimeout).toBe(100)
    expect(createServer({ headersTimeout: 100, requestTimeout: 0 }).headersTimeout).toBe(100)
  })

  test('content that ends with its client is told by the code of Node', async () => {
    let code: unknown
    const port = await served((req) => {
      req.on('error', (error: NodeJS.ErrnoException) => (code = error.code)).on('data', () => client.destroy())
    })
    const client = dial(port, '127.0.0.1')
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf')
    await vi.waitFor(() => expect(code).toBe('ECONNRESET'))
  })

  test('what a client expects is left to the application, where it listens for that', async () => {
    const server = createServer((_req, res) => res.end('request'))
    const port = await listening(server)
    expect(await said(port, expecting('more'))).toMatch(/^HTTP\/1\.1 417 /)
    server.on('checkExpectation', (_req, res: http.ServerResponse) => res.end('expectation'))
    expect(await said(port, expecting('more'))).toContain('expectation')
    server.on('checkContinue', (req: http.IncomingMessage, res: http.ServerResponse) => {
      res.writeContinue()
      req.on('end', () => res.end('continue')).resume()
    })
    const socket = dial(port, '127.0.0.1')
    socket.write(expecting('100-continue'))
    expect(String(await once(socket, 'data'))).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write('x')
    expect(String(await once(socket, 'data'))).toContain('continue')
  })

  test('its times and counts are properties, which count from the next connection on', async () => {
    const server = createServer({ keepAliveTimeout: 7000 }, (_req, res) => res.end('x'))
    expect(server).toMatchObject({
      keepAliveTimeout: 7000,
      headersTimeout: 60_000,
      requestTimeout: 300_000,
      timeout: 0,
      maxHeadersCount: null,
      maxRequestsPerSocket: 0,
    })
    const port = await listening(server)
    const keepAlive = async (): Promise<string | null> =>
      (await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } })).headers.get('keep-alive')
    const agent = new http.Agent({ keepAlive: true })
    const header = (): Promise<unknown> =>
      new Promise((resolve) => http.get({ port, agent }, (res) => resolve(res.resume().headers['keep-alive'])))
    expect(await header()).toBe('timeout=7')
    agent.destroy()
    server.keepAliveTimeout = 9000
    expect(await header()).toBe('timeout=9')
    agent.destroy()
    expect(await keepAlive()).toBe(null)
    server.maxRequestsPerSocket = 1
    expect(await said(port, get())).toContain('Connection: close')
    server.maxHeadersCount = 2
    expect(await said(port, get('a: 1\r\nb: 2\r\n'))).toMatch(/^HTTP\/1\.1 431 /)
  })

  describe('a request that is not complete in time', () => {
    const slow = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf`
    test('is answered, and its application told', async () => {
      const told: unknown[] = []
      const port = await limited((req) =>
        req
          .on('error', ({ code }: NodeJS.ErrnoException) => told.push(code))
          .on('aborted', () => told.push('aborted'))
          .resume(),
      )
      expect(await said(port, slow)).toMatch(/^HTTP\/1\.1 408 [^]*\r\nConnection: close\r\n/)
      expect(told).toEqual(['aborted', 'ECONNRESET'])
    })

    test('is cut when its reply has begun', async () => {
      const port = await limited((req, res) => {
        res.write('begun')
        req.resume()
      })
      expect(await said(port, slow)).toMatch(/^HTTP\/1\.1 200 [^]*begun\r\n$/)
    })

    test('is left to a listener if there is one; when that fails, the connection goes on to its end', async () => {
      const port = await limited(
        (req) => req.resume(),
        (server) =>
          server.once('clientError', ({ code }: NodeJS.ErrnoException, socket: Socket) =>
            socket.end(`HTTP/1.1 408 ${code}\r\n\r\n`),
          ),
      )
      expect(await said(port, slow)).toBe('HTTP/1.1 408 ERR_HTTP_REQUEST_TIMEOUT\r\n\r\n')
      const print = vi.spyOn(console, 'error').mockReturnValue()
      onTestFinished(() => print.mockRestore())
      const failing = await limited(
        (req) => req.resume(),
        (server) =>
          server.on('clientError', (_, socket: Socket) => {
            socket.destroy()
            throw new Error('on purpose')
          }),
      )
      expect(await said(failing, slow)).toBe('')
      await vi.waitFor(() => expect(print).toHaveBeenCalledTimes(1))
    })

    test('is so in its head, too', async () => {
      const port = await limited((_req, res) => res.end('x'))
      expect(await said(port, 'GET / HTTP/1.1\r\nHost: a\r\n')).toMatch(/^HTTP\/1\.1 408 /)
    })

    test('and is not held against a client whose content nobody reads', async () => {
      const port = await limited((_req, res) => void setTimeout(() => res.end('late'), 200))
      const whole = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\ndone'
      expect(await said(port, whole)).toMatch(/^HTTP\/1\.1 200 [^]*late$/)
    })
  })

  test('silence is an event of the request, the response, the server, or the end', async () => {
    const server = createServer({ onError: () => {} }, () => {})
    server.setTimeout(50)
    const port = await listening(server)
    expect(await said(port, get())).toBe('')
    server.on('timeout', (socket: Socket) =>
      socket.end('HTTP/1.1 503 Late\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
    )
    expect(await said(port, get())).toMatch(/^HTTP\/1\.1 503 Late/)
  })

  test('ends idle connections at once, and all when told', async () => {
    const server = createServer((req, res) => {
      if (req.url === '/') res.end('x')
    })
    const port = await listening(server)
    const idle = dial(port, '127.0.0.1')
    idle.write(get())
    await once(idle, 'data')
    const busy = dial(port, '127.0.0.1').on('error', () => {})
    busy.write('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(server, 'request')
    const closed = vi.fn<() => void>()
    server.close(closed)
    await once(idle.resume(), 'close')
    expect(closed).not.toHaveBeenCalled()
    server.closeAllConnections()
    await once(busy, 'close')
    await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(1))
  })
})

withTools(openssl)('over TLS', () => {
  test('it has the options of Node, a real socket, and says what was no handshake', async () => {
    const authority = makeAuthority()
    onTestFinished(() => authority.remove())
    const { cert, key } = authority.issue('localhost', ['localhost', '127.0.0.1'])
    const client = authority.issue('a client')
    const options = { cert, key, ca: authority.ca, requestCert: true, rejectUnauthorized: false }
    const server = createSecureServer(options, (req, res) => {
      const socket = req.socket as TLSSocket
      res.end([socket.encrypted, socket.authorized, socket.getPeerCertificate().subject?.CN].join(' '))
    })
    expect([server instanceof https.Server, server instanceof TlsServer]).toEqual([true, true])
    const port = await listening(server)
    const ask = (identity: object): Promise<string> =>
      new Promise((resolve, reject) => {
        const asked = https.get({ port, host: '127.0.0.1', ca: authority.ca, agent: false, ...identity }, (res) =>
          res.setEncoding('utf8').on('data', resolve),
        )
        asked.on('error', reject)
      })
    expect(await ask({})).toBe('true false ')
    expect(await ask({ cert: client.cert, key: client.key })).toBe('true true a client')
    const told = once(server, 'clientError')
    await said(port, 'no handshake at all, but text of some length\r\n\r\n')
    expect(await told).toMatchObject([{ code: expect.stringMatching(/SSL/) as string }, expect.anything()])
  })
})

test('tracers hear of requests and responses where Node tells them', async () => {
  const heard: string[] = []
  const hear = (event: unknown, name: string | symbol): void => {
    const { request, response, server } = event as { request: unknown; response: unknown; server: unknown }
    const isWhole = request instanceof http.IncomingMessage && response instanceof http.ServerResponse
    heard.push(`${String(name)} ${isWhole && server instanceof Server}`)
  }
  const names = ['http.server.request.start', 'http.server.response.finish']
  for (const name of names) subscribe(name, hear)
  onTestFinished(() => names.forEach((name) => unsubscribe(name, hear)))
  await said(await served((_req, res) => res.end('x')), last)
  expect(heard).toEqual(names.map((name) => `${name} true`))
})

function fail(message: string): never {
  throw new Error(message)
}
