import type { Outcome } from '@spillway/core'
import { UpstreamError, proxy } from '@spillway/middleware/proxy'
import { describe, expect, test } from 'vitest'
import { type RawUpstream, client, deadPort, echoHead, front, get, group, rawUpstream, until } from './proxy-support.ts'
import { start } from './server.ts'

const request = (method = 'GET'): string => `${method} / HTTP/1.1\r\nHost: a.example\r\n\r\n`
const post = 'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello'
const put = post.replace('POST', 'PUT')

function kinds(errors: readonly unknown[]): (string | undefined)[] {
  return errors.map((error) => (error instanceof UpstreamError ? error.kind : String(error)))
}

describe('a server that', () => {
  test('is not there is 502', async () => {
    const { server, errors } = await front(group([`http://127.0.0.1:${await deadPort()}`]))
    expect(await get(server)).toMatch(/^HTTP\/1\.1 502 .*UPSTREAM_UNREACHABLE$/s)
    expect(kinds(errors)).toEqual(['connect'])
  })

  test('resets before it answers is 502, for what must not be sent twice', async () => {
    const upstream = await rawUpstream((socket) => void socket.resetAndDestroy())
    const { server, errors } = await front(group([upstream.url]))
    expect(await client(server, post).reads('UPSTREAM_CLOSED')).toMatch(/^HTTP\/1\.1 502 /)
    expect(upstream.connections).toBe(1)
    expect(kinds(errors)).toEqual(['closed'])
  })

  test.each(['', 'HTTP/1.1 200 OK\r\nContent-Le'])('ends after %j is 502', async (text) => {
    const upstream = await rawUpstream((socket) => void socket.end(text))
    const { server } = await front(group([upstream.url]))
    expect(await get(server)).toMatch(/^HTTP\/1\.1 502 .*UPSTREAM_CLOSED$/s)
  })

  test('says nothing is 504', async () => {
    const upstream = await rawUpstream(() => {})
    const { server } = await front(group([upstream.url], { timeouts: { head: 150 } }))
    expect(await get(server)).toMatch(/^HTTP\/1\.1 504 .*UPSTREAM_TIMEOUT$/s)
    await until(() => upstream.sockets.size === 0)
  })

  test('drips its head is 504: bytes do not make the time longer', async () => {
    const upstream = await rawUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const timer = setInterval(() => socket.write('X: y\r\n'), 20)
      socket.on('close', () => clearInterval(timer))
    })
    const { server } = await front(group([upstream.url], { timeouts: { head: 200 } }))
    expect(await get(server)).toMatch(/^HTTP\/1\.1 504 /)
  })

  test('does not take the request is 504', async () => {
    const upstream = await rawUpstream((socket) => socket.pause())
    const { server } = await front(
      group([upstream.url], { timeouts: { head: 200 } }),
      {},
      { limits: { bodyBytes: 1e9 } },
    )
    const asking = client(server, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * 1024 * 1024}\r\n\r\n`)
    asking.send(Buffer.alloc(64 * 1024 * 1024))
    await asking.reads(/^HTTP\/1\.1 504 /)
  })

  test('stops in its content cuts the reply', async () => {
    const upstream = await rawUpstream((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'))
    const { server, errors } = await front(group([upstream.url], { timeouts: { bodyIdle: 150 } }))
    const reply = await get(server)
    expect(reply).toMatch(/Content-Length: 9\r\n.*\r\n\r\nhalf$/s)
    expect(kinds(errors)).toEqual(['timeout'])
  })

  test.each([
    ['Content-Length: 9', 'half', 'an end', (upstream: RawUpstream) => endAll(upstream)],
    ['Content-Length: 9', 'half', 'a reset', (upstream: RawUpstream) => resetAll(upstream)],
    ['Transfer-Encoding: chunked', '4\r\nhalf\r\n', 'an end', (upstream: RawUpstream) => endAll(upstream)],
    ['Transfer-Encoding: chunked', '4\r\nhalf\r\n', 'a reset', (upstream: RawUpstream) => resetAll(upstream)],
    [
      'Transfer-Encoding: chunked',
      '4\r\nhalf\r\n',
      'nonsense',
      (upstream: RawUpstream) => writeAll(upstream, 'xyz\r\n'),
    ],
    ['X: until the end', 'half', 'a reset', (upstream: RawUpstream) => resetAll(upstream)],
  ])('breaks off (%s, %j) with %s cuts the reply: it never looks complete', async (field, content, _, breakOff) => {
    const upstream = await rawUpstream((socket) => socket.write(`HTTP/1.1 200 OK\r\n${field}\r\n\r\n${content}`))
    const { server, errors } = await front(group([upstream.url]))
    const asking = client(server, request())
    await asking.reads('half')
    breakOff(upstream)
    await until(() => asking.closed)
    expect(asking.received).not.toContain('0\r\n\r\n')
    await until(() => errors.length > 0)
    expect(errors).toHaveLength(1)
    // HTTP/1.0 has no other way to say it.
    const old = client(server, 'GET / HTTP/1.0\r\n\r\n')
    await old.reads('half')
    breakOff(upstream)
    await until(() => old.closed)
    expect(old.reset || field.startsWith('Content-Length')).toBe(true)
  })

  test.each([
    ['not HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['a request', 'GET / HTTP/1.1\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na'],
    ['a length beside chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\na'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n'],
    ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['a chunk size that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n'],
    ['a status beyond 599', 'HTTP/1.1 600 No\r\nContent-Length: 0\r\n\r\n'],
    ['101 that nobody asked for', 'HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n'],
    ['101 to nothing', 'HTTP/1.1 101 Sure\r\n\r\n'],
    ['a head without an end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(10_000)}`],
  ])('answers with %s is 502', async (_, text) => {
    const upstream = await rawUpstream((socket) => socket.write(text))
    const { server, errors } = await front(group([upstream.url]))
    expect(await get(server)).toMatch(/^HTTP\/1\.1 502 .*UPSTREAM_INVALID$/s)
    expect(kinds(errors)).toEqual(['invalid'])
    await until(() => upstream.sockets.size === 0)
  })

  test('accepts and then never finishes its TLS handshake is 504', async () => {
    const upstream = await rawUpstream(() => {})
    const { server } = await front(group([`https://127.0.0.1:${upstream.port}`], { timeouts: { connect: 150 } }))
    expect(await get(server)).toMatch(/^HTTP\/1\.1 504 .*UPSTREAM_CONNECT_TIMEOUT$/s)
    await until(() => upstream.sockets.size === 0)
  })
})

describe('a client that leaves', () => {
  test.each([
    ['with a reset', (asking: ReturnType<typeof client>) => void asking.socket.resetAndDestroy()],
    ['with an end', (asking: ReturnType<typeof client>) => void asking.socket.destroy()],
  ])('before the answer %s cancels the exchange', async (_, leave) => {
    const upstream = await rawUpstream(() => {})
    const to = group([upstream.url])
    const { server } = await front(to)
    const asking = client(server, request())
    await until(() => upstream.received !== '')
    leave(asking)
    await until(() => upstream.sockets.size === 0)
    expect(to.status).toMatchObject([{ active: 0, failures: 0, state: 'up' }])
  })

  test('in its own content cancels the exchange', async () => {
    const upstream = await rawUpstream(() => {})
    const to = group([upstream.url])
    const { server } = await front(to)
    const asking = client(server, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello')
    await until(() => upstream.received.endsWith('hello'))
    asking.socket.resetAndDestroy()
    await until(() => upstream.sockets.size === 0)
    expect(to.status).toMatchObject([{ active: 0, failures: 0 }])
  })

  test('in the content of the response cancels the exchange', async () => {
    const upstream = await rawUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      const timer = setInterval(() => socket.write('4\r\nmore\r\n'), 10)
      socket.on('close', () => clearInterval(timer))
    })
    const to = group([upstream.url])
    const { server } = await front(to)
    const asking = client(server, request())
    await asking.reads('more')
    asking.socket.resetAndDestroy()
    await until(() => upstream.sockets.size === 0)
    expect(to.status).toMatchObject([{ active: 0 }])
  })

  test('with an end, while the server is silent in its content, cancels the exchange', async () => {
    const upstream = await rawUpstream((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'))
    const outcomes: Outcome[] = []
    const ours = proxy(group([upstream.url]))
    const server = await start((c) => {
      c.done((outcome) => outcomes.push(outcome))
      return ours(c)
    })
    const asking = client(server, request())
    await asking.reads('half')
    asking.socket.destroy()
    await until(() => upstream.sockets.size === 0)
    await until(() => outcomes.length > 0)
    expect(outcomes).toMatchObject([{ kind: 'aborted', by: 'peer', status: 200 }])
  })

  test('while the connection to the server is made cancels that', async () => {
    const upstream = await rawUpstream(() => {})
    const to = group([`https://127.0.0.1:${upstream.port}`], { timeouts: { connect: 60_000 } })
    const { server } = await front(to)
    const asking = client(server, request())
    await until(() => upstream.bytes > 0)
    asking.socket.resetAndDestroy()
    await until(() => upstream.sockets.size === 0)
    expect(to.status).toMatchObject([{ active: 0, failures: 0 }])
  })

  test('has sent garbage in its content: 400, and the server sees no end of it', async () => {
    const upstream = await rawUpstream(() => {})
    const { server } = await front(group([upstream.url]))
    const asking = client(
      server,
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n',
    )
    await asking.reads(/^HTTP\/1\.1 400 /)
    await until(() => upstream.sockets.size === 0)
    expect(upstream.received).not.toContain('0\r\n\r\n')
  })
})

/** Two servers, of which the first fails in this way; the reply that a request gets. */
async function failing(
  onHead: Parameters<typeof rawUpstream>[0],
  text: string,
): Promise<{ reply: string; tried: RawUpstream }> {
  const tried = await rawUpstream(onHead)
  const good = await rawUpstream(echoHead)
  const { server } = await front(group([tried.url, good.url]))
  const asking = client(server, text)
  return { reply: await asking.reads(/\r\n\r\n./), tried }
}
const reset: Parameters<typeof rawUpstream>[0] = (socket) => void socket.resetAndDestroy()

describe('another server is tried', () => {
  test.each([request(), request('HEAD'), request('DELETE'), post, put])(
    'when the first refuses, for %j',
    async (text) => {
      const good = await rawUpstream(echoHead)
      const { server } = await front(group([`http://127.0.0.1:${await deadPort()}`, good.url]))
      await client(server, text).reads(/^HTTP\/1\.1 200 /)
    },
  )

  test.each([request(), request('DELETE'), request('PUT')])(
    'when it closes before it answers, for %j',
    async (text) => {
      const { reply, tried } = await failing(reset, text)
      expect(reply).toMatch(/^HTTP\/1\.1 200 /)
      expect(tried.connections).toBe(1)
    },
  )

  test.each([
    [request('POST'), 'not idempotent'],
    [post, 'not idempotent'],
    [put, 'content is gone'],
  ])('but not for %j, once it was sent: %s', async (text) => {
    expect((await failing(reset, text)).reply).toMatch(/^HTTP\/1\.1 502 /)
  })

  test('but not when it has begun to answer, nor after a deadline, nor for its status', async () => {
    const garbage = await failing((socket) => socket.write('nonsense\r\n'), request())
    expect(garbage.reply).toMatch(/^HTTP\/1\.1 502 /)
    const error = await failing((socket) => socket.write('HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\nx'), request())
    expect(error.reply).toMatch(/^HTTP\/1\.1 503 /)
  })

  test('as often as the option says', async () => {
    const urls = await Promise.all([1, 2, 3].map(async () => `http://127.0.0.1:${await deadPort()}`))
    const good = await rawUpstream(echoHead)
    const statusAfter = async (retries: number): Promise<string> =>
      (await get((await front(group([...urls, good.url]), { retries })).server)).slice(9, 12)
    expect([await statusAfter(2), await statusAfter(3)]).toEqual(['502', '200'])
  })

  test('as far as the budget reaches', async () => {
    const bad = await rawUpstream(reset)
    const good = await rawUpstream(echoHead)
    const options = { retryBudget: { ratio: 0, reserve: 3 }, ejection: { failures: 1000 } }
    const { server } = await front(group([bad.url, good.url], options))
    const replies: string[] = []
    for (let i = 0; i < 10; i++) replies.push((await get(server)).slice(9, 12))
    expect(replies.filter((status) => status === '502')).toHaveLength(2)
  })
})

describe('a connection that was kept', () => {
  test('and that the server has just ended is replaced, which is no failure', async () => {
    let ending = false
    const upstream = await rawUpstream((socket, head, nth) => {
      if (ending && nth > 1) socket.destroy()
      else echoHead(socket, head)
    })
    const to = group([upstream.url])
    const { server } = await front(to)
    expect(await get(server)).toMatch(/^HTTP\/1\.1 200 /)
    ending = true
    expect(await get(server)).toMatch(/^HTTP\/1\.1 200 /)
    expect(upstream.connections).toBe(2)
    expect(to.status).toMatchObject([{ failures: 0, state: 'up' }])
  })

  test('does not lose what was sent in the moment the server ends', async () => {
    const upstream = await rawUpstream((socket, head) => {
      echoHead(socket, head)
      socket.end()
    })
    const { server } = await front(group([upstream.url]))
    for (let i = 0; i < 20; i++) expect(await get(server)).toMatch(/^HTTP\/1\.1 200 /)
  })
})

function endAll({ sockets }: RawUpstream): void {
  for (const socket of sockets) socket.end()
}

function resetAll({ sockets }: RawUpstream): void {
  for (const socket of sockets) socket.resetAndDestroy()
}

function writeAll({ sockets }: RawUpstream, text: string): void {
  for (const socket of sockets) socket.write(text)
}

describe('a response without content is passed on, whatever its fields say of content (RFC 9112 §6.3)', () => {
  test.each([
    ['HEAD', '200 OK'],
    ['GET', '204 No Content'],
    ['GET', '304 Not Modified'],
  ])('to %s: %s', async (method, status) => {
    for (const fields of [
      'Transfer-Encoding: chunked\r\nContent-Length: 5',
      'Content-Length: 5',
      'Content-Length: 5x',
      'Content-Length: 5\r\nContent-Length: 6',
      'Transfer-Encoding: gzip',
    ]) {
      const upstream = await rawUpstream((socket) =>
        socket.write(`HTTP/1.1 ${status}\r\nX-Of: server\r\n${fields}\r\n\r\n`),
      )
      const { server, errors } = await front(group([upstream.url]))
      const answer = await client(server, request(method)).reads('\r\n\r\n')
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status}\r\n.*x-of: server\r\n`, 'is'))
      expect(errors).toEqual([])
    }
  })
})
