import dns from 'node:dns/promises'
import { wrap } from '@spillway/middleware'
import { forwardAuth, proxy } from '@spillway/middleware/proxy'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type RawUpstream, client, deadPort, echoHead, front, get, group, rawUpstream, until } from './proxy-support.ts'
import { start } from './server.ts'

function answering(status: number, content = String(status)): Promise<RawUpstream> {
  return rawUpstream((socket) =>
    socket.write(`HTTP/1.1 ${status} X\r\nContent-Length: ${content.length}\r\n\r\n${content}`),
  )
}

/** Answers to checks until it is told not to, and never to requests. */
async function silent(): Promise<{ readonly upstream: RawUpstream; readonly fail: () => void }> {
  let works = true
  const upstream = await rawUpstream((socket, head) => {
    if (head.startsWith('GET /healthz')) socket.end(`HTTP/1.1 ${works ? 200 : 500} X\r\nContent-Length: 0\r\n\r\n`)
  })
  return { upstream, fail: () => (works = false) }
}

/** @param addresses of a name; undefined when nobody answers. */
function resolving(addresses: (name: string) => string[] | Error | undefined): void {
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(((name: string) => {
    const found = addresses(name)
    if (!found) return new Promise(() => {})
    if (found instanceof Error) return Promise.reject(found)
    return Promise.resolve(found.map((address) => ({ address, family: 4 })))
  }) as never)
  onTestFinished(() => spy.mockRestore())
}

async function guarded(answer: (head: string) => string, content = '') {
  const asked: string[] = []
  const judge = await rawUpstream((socket, head) => {
    asked.push(head)
    socket.write(answer(head))
  })
  const app = await rawUpstream(echoHead)
  const guard = forwardAuth(group([judge.url]), { path: '/verify?x', copy: ['Remote-User'] })
  const server = await start(wrap([guard], proxy(group([app.url]), { passOn: ['Remote-User'] })))
  const method = content ? 'POST' : 'GET'
  const ask = (...fields: string[]): Promise<string> => {
    const head = [`${method} /page?q=1 HTTP/1.1`, 'Host: site.example', 'Connection: close', ...fields].join('\r\n')
    const asking = client(server, `${head}\r\n\r\n${content}`)
    return until(() => asking.closed).then(() => asking.received)
  }
  return { asked, app, ask }
}

describe('a server that says it cannot be had', () => {
  test.each([502, 503])('with %i has another one asked', async (status) => {
    const [bad, good] = [await answering(status), await answering(200, 'good')]
    const { server } = await front(group([bad.url, good.url]), { retryStatuses: [502, 503] })
    expect(await get(server)).toMatch(/^HTTP\/1\.1 200 .*good$/s)
    expect(bad.connections).toBe(1)
  })

  test('is believed where nobody asked for more, with other statuses, and for what must not be sent twice', async () => {
    const [bad, good] = [await answering(503), await answering(200)]
    const plain = await front(group([bad.url, good.url]))
    expect(await get(plain.server)).toMatch(/ 503 /)
    const other = await front(group([bad.url, good.url]), { retryStatuses: [502] })
    expect(await get(other.server)).toMatch(/ 503 /)
    const { server } = await front(group([bad.url, good.url]), { retryStatuses: [503] })
    await client(server, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi').reads(' 503 ')
  })

  test('is believed when all say so, or no other works', async () => {
    const servers = [await answering(503, 'one'), await answering(503, 'two')]
    const { server } = await front(group(servers.map(({ url }) => url)), { retryStatuses: [503] })
    expect(await get(server)).toMatch(/ 503 .*two$/s)
    const gone = `http://127.0.0.1:${await deadPort()}`
    const check = { path: '/', interval: 20, timeout: 1000, unhealthy: 1 }
    const lame = group([servers[0]!.url, gone], { check: { ...check, path: '/' } })
    await until(() => lame.status[1]!.state === 'down')
    const { server: second } = await front(lame, { retryStatuses: [503] })
    expect(await get(second)).toMatch(/ 503 .*one$/s)
  })

  test('is left out for a while, where its status counts as a failure', async () => {
    const [bad, good] = [await answering(503), await answering(200)]
    const to = group([bad.url, good.url], { ejection: { failures: 2, statuses: [503] } })
    const { server } = await front(to)
    for (let i = 0; i < 4; i++) await get(server)
    expect(to.status).toMatchObject([
      { state: 'ejected', failures: 2 },
      { state: 'up', failures: 0 },
    ])
    for (let i = 0; i < 4; i++) expect(await get(server)).toMatch(/ 200 /)
  })
})

describe('a server that the checks find gone', () => {
  const check = { path: '/healthz', interval: 20, timeout: 1000, unhealthy: 1 }

  test('gives back what it has not begun to answer, if it may be sent again and another one works', async () => {
    const { upstream, fail } = await silent()
    const good = await rawUpstream(echoHead)
    const { server } = await front(group([upstream.url, { url: good.url, backup: true }], { check }))
    const asking = client(server, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
    const posting = client(server, 'POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi')
    await until(() => /GET \/x[^]*POST \/y|POST \/y[^]*GET \/x/.test(upstream.received))
    fail()
    await asking.reads('200 OK')
    expect(good.received).toContain('GET /x')
    expect(good.received).not.toContain('POST /y')
    expect(posting.received).toBe('')
  })

  test('keeps what it has where no other one works', async () => {
    const { upstream, fail } = await silent()
    const to = group([upstream.url], { check, timeouts: { head: 400 } })
    const { server } = await front(to)
    const asking = client(server, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => upstream.received.includes('GET /x'))
    fail()
    expect(await asking.reads(' 50')).toMatch(/UPSTREAM_TIMEOUT/)
  })
})

describe('a client that stays', () => {
  test('comes to the server that has answered first, as long as that is in use', async () => {
    const servers = [await answering(200, 'a'), await answering(200, 'b')]
    const to = group(
      servers.map(({ url }) => url),
      { sticky: 'at' },
    )
    const { server } = await front(to)
    const first = await get(server)
    const [, cookie] = /^set-cookie: (at=[\w-]{12}); Path=\/; HttpOnly; SameSite=Lax$/im.exec(first)!
    const letter = first.at(-1)!
    for (let i = 0; i < 4; i++) {
      const again = await get(server, '/', `Cookie: x=y; ${cookie}`)
      expect(again.at(-1)).toBe(letter)
      expect(again).not.toMatch(/set-cookie/i)
    }
    await servers[letter === 'a' ? 0 : 1]!.stop()
    const moved = await get(server, '/', `Cookie: ${cookie}`)
    expect(moved.at(-1)).not.toBe(letter)
    expect(moved).toMatch(/set-cookie: at=/i)
    expect(await get(server, '/', 'Cookie: at=nobody')).toMatch(/set-cookie: at=/i)
  })

  test('needs a cookie whose name is one', () => {
    expect(() => group(['http://a'], { sticky: 'a b' })).toThrow(/sticky/)
  })
})

describe('names of servers', () => {
  test('are looked up again, and each address is a server', async () => {
    let now: string[] | Error = ['127.0.0.1', '127.0.0.2']
    resolving(() => now)
    const upstream = await rawUpstream(echoHead)
    const { port } = upstream
    const to = group([`http://app.test:${port}`], { resolveEvery: 10 })
    const urls = (): string[] => to.status.map(({ url }) => url)
    await until(() => urls().length === 2)
    expect(urls()).toEqual([`http://app.test:${port}#127.0.0.1`, `http://app.test:${port}#127.0.0.2`])
    const { server } = await front(to, { host: 'upstream' })
    // Nobody listens on the second one.
    for (let i = 0; i < 3; i++) expect(await get(server)).toMatch(new RegExp(`^host: app\\.test:${port}\\r$`, 'm'))
    const kept = to.status[0]!.requests
    now = ['127.0.0.3', '127.0.0.1']
    await until(() => urls()[1] === `http://app.test:${port}#127.0.0.3`)
    expect(to.status[0]!.requests).toBe(kept)
    now = new Error('ENOTFOUND')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(urls()).toHaveLength(2)
  })

  test('are looked up each for itself: one that nobody answers for does not keep the others', async () => {
    const asked: string[] = []
    resolving((name) => {
      asked.push(name)
      return name === 'hangs.test' ? undefined : [`127.0.0.${asked.length}`]
    })
    const to = group(['http://hangs.test:1', 'http://app.test:1'], { resolveEvery: 5 })
    await until(() => asked.filter((name) => name === 'app.test').length > 2)
    expect(asked.filter((name) => name === 'hangs.test')).toHaveLength(1)
    await until(() => to.status[1]!.url.endsWith(`#127.0.0.${asked.length}`))
    to.close()
  })

  test('keep their addresses while nobody knows them, or answers', async () => {
    const upstream = await rawUpstream((socket) => socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'))
    const server = `http://app.test:${upstream.port}`
    let now: string[] | Error | undefined = new Error('ENOTFOUND')
    resolving(() => now)
    const never = await front(group([server]))
    expect(await get(never.server)).toMatch(/ 502 /)
    const { server: ours } = await front(group([server]))
    for (const found of [['127.0.0.1'], new Error('ENOTFOUND'), undefined, ['127.0.0.1']]) {
      now = found
      expect(await get(ours)).toMatch(/ 204 /)
    }
    expect(upstream.connections).toBe(4)
  })

  test('are one server where that is not asked for; addresses are never looked up', async () => {
    resolving(() => new Error('nobody should ask'))
    expect(group(['http://app.test:1', 'http://127.0.0.1:1']).status).toHaveLength(2)
    group(['http://127.0.0.1:1', 'http://[::1]:1', 'unix:/run/x.sock'], { resolveEvery: 5 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(dns.lookup).not.toHaveBeenCalled()
  })
})

test('connections that are too old are used no more', async () => {
  const upstream = await rawUpstream(echoHead)
  const young = await front(group([upstream.url], { pool: { maxAge: 60_000 } }))
  for (let i = 0; i < 3; i++) await get(young.server)
  expect(upstream.connections).toBe(1)
  const old = await front(group([upstream.url], { pool: { maxAge: 0.001 } }))
  for (let i = 0; i < 3; i++) await get(old.server)
  expect(upstream.connections).toBe(4)
})

describe('forward auth', () => {
  test('lets in those whom the server lets in, with what it alone says of them', async () => {
    const { asked, ask } = await guarded(
      () => 'HTTP/1.1 200 OK\r\nRemote-User: ann\r\nSet-Cookie: x=y\r\nContent-Length: 2\r\n\r\nok',
      'content',
    )
    const reply = await ask('Cookie: session=1', 'remote-user: root', 'Content-Length: 7')
    expect(reply).toMatch(/^HTTP\/1\.1 200 /)
    expect(reply).toMatch(/^remote-user: ann\r$/im)
    expect(reply).not.toContain('root')
    expect(asked[0]).toMatch(/^GET \/verify\?x HTTP\/1\.1\r\nhost: site\.example\r\n/)
    expect(asked[0]).toMatch(/^cookie: session=1\r$/m)
    expect(asked[0]).toMatch(/^x-forwarded-method: POST\r$/im)
    expect(asked[0]).toMatch(/^x-forwarded-uri: \/page\?q=1\r$/im)
    expect(asked[0]).not.toMatch(/content-length/i)
  })

  test('takes what the client says of itself away when the server says nothing', async () => {
    const { ask } = await guarded(() => 'HTTP/1.1 204 No Content\r\n\r\n')
    expect(await ask('Remote-User: root')).not.toContain('root')
  })

  test.each([
    [
      'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nwho?',
      / 401 .*WWW-Authenticate: Basic.*who\?$/s,
    ],
    ['HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\nContent-Length: 0\r\n\r\n', / 302 .*login\.example/s],
    ['HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n', / 500 /],
    ['nonsense\r\n\r\n', / 502 /],
  ])('gives the answer %j to the client', async (answer, expected) => {
    const { ask, app } = await guarded(() => answer)
    expect(await ask()).toMatch(expected)
    expect(app.connections).toBe(0)
  })

  test('refuses what cannot be a path or a name', () => {
    expect(() => forwardAuth(group(['http://a']), { path: 'verify' })).toThrow(/path/)
    expect(() => forwardAuth(group(['http://a']), { path: '/', copy: ['a b'] })).toThrow(TypeError)
  })
})
