import { Buffer } from 'node:buffer'
import { router } from '@spillway/middleware/router'
import { wrap } from '@spillway/middleware'
import { client } from '@spillway/middleware/client'
import { proxy } from '@spillway/middleware/proxy'
import { describe, expect, test } from 'vitest'
import { client as rawClient, echoHead, front, get, group, rawUpstream, until } from './proxy-support.ts'
import { start } from './server.ts'

const optionsRequest = (hops: number): string => `OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: ${hops}\r\n\r\n`
const post = (size: number): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`

/** Answers each request with this text, and gives the proxy in front. */
async function answering(...text: string[]): Promise<Awaited<ReturnType<typeof front>>> {
  const upstream = await rawUpstream((socket) => {
    for (const part of text) socket.write(part, 'latin1')
  })
  return front(group([upstream.url]))
}

/** The request as the upstream server got it. */
async function seen(path: string, fields: string[], options: Parameters<typeof front>[1] = {}): Promise<string> {
  const upstream = await rawUpstream(echoHead)
  const { server } = await front(group([upstream.url]), options)
  const reply = await get(server, path, ...fields)
  return reply.slice(reply.indexOf('\r\n\r\n') + 4)
}

describe('the request', () => {
  test('is sent on with its target and fields, Via, and who the client is', async () => {
    expect(await seen('/a%2Fb?q=1&r', ['X-Name: a, b', 'Accept: */*'])).toBe(
      [
        'GET /a%2Fb?q=1&r HTTP/1.1',
        'host: a.example',
        'x-name: a, b',
        'accept: */*',
        'via: 1.1 spillway',
        'x-forwarded-for: 127.0.0.1',
        'x-forwarded-host: a.example',
        'x-forwarded-proto: http',
        '',
        '',
      ].join('\r\n'),
    )
  })

  test('loses what concerns the connection only, and what Connection names', async () => {
    const fields = ['Connection: X-Secret, keep-alive', 'X-Secret: 1', 'Keep-Alive: 5', 'Proxy-Connection: a']
    const hop = [...fields, 'Proxy-Authorization: Basic x', 'TE: gzip', 'HTTP2-Settings: a', 'Upgrade: h2c']
    expect(await seen('/', hop)).not.toMatch(/secret|keep-alive|proxy-|^te:|http2|upgrade|connection/im)
  })

  test('cannot take away the fields that are added here', async () => {
    const head = await seen('/', ['Connection: X-Forwarded-For, Via, Host'])
    expect(head).toMatch(/^host: a.example\r\nvia: 1.1 spillway\r\nx-forwarded-for: 127.0.0.1\r\n/ims)
  })

  test('cannot lie about who the client is', async () => {
    const lies = [
      'X-Forwarded-For: 6.6.6.6',
      'X-Real-IP: 6.6.6.6',
      'Forwarded: for=6.6.6.6',
      'X-Forwarded-Proto: https',
    ]
    expect(await seen('/', lies)).not.toMatch(/6\.6\.6\.6|https/)
    expect(await seen('/', lies, { forwarded: 'none' })).not.toMatch(/forwarded|real-ip/i)
  })

  test.each([
    'X_Forwarded_For',
    'X-Forwarded_Proto',
    'X.Real.IP',
    'Host_',
    'content_length',
    'x~token',
    'X-Forwarded-Ssl',
    'X-Forwarded-Scheme',
    'X-Forwarded-Server',
    'X-Forwarded-User',
    'X-Forwarded',
    'X-Scheme',
    'X-Url-Scheme',
    'Front-End-Https',
    'X-Original-URL',
    'X-Original-Host',
    'X-Rewrite-URL',
    'X-Client-IP',
    'True-Client-IP',
    'CF-Connecting-IP',
    'Remote-User',
    'X-Middleware-Subrequest',
    'Proxy',
  ])('cannot say %s', async (name) => {
    expect(await seen('/', [`${name}: 6.6.6.6`])).not.toContain('6.6.6.6')
  })

  test('says it where that is allowed by name', async () => {
    const passOn = ['x_token', 'X-Forwarded-User']
    const head = await seen('/', ['X_Token: 1', 'X_Other: 2', 'x-forwarded-user: 3', 'X-Real-IP: 4'], { passOn })
    expect(head).toMatch(/x_token: 1\r\nx-forwarded-user: 3\r\nvia/)
    expect(head).not.toMatch(/other|real/i)
  })

  test.each(['http://127.0.0.1:3000', ['http://127.0.0.1:3000']])('needs a group, and not %j', (to) => {
    expect(() => proxy(to as never)).toThrow('proxy(upstreams(["http://127.0.0.1:3000"]))')
  })

  test.each(['X_Forwarded_For', 'Host', 'transfer_encoding', 'Proxy', 'no name', ''])(
    'what is written here cannot be passed on: %s',
    (name) => {
      expect(() => proxy(group(['http://127.0.0.1']), { passOn: [name] })).toThrow(TypeError)
    },
  )

  test('cannot add to what is given in its place by another spelling', async () => {
    const options = { passOn: ['x_user'], headers: () => ({ 'X-User': 'alice' }) }
    expect(await seen('/', ['X_User: bob', 'X-User: bob'], options)).not.toContain('bob')
    const spelled = { headers: () => ({ X_User: 'alice' }) }
    expect(await seen('/', ['X-User: bob'], spelled)).not.toContain('bob')
  })

  test('has its trailers judged as its fields', async () => {
    const upstream = await rawUpstream((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
    const { server } = await front(group([upstream.url]))
    const trailers = 'X-Sum: 1\r\nX-Forwarded-For: 6.6.6.6\r\nX_Sum: 2\r\n'
    rawClient(server, `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n${trailers}\r\n`)
    await until(() => upstream.received.endsWith('\r\n\r\n') && upstream.received.includes('x-sum: 1'))
    expect(upstream.received).not.toMatch(/6\.6\.6\.6|x_sum/)
  })

  test('tells whom a trusted proxy in front speaks for, and that proxy', async () => {
    const upstream = await rawUpstream(echoHead)
    const ours = proxy(group([upstream.url]), { forwarded: 'both' })
    const app = wrap([client({ trusted: ['127.0.0.1'], fields: ['x-forwarded-for', 'x-forwarded-proto'] })], ours)
    const head = await get(
      await start(app),
      '/',
      'X-Forwarded-For: 6.6.6.6, 2001:db8::1',
      'X-Forwarded-Proto: https',
      'Forwarded: for=6.6.6.6',
      'Via: 1.0 front',
    )
    expect(head).toContain('via: 1.0 front, 1.1 spillway\r\n')
    expect(head).toContain('x-forwarded-for: 2001:db8::1, 127.0.0.1\r\nx-forwarded-host: a.example\r\n')
    expect(head).toContain('x-forwarded-proto: https\r\n')
    const element = 'for="[2001:db8::1]";host="a.example";proto=https, for=127.0.0.1'
    expect(head).toContain(`forwarded: ${element}\r\n`)
    expect(head).not.toContain('6.6.6.6')
  })

  test.each([
    ['client', 'a.example'],
    ['upstream', /^127\.0\.0\.1:\d+$/],
    ['api.internal', 'api.internal'],
  ])('says Host as option %s wants it', async (host, expected) => {
    expect(/^host: (.*)\r$/m.exec(await seen('/', [], { host }))![1]).toMatch(expected)
  })

  test('takes Host from the absolute form', async () => {
    const upstream = await rawUpstream(echoHead)
    const { server } = await front(group([upstream.url]))
    const asking = rawClient(server, 'GET http://b.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n')
    expect(await asking.reads('\r\n\r\nGET')).toMatch(/GET \/x HTTP\/1.1\r\nhost: b\.example\r\n/)
  })

  test('gets further fields, in place of those of the client', async () => {
    const head = await seen('/', ['X-Request-Id: forged'], { headers: () => ({ 'X-Request-Id': '7' }) })
    expect(head.match(/x-request-id: .*/gi)).toEqual(['X-Request-Id: 7'])
  })

  test('has the prefix of a mount taken off, and the path of the upstream put on', async () => {
    const upstream = await rawUpstream(echoHead)
    const app = router().mount('/api', proxy(group([`${upstream.url}/v1/`])))
    const reply = await get(await start(app), '/api/users?x')
    expect(reply).toContain('GET /v1/users?x HTTP/1.1\r\n')
    expect(reply).toContain('x-forwarded-prefix: /api\r\n')
  })

  test('counts Max-Forwards down, answers OPTIONS at 0, and refuses TRACE and CONNECT', async () => {
    const upstream = await rawUpstream(echoHead)
    const { server } = await front(group([upstream.url]))
    const asking = rawClient(server, optionsRequest(0), optionsRequest(2), 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n')
    await asking.reads(
      /HTTP\/1\.1 204 .*HTTP\/1\.1 200 .*OPTIONS \* HTTP\/1\.1\r\n.*max-forwards: 1\r\n.*HTTP\/1\.1 501 /s,
    )
    await rawClient(server, 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n').reads('HTTP/1.1 501 ')
    expect(upstream.received).not.toContain('max-forwards: 0')
  })
})

describe('content of the request', () => {
  test.each([
    ['with a length', 'Content-Length: 5\r\n\r\nhello', 'content-length: 5\r\n\r\nhello'],
    [
      'in chunks',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ],
    ['empty', 'Content-Length: 0\r\n\r\n', 'content-length: 0\r\n\r\n'],
    [
      'with trailers',
      'TE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n',
      'te: trailers\r\nconnection: te\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-sum: 7\r\n\r\n',
    ],
  ])('arrives %s', async (_, sent, expected) => {
    const upstream = await rawUpstream(() => {})
    const { server } = await front(group([upstream.url]))
    rawClient(server, `POST / HTTP/1.1\r\nHost: a\r\n${sent}`)
    await until(() => upstream.received.endsWith(expected))
  })

  test('is not read faster than the server takes it', async () => {
    let taking = false
    const upstream = await rawUpstream((socket) => {
      if (!taking) socket.pause()
    })
    const { server } = await front(group([upstream.url]), {}, { limits: { bodyBytes: 1e9 } })
    const asking = rawClient(server, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * 1024 * 1024}\r\n\r\n`)
    const piece = Buffer.alloc(1024 * 1024, 'x')
    for (let i = 0; i < 64; i++) asking.send(piece)
    // What the kernel's buffers on the way take is far less than what is sent; then nothing moves.
    let before = -1
    await until(() => {
      const waiting = asking.socket.writableLength
      const still = waiting === before && waiting > 0
      before = waiting
      return still
    })
    expect(asking.socket.writableLength).toBeGreaterThan(30 * 1024 * 1024)
    taking = true
    for (const socket of upstream.sockets) socket.resume()
    await until(() => asking.socket.writableLength === 0 && upstream.bytes > 64 * 1024 * 1024)
  })

  test('that is too large is refused without asking a server', async () => {
    const upstream = await rawUpstream(echoHead)
    const { server } = await front(group([upstream.url]), {}, { limits: { bodyBytes: 10 } })
    await rawClient(server, post(10)).reads('HTTP/1.1 200 ')
    await rawClient(server, post(11)).reads('HTTP/1.1 413 ')
    expect(upstream.connections).toBe(1)
    const chunks = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n'
    const silent = await rawUpstream(() => {})
    const other = await front(group([silent.url]), {}, { limits: { bodyBytes: 10 } })
    await rawClient(other.server, chunks).reads('HTTP/1.1 413 ')
    await until(() => silent.sockets.size === 0)
  })
})

describe('100-continue', () => {
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n'

  test('the client is told to go on when the server says so', async () => {
    const upstream = await rawUpstream(() => {})
    const { server } = await front(group([upstream.url]))
    const asking = rawClient(server, head)
    await until(() => upstream.received.includes('expect: 100-continue\r\n'))
    expect(asking.received).toBe('')
    for (const socket of upstream.sockets) socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    await asking.reads('HTTP/1.1 100 Continue\r\n\r\n')
    asking.send('hello')
    await until(() => upstream.received.endsWith('hello'))
    for (const socket of upstream.sockets) socket.write('HTTP/1.1 204 No Content\r\n\r\n')
    expect(await asking.reads('204')).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 204 /)
  })

  test('a final response is passed on, and the content is never asked for', async () => {
    const upstream = await rawUpstream((socket) => socket.write('HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n'))
    const { server } = await front(group([upstream.url]))
    expect(await rawClient(server, head).reads('\r\n\r\n')).toMatch(/^HTTP\/1\.1 417 /)
    // The server might take the next request for the content: that connection is not used again.
    await until(() => upstream.sockets.size === 0)
  })

  test('a server that does not know it gets the content after a while', async () => {
    const upstream = await rawUpstream(() => {})
    const { server } = await front(group([upstream.url]))
    const asking = rawClient(server, head)
    await asking.reads('HTTP/1.1 100 Continue\r\n\r\n')
    asking.send('hello')
    await until(() => upstream.received.endsWith('hello'))
  })
})

describe('the response', () => {
  test('comes with its status and fields, without those of the connection', async () => {
    const { server } = await answering(
      'HTTP/1.1 299 Fine\r\nX-A: 1\r\nx-a:2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\n',
      'Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nUpgrade: h3\r\nContent-Length: 2\r\n\r\nok',
    )
    const reply = await get(server)
    expect(reply).toMatch(
      /^HTTP\/1\.1 299 \r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n/,
    )
    expect(reply).toMatch(/\r\n\r\nok$/)
    expect(reply).not.toMatch(/hop|proxy-|upgrade|timeout=/i)
  })

  test.each([
    [
      'in chunks, at once',
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'],
      /Content-Length: 5\r\n.*\r\n\r\nhello$/s,
    ],
    [
      'until the end',
      ['HTTP/1.1 200 OK\r\n\r\nhello'],
      /Transfer-Encoding: chunked\r\n.*\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/s,
    ],
    [
      'from HTTP/1.0',
      ['HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
      /^HTTP\/1\.1 200 .*Content-Length: 5\r\n.*hello$/s,
    ],
    ['none', ['HTTP/1.1 204 No Content\r\n\r\n'], /^HTTP\/1\.1 204 No Content\r\n(?!.*Content-Length)/s],
    [
      'not modified',
      ['HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 500\r\n\r\n'],
      /304 .*ETag: "a"\r\nContent-Length: 500\r\n.*\r\n\r\n$/s,
    ],
    [
      'with trailers',
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n'],
      /Transfer-Encoding: chunked\r\n.*\r\n\r\n1\r\na\r\n0\r\nx-sum: 7\r\n\r\n$/s,
    ],
  ])('has content: %s', async (_, parts, expected) => {
    const upstream = await rawUpstream((socket) => {
      for (const part of parts) socket.write(part)
      if (!/Content-Length|chunked|204|304/.test(parts.join(''))) socket.end()
    })
    const { server } = await front(group([upstream.url]))
    expect(await get(server)).toMatch(expected)
  })

  test.each([1, 2, 3, 7])('is the same when it comes %i bytes at a time', async (size) => {
    const text =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n'
    const upstream = await rawUpstream((socket) => {
      let at = 0
      const more = (): void => {
        socket.write(text.slice(at, (at += size)))
        if (at < text.length) setImmediate(more)
      }
      more()
    })
    const { server } = await front(group([upstream.url]))
    const asking = rawClient(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const reply = await asking.reads(/x-t: 1\r\n\r\n$/)
    const content = reply.slice(reply.indexOf('\r\n\r\n') + 4)
    expect(content.replaceAll(/(?:\r\n|^)[\da-f]+\r\n/g, '')).toMatch(/^hello world/)
  })

  test('to HEAD has the fields of the one to GET and no content', async () => {
    const { server } = await answering('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n')
    const asking = rawClient(server, 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await asking.reads(/\r\n\r\n$/)).toContain('Content-Length: 500\r\n')
    const chunked = await answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    const other = rawClient(chunked.server, 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await other.reads(/\r\n\r\n$/)).not.toContain('Content-Length')
  })

  test('may begin before the request is complete, and both go on', async () => {
    const upstream = await rawUpstream((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n'),
    )
    const { server } = await front(group([upstream.url]))
    const asking = rawClient(server, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello')
    await asking.reads('early')
    asking.send('world')
    await until(() => upstream.received.endsWith('helloworld'))
    for (const socket of upstream.sockets) socket.write('0\r\n\r\n')
    await asking.reads(/early\r\n0\r\n\r\n$/)
    expect(upstream.connections).toBe(1)
  })

  test('may be over before the request is complete; that connection is not used again', async () => {
    const upstream = await rawUpstream((socket) => socket.write('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno'))
    const { server } = await front(group([upstream.url]))
    const asking = rawClient(server, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello')
    await asking.reads(/403 .*no$/s)
    await until(() => upstream.sockets.size === 0)
    expect(await get(server)).toMatch(/^HTTP\/1\.1 403 /)
    expect(upstream.connections).toBe(2)
  })

  test('is not read faster than the client takes it', async () => {
    const upstream = await rawUpstream((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * 1024 * 1024}\r\n\r\n`)
      socket.write(Buffer.alloc(64 * 1024 * 1024, 'x'))
    })
    const { server } = await front(group([upstream.url]))
    const asking = rawClient(server)
    asking.socket.pause()
    asking.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    let before = -1
    await until(() => {
      const [socket] = upstream.sockets
      const waiting = socket?.writableLength ?? 0
      const still = waiting === before && waiting > 0
      before = waiting
      return still
    })
    expect(before).toBeGreaterThan(30 * 1024 * 1024)
    asking.socket.resume()
    await until(() => asking.received.length > 64 * 1024 * 1024)
  })

  test('has interim ones passed on, and no more than 32 of them', async () => {
    const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'
    const { server } = await answering(
      hint,
      'HTTP/1.1 102 Processing\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    )
    expect(await get(server)).toMatch(
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 200 /,
    )
    const chatty = (times: number): Promise<string> =>
      answering(hint.repeat(times), 'HTTP/1.1 204 No Content\r\n\r\n').then((made) => get(made.server))
    expect(await chatty(31)).toMatch(/HTTP\/1\.1 204 /)
    expect(await chatty(32)).toMatch(/HTTP\/1\.1 204 /)
    expect(await chatty(33)).toMatch(/HTTP\/1\.1 502 /)
  })
})

describe('connections to the server', () => {
  test('are kept and used again', async () => {
    const upstream = await rawUpstream(echoHead)
    const to = group([upstream.url])
    const { server } = await front(to)
    for (let i = 0; i < 5; i++) await get(server)
    expect(upstream.connections).toBe(1)
    expect(to.status).toMatchObject([{ state: 'up', active: 0, idle: 1, requests: 5, failures: 0 }])
  })

  test.each([
    ['Connection: close\r\nContent-Length: 0\r\n\r\n', 'the server wants to end'],
    ['Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n', 'more comes than was asked for'],
  ])('are not kept when %j: %s', async (rest) => {
    const upstream = await rawUpstream((socket) => socket.write(`HTTP/1.1 200 OK\r\n${rest}`))
    const { server } = await front(group([upstream.url]))
    expect([await get(server), await get(server)]).toEqual([
      expect.stringMatching(/ 200 /),
      expect.stringMatching(/ 200 /),
    ])
    expect(upstream.connections).toBe(2)
  })

  test('end when a byte comes that nobody asked for, so that it answers nobody', async () => {
    const upstream = await rawUpstream(echoHead)
    const to = group([upstream.url])
    const { server } = await front(to)
    await get(server)
    for (const socket of upstream.sockets) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged')
    await until(() => to.status[0]!.idle === 0)
    expect(await get(server)).not.toContain('forged')
    expect(upstream.connections).toBe(2)
  })

  test('end after their time, or a second before that of the server', async () => {
    const upstream = await rawUpstream(echoHead)
    const to = group([upstream.url], { timeouts: { keepAlive: 50 } })
    await get((await front(to)).server)
    await until(() => upstream.sockets.size === 0)
    const hinting = await rawUpstream((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n'),
    )
    await get((await front(group([hinting.url]))).server)
    await until(() => hinting.sockets.size === 0)
  })

  test('are no more than the limit; one that waits gets its turn, one more is 503', async () => {
    const upstream = await rawUpstream(() => {})
    const { server } = await front(group([upstream.url], { pool: { connections: 2, waiting: 1 } }))
    const ask = (): ReturnType<typeof rawClient> => rawClient(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const first = [ask(), ask()]
    await until(() => upstream.connections === 2 && upstream.received.split('GET').length === 3)
    const waiting = ask()
    const refused = ask()
    await Promise.race([waiting.reads(/ 503 .*/s), refused.reads(/ 503 .*/s)])
    for (const socket of upstream.sockets) echoHead(socket, 'x')
    await Promise.all(first.map((one) => one.reads(' 200 ')))
    await until(() => upstream.received.split('GET').length === 4)
    for (const socket of upstream.sockets) echoHead(socket, 'x')
    await until(() => [waiting, refused].some(({ received }) => received.includes(' 200 ')))
    expect(upstream.connections).toBe(2)
  })

  test('a request that waits too long for one is 503', async () => {
    const upstream = await rawUpstream(() => {})
    const { server } = await front(group([upstream.url], { pool: { connections: 1 }, timeouts: { connect: 200 } }))
    rawClient(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => upstream.received !== '')
    expect(await get(server)).toMatch(/^HTTP\/1\.1 503 /)
  })
})
