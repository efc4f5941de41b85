import type { Socket } from 'node:net'
import { type Handler, Reply } from '@spillway/core'
import { type FastCgiOptions, fastcgi } from '@spillway/middleware/fastcgi'
import { describe, expect, test, vi } from 'vitest'
import { answer, end, fakeApplication, record, stdout } from './fastcgi-server.ts'
import { directoryOf } from './scripts.ts'
import { start } from './server.ts'
import { type WireReply, ask, open } from './wire.ts'

// Processes start late on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const quiet = { onError: () => {} }
const patience = 20_000

function handlerFor(port: number, options: FastCgiOptions = {}): Handler {
  return fastcgi({ port }, { onStderr: () => {}, ...options }).script('/srv/app.php')
}

function leave(socket: Socket): void {
  socket.end()
}

/** What the client gets when the application answers every request with these bytes. */
async function replied(
  bytes: Uint8Array,
  options?: FastCgiOptions,
  then?: (socket: Socket) => void,
): Promise<WireReply> {
  const { port } = await fakeApplication(({ socket }) => {
    socket.write(bytes)
    then?.(socket)
  })
  return ask(await start(handlerFor(port, options), quiet), 'GET /')
}

describe('requests', () => {
  test('have variables, content, and ask for the connection to be kept', async () => {
    const app = await fakeApplication(({ socket }) => socket.write(answer('hi')))
    const server = await start(handlerFor(app.port), quiet)
    const long = 'v'.repeat(300)
    const content = 'x'.repeat(200_000)
    const fields = [`X-Long: ${long}`, 'Proxy: http://evil/', 'Content-Type: a/b']
    const reply = await ask(server, 'POST /caf%C3%A9?q=1', { fields, content })
    expect([reply.status, String(reply.content), reply.complete]).toEqual([200, 'hi', true])
    const [request] = app.requests
    expect([...request!.begin]).toEqual([0, 1, 1, 0, 0, 0, 0, 0])
    expect(request!.params).toMatchObject({
      SCRIPT_FILENAME: '/srv/app.php',
      SCRIPT_NAME: '',
      PATH_INFO: '/café',
      PATH_TRANSLATED: '/srv/café',
      DOCUMENT_ROOT: '/srv',
      QUERY_STRING: 'q=1',
      REQUEST_METHOD: 'POST',
      CONTENT_TYPE: 'a/b',
      CONTENT_LENGTH: '200000',
      HTTP_X_LONG: long,
      SERVER_PROTOCOL: 'HTTP/1.1',
    })
    expect(request!.params).not.toHaveProperty('HTTP_PROXY')
    expect(String(request!.content)).toBe(content)
    expect(request!.types.slice(0, 3)).toEqual([1, 4, 4])
  })

  test('use a connection one after the other', async () => {
    const app = await fakeApplication(({ socket, connection }) => socket.write(answer(String(connection))))
    const server = await start(handlerFor(app.port), quiet)
    for (let i = 0; i < 5; i++) expect(String((await ask(server, 'GET /')).content)).toBe('1')
    expect(app.connections).toBe(1)
  })

  test('wait for a connection when all are in use, to the one', async () => {
    const waiting: Socket[] = []
    const app = await fakeApplication(({ socket }) => waiting.push(socket))
    const handler = handlerFor(app.port, { limits: { connections: 2, waiting: 1, connectTimeout: 60_000 } })
    let entered = 0
    const server = await start((c) => {
      const reply = handler(c)
      setImmediate(() => entered++)
      return reply
    }, quiet)
    const first = [ask(server, 'GET /1'), ask(server, 'GET /2')]
    await vi.waitFor(() => expect(waiting).toHaveLength(2), patience)
    const third = ask(server, 'GET /3')
    await vi.waitFor(() => expect(entered).toBe(3), patience)
    const refused = await ask(server, 'GET /4')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    waiting.shift()!.write(answer('a'))
    await vi.waitFor(() => expect(app.requests).toHaveLength(3), patience)
    for (const socket of waiting) socket.write(answer('b'))
    expect((await Promise.all([...first, third])).map(({ status }) => status)).toEqual([200, 200, 200])
    expect(app.connections).toBe(2)
  })

  test('that wait too long are 503, and those who leave are forgotten', async () => {
    const app = await fakeApplication(() => {})
    const limits = { connections: 1, waiting: 1, connectTimeout: 2000 }
    const server = await start(handlerFor(app.port, { limits }), quiet)
    const holding = open(server, 'GET /1')
    await vi.waitFor(() => expect(app.requests).toHaveLength(1), patience)
    expect(await ask(server, 'GET /2')).toMatchObject({ status: 503 })
    open(server, 'GET /3').destroy()
    expect(await ask(server, 'GET /4')).toMatchObject({ status: 503 })
    holding.destroy()
  })

  test('without content are sent once more when a kept connection turns out to be closed', async () => {
    const app = await fakeApplication(({ socket, connection }) => {
      if (connection === 1 && app.requests.length === 2) socket.destroy()
      else socket.write(answer(String(connection)))
    })
    const server = await start(handlerFor(app.port), quiet)
    expect(String((await ask(server, 'GET /')).content)).toBe('1')
    expect(String((await ask(server, 'GET /')).content)).toBe('2')
  })

  test('with content are not, nor is what a new connection fails', async () => {
    const app = await fakeApplication(({ socket, params }) => {
      if (params['PATH_INFO'] === '/ok') socket.write(answer('ok'))
      else socket.destroy()
    })
    const server = await start(handlerFor(app.port), quiet)
    expect(await ask(server, 'GET /ok')).toMatchObject({ status: 200 })
    expect(await ask(server, 'POST /no', { content: 'x' })).toMatchObject({ status: 502 })
    expect(await ask(server, 'GET /no')).toMatchObject({ status: 502 })
    expect(app.requests).toHaveLength(3)
  })
})

describe('replies', () => {
  const whole = Buffer.concat([
    stdout('Status: 201\r\nContent-Ty', 3),
    record(7, 'note', { padding: 2 }),
    stdout('pe: a/b\r\n\r\ncon', 1),
    stdout('tent'),
    stdout(''),
    end(),
  ])

  test('may come in pieces, cut anywhere', async () => {
    const pieces: Buffer[][] = []
    for (let cut = 1; cut < whole.length; cut++) pieces.push([whole.subarray(0, cut), whole.subarray(cut)])
    pieces.push([...whole].map((byte) => Buffer.of(byte)))
    const app = await fakeApplication(({ socket, params }) => {
      socket.setNoDelay(true)
      const [first, ...rest] = pieces[Number(params['QUERY_STRING'])]!
      socket.write(first!)
      const step = (): void => {
        const next = rest.shift()
        if (!next) return
        socket.write(next)
        setImmediate(step)
      }
      setImmediate(() => setImmediate(step))
    })
    const server = await start(handlerFor(app.port), quiet)
    for (let i = 0; i < pieces.length; i++) {
      const reply = await ask(server, `GET /?${i}`)
      expect([reply.status, String(reply.content), reply.complete]).toEqual([201, 'content', true])
    }
    expect(app.connections).toBe(1)
  })

  test('the error output goes to the sink', async () => {
    const onStderr = vi.fn<(text: string) => void>()
    await replied(Buffer.concat([record(7, 'PHP \u001bnotice\n'), answer('x')]), { onStderr })
    expect(onStderr.mock.calls.map(([text]) => text).join('')).toBe('PHP \\u001bnotice\n')
  })

  const head = 'Content-Type: a/b\r\n\r\n'
  test.each([
    ['another version', record(6, head, { version: 2 })],
    ['another request', record(6, head, { id: 2 })],
    ['a management record', record(11, 'x', { id: 0 })],
    ['a record of the client', record(5, 'x')],
    ['a short end', record(3, 'x')],
    ['no CGI at all', Buffer.from('HTTP/1.1 200 OK\r\n\r\n')],
    ['an end before the head', Buffer.concat([stdout('Content-Type: a/b\r\n'), end()])],
    ['a head that is none', Buffer.concat([stdout('no head\n\n'), end()])],
    ['an unknown role', end(3)],
  ])('%s is 502', async (_, bytes) => {
    expect(await replied(bytes)).toMatchObject({ status: 502 })
  })

  test.each([1, 2])('a refusal for lack of room, %i, is 503', async (status) => {
    expect(await replied(end(status))).toMatchObject({ status: 503 })
  })

  test('an exit status is the business of the application', async () => {
    expect(await replied(Buffer.concat([stdout(`${head}x`), end(0, 255)]))).toMatchObject({
      status: 200,
      complete: true,
    })
  })

  test('broken off before the head are 502, behind it cut', async () => {
    expect(await replied(Buffer.alloc(0), {}, leave)).toMatchObject({ status: 502 })
    expect(await replied(stdout('Content-Type'), {}, leave)).toMatchObject({ status: 502 })
    expect(await replied(stdout(`${head}part`), {}, leave)).toMatchObject({ status: 200, complete: false })
    const broken = Buffer.concat([stdout(`${head}part`), record(9)])
    expect(await replied(broken)).toMatchObject({ status: 502, complete: true })
  })

  test('with records behind their end are fine, but not their connection', async () => {
    const app = await fakeApplication(({ socket }) => socket.write(Buffer.concat([answer('x'), stdout('more')])))
    const server = await start(handlerFor(app.port), quiet)
    for (let i = 0; i < 2; i++) expect(await ask(server, 'GET /')).toMatchObject({ status: 200, complete: true })
    expect(app.connections).toBe(2)
  })

  test('the head has a limit, to the byte', async () => {
    const bytes = Buffer.concat([stdout(`${head}x`), end()])
    const statuses = [-1, 0, 1].map(async (more) => {
      return (await replied(bytes, { limits: { headBytes: head.length + more } })).status
    })
    expect(await Promise.all(statuses)).toEqual([502, 200, 200])
  })

  test('of a silent application are 504, and its connection is closed', async () => {
    const app = await fakeApplication(() => {})
    const server = await start(handlerFor(app.port, { limits: { timeout: 200 } }), quiet)
    expect(await ask(server, 'GET /')).toMatchObject({ status: 504 })
    await vi.waitFor(() => expect(app.open.size).toBe(0), patience)
  })

  test('of an application that is not there are 502', async () => {
    expect(await ask(await start(handlerFor(1), quiet), 'GET /')).toMatchObject({ status: 502 })
  })
})

describe('streaming', () => {
  test('both ways at once', async () => {
    const app = await fakeApplication(
      ({ socket }) => socket.write(Buffer.concat([stdout('second'), end()])),
      (socket) => socket.once('data', () => socket.write(stdout('Content-Type: a/b\n\nfirst'))),
    )
    const socket = open(await start(handlerFor(app.port), quiet), 'POST /', ['Content-Length: 3'])
    let got = ''
    socket.on('data', (chunk: Buffer) => (got += String(chunk)))
    await vi.waitFor(() => expect(got).toContain('first'), patience)
    socket.write('abc')
    await vi.waitFor(() => expect(got).toContain('second'), patience)
    expect(String(app.requests[0]!.content)).toBe('abc')
  })

  test('a client that leaves closes the connection', async () => {
    const app = await fakeApplication(({ socket, params }) => {
      if (params['PATH_INFO'] === '/content') socket.write(stdout('Content-Type: a/b\n\nfirst'))
    })
    const server = await start(handlerFor(app.port), quiet)
    for (const [path, count] of [
      ['/silent', 1],
      ['/content', 2],
    ] as const) {
      const socket = open(server, `GET ${path}`)
      await vi.waitFor(() => expect(app.requests).toHaveLength(count), patience)
      socket.destroy()
      await vi.waitFor(() => expect(app.open.size).toBe(0), patience)
    }
  })

  test('a slow reader holds the application up', async () => {
    let written = 0
    const block = Buffer.concat(Array.from({ length: 16 }, () => stdout(Buffer.alloc(65_000))))
    const app = await fakeApplication(({ socket }) => {
      socket.write(stdout('Content-Type: a/b\n\n'))
      const more = (): void => {
        while (written < 1e9) {
          written += block.length
          if (!socket.write(block)) return
        }
      }
      socket.on('drain', more)
      more()
    })
    const socket = open(await start(handlerFor(app.port), quiet), 'GET /')
    socket.pause()
    let before = -1
    await vi.waitFor(
      () => {
        const moved = written - before
        before = written
        expect(moved).toBe(0)
      },
      { timeout: patience, interval: 300 },
    )
    expect(written).toBeLessThan(64 * 1024 * 1024)
    socket.destroy()
    await vi.waitFor(() => expect(app.open.size).toBe(0), patience)
  })

  test('an application that does not read holds the client up', async () => {
    const app = await fakeApplication(
      () => {},
      (socket) => socket.pause(),
    )
    const socket = open(await start(handlerFor(app.port), quiet), 'POST /', [`Content-Length: ${2 ** 30}`])
    let written = 0
    const block = Buffer.alloc(1024 * 1024)
    const more = (): void => {
      do written += block.length
      while (socket.write(block))
    }
    socket.on('drain', more)
    more()
    let before = -1
    await vi.waitFor(
      () => {
        const moved = written - before
        before = written
        expect(moved).toBe(0)
      },
      { timeout: patience, interval: 300 },
    )
    expect(written).toBeLessThan(64 * 1024 * 1024)
    socket.destroy()
    await vi.waitFor(() => expect(app.open.size).toBe(0), patience)
  })
})

describe('scripts below a root', () => {
  const root = directoryOf({
    'index.php': '<?php',
    'shop/index.php': '<?php',
    'shop/cart.php': '<?php',
    'empty/readme.txt': 'x',
    'upload/picture.jpg': '<?php evil();',
    'upload/dir.php/inner.txt': 'x',
    '.hidden.php': '<?php',
  })

  async function target(path: string): Promise<string> {
    const app = await fakeApplication(({ socket, params }) => {
      socket.write(
        answer([params['SCRIPT_FILENAME']!.slice(root.length), params['SCRIPT_NAME'], params['PATH_INFO']].join(' ')),
      )
    })
    const layer = fastcgi({ port: app.port }).scripts(root)
    const reply = await ask(await start((c) => layer(c, () => new Reply('passed on', 404))), `GET ${path}`)
    return reply.headers.get('location') ?? String(reply.content)
  }

  test.each([
    ['/', '/index.php /index.php '],
    ['/index.php', '/index.php /index.php '],
    ['/shop/', '/shop/index.php /shop/index.php '],
    ['/shop/cart.php/a/b', '/shop/cart.php /shop/cart.php /a/b'],
    ['/shop?x=1', './shop/?x=1'],
    ['/upload/picture.jpg', 'passed on'],
    ['/upload/picture.jpg/x.php', 'passed on'],
    ['/upload/picture.jpg%00.php', 'Bad Request'],
    ['/upload/picture.jpg%0A.php', 'passed on'],
    ['/upload/dir.php', 'passed on'],
    ['/upload/dir.php/inner.txt', 'passed on'],
    ['/shop/cart.php%2Fx.php', 'passed on'],
    ['/empty/', 'passed on'],
    ['/empty', 'passed on'],
    ['/.hidden.php', 'passed on'],
    ['/none.php', 'passed on'],
    ['/../index.php', '/index.php /index.php '],
  ])('%s leads to %s', async (path, expected) => {
    expect(await target(path)).toBe(expected)
  })
})
