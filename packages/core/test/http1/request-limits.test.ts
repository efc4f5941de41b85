import { describe, expect, it } from 'vitest'
import { type Context, type HttpError, createServer } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import {
  bodies,
  get,
  muteErrors,
  onlyReply,
  post,
  postChunked,
  rawClient,
  request,
  statuses,
  turn,
} from '../support.ts'

muteErrors()

const framings: readonly (readonly [string, (content: string) => string])[] = [
  ['Content-Length', (content) => post(content)],
  ['chunked', (content) => postChunked([content.slice(0, 3), content.slice(3)])],
]

describe.each(framings)('limits.bodyBytes with %s (RFC 9110 §15.5.14)', (_, frame) => {
  const limits = { bodyBytes: 10 }
  const readers: readonly (readonly [string, (c: Context) => Promise<string>])[] = [
    ['text', (c) => c.body.text()],
    ['stream', (c) => new Response(c.body.stream()).text()],
    ['request', (c) => c.request.text()],
    [
      'iterator',
      async (c) => {
        let text = ''
        for await (const chunk of c.body) text += Buffer.from(chunk).toString()
        return text
      },
    ],
  ]

  describe.each(readers)('%s', (__, read) => {
    it.each([
      [9, 200],
      [10, 200],
      [11, 413],
    ])('%i bytes: %i', async (size, status) => {
      const t = testServer(
        async (c) => {
          try {
            return c.text(await read(c))
          } catch (error) {
            return c.text('refused', (error as HttpError).status ?? 413)
          }
        },
        { limits },
      )
      for (const pieces of [1, 4]) {
        const client = t.connect()
        const wire = frame('x'.repeat(size))
        const step = Math.ceil(wire.length / pieces)
        for (let at = 0; at < wire.length; at += step) {
          client.send(wire.slice(at, at + step))
          await turn()
        }
        expect(onlyReply(client.received)).toMatchObject({
          status,
          body: status === 200 ? 'x'.repeat(size) : 'refused',
        })
      }
    })
  })

  it('c.body.limit changes it for one request, the argument of a reader for one read', async () => {
    const t = testServer(
      async (c) => {
        if (c.path === '/more') c.body.limit = 20
        return c.text(await (c.path === '/less' ? c.body.text(5) : c.body.text()))
      },
      { limits },
    )
    const send = async (path: string, size: number): Promise<number> => {
      const client = t.connect()
      client.send(frame('x'.repeat(size)).replace('/', path))
      await turn()
      return onlyReply(client.received).status
    }
    expect([await send('/more', 20), await send('/more', 21)]).toEqual([200, 413])
    expect([await send('/less', 5), await send('/less', 6)]).toEqual([200, 413])
    expect([await send('/', 10), await send('/', 11)]).toEqual([200, 413])
  })

  it('a second reader has no say in it', async () => {
    const t = testServer(async (c) => {
      const first = c.body.text()
      await expect(c.body.bytes(2)).rejects.toThrow(TypeError)
      return c.text(await first)
    })
    const client = t.connect()
    client.send(post('abcde').slice(0, -1))
    await turn()
    client.send('e')
    await turn()
    expect(onlyReply(client.received)).toMatchObject({ status: 200, body: 'abcde' })
  })

  it('the error of a read that went too far stays', async () => {
    const t = testServer(
      async (c) => {
        const reader = c.body.stream().getReader()
        const codes: unknown[] = []
        for (let i = 0; i < 3; i++) await reader.read().catch((error: unknown) => codes.push((error as HttpError).code))
        return c.text(codes.join())
      },
      { limits },
    )
    const client = t.connect()
    client.send(frame('x'.repeat(11)))
    await turn()
    expect(onlyReply(client.received).body).toMatch(/^(CONTENT_TOO_LARGE,?)+$/)
  })
})

describe('1 MiB is the default limit', () => {
  it.each([
    [1024 * 1024, 200],
    [1024 * 1024 + 1, 413],
  ])('%i bytes: %i', async (size, status) => {
    const client = testServer(async (c) => c.text(`${(await c.body.bytes()).length}`)).connect()
    client.send(post('x'.repeat(size)))
    await turn()
    expect(onlyReply(client.received).status).toBe(status)
  })

  it.each([
    [1024 * 1024, 'open'],
    [1024 * 1024 + 1, 'ended'],
  ])('%i bytes that nobody reads: %s', (size, state) => {
    const client = testServer((c) => c.text('')).connect()
    client.send(request('POST', '/', `Content-Length: ${size}\r\n`))
    expect(client.state).toBe(state)
  })
})

describe('a 413 reaches a client that is still sending (RFC 9112 §9.6)', () => {
  it.each([
    ['Content-Length', `Content-Length: ${64 * 1024 * 1024}\r\n`, ''],
    ['chunked', 'Transfer-Encoding: chunked\r\n', '10000\r\n'],
  ])('%s, over a socket', async (_, fields, prefix) => {
    const server = createServer(async (c) => c.text(await c.body.text()), { limits: { bodyBytes: 1000 } })
    await server.listen({ port: 0 })
    const client = rawClient(server)
    const piece = prefix + 'x'.repeat(65_536) + (prefix && '\r\n')
    client.send(request('POST', '/', fields))
    // It goes on as a client does that reads only when it has sent everything.
    for (let i = 0; i < 64; i++) client.send(piece)
    const received = await client.ended
    expect(onlyReply(received).status).toBe(413)
    expect(onlyReply(received).complete).toBe(true)
    await server.close({ deadline: 0 })
  })
})

describe('content that the handler did not read (RFC 9112 §9.3)', () => {
  const limits = { discardBytes: 1000 }
  const unread = testServer((c) => c.text(c.path), { limits })

  it.each(framings)('%s: is dropped, and the next request served', (_, frame) => {
    const client = unread.connect()
    client.send(frame('x'.repeat(500)) + get('/next'))
    expect(bodies(client.received)).toEqual(['/', '/next'])
    expect(client.state).toBe('open')
  })

  it.each(framings)('%s: also when it comes late', (_, frame) => {
    const client = unread.connect()
    const wire = frame('x'.repeat(500))
    client.send(wire.slice(0, 200))
    expect(statuses(client.received)).toEqual([200])
    client.send(wire.slice(200))
    client.send(get('/next'))
    expect(bodies(client.received)).toEqual(['/', '/next'])
  })

  it.each([
    [1000, 'keep-alive', 'open'],
    [1001, 'close', 'ended'],
  ])('%i bytes announced of 1000 that are dropped: %s', (size, said, state) => {
    const client = unread.connect()
    client.send(request('POST', '/', `Content-Length: ${size}\r\n`))
    expect(onlyReply(client.received).fields.get('connection')).toBe(said)
    expect(client.state).toBe(state)
  })

  it('chunked content beyond the cap ends the connection, and nothing of it is a request', () => {
    const client = unread.connect()
    client.send(request('POST', '/', 'Transfer-Encoding: chunked\r\n'))
    expect(onlyReply(client.received).fields.get('connection')).toBe('keep-alive')
    client.send(`320\r\n${'x'.repeat(800)}\r\n`)
    expect(client.state).toBe('open')
    client.send(`320\r\n${'x'.repeat(800)}\r\n`)
    client.send(`0\r\n\r\n${get('/smuggled')}`)
    expect(client.state).toBe('ended')
    expect(statuses(client.received)).toEqual([200])
  })

  it.each([
    ['Content-Length', 'Content-Length: 3000\r\n', (n: number) => 'x'.repeat(n), ''],
    [
      'chunked',
      'Transfer-Encoding: chunked\r\n',
      (n: number) => `${n.toString(16)}\r\n${'x'.repeat(n)}\r\n`,
      '0\r\n\r\n',
    ],
  ])('%s: what was read before does not count', async (_, fields, piece, end) => {
    const t = testServer(
      async (c) => {
        const first = await c.body[Symbol.asyncIterator]().next()
        return c.text(`${(first.value as Uint8Array).length}`)
      },
      { limits },
    )
    const client = t.connect()
    client.send(request('POST', '/', fields) + piece(2000))
    await turn()
    expect(onlyReply(client.received)).toMatchObject({ body: '2000' })
    client.send(piece(999))
    await turn()
    expect(client.state).toBe('open')
    client.send(`${piece(1)}${end}${request('POST', '/', 'Content-Length: 1\r\n')}x`)
    await turn()
    expect(bodies(client.received)).toEqual(['2000', '1'])
  })

  it('half of it read: the other half is dropped', async () => {
    const t = testServer(async (c) => {
      const first = await c.body[Symbol.asyncIterator]().next()
      return c.text(`${(first.value as Uint8Array).length}`)
    })
    const client = t.connect()
    client.send(`${request('POST', '/', 'Content-Length: 10\r\n')}abc`)
    await turn()
    expect(bodies(client.received)).toEqual(['3'])
    client.send(`defghij${get('/')}`)
    await turn()
    client.send(`${request('POST', '/', 'Content-Length: 10\r\n')}abcd`)
    await turn()
    expect(statuses(client.received).length).toBeGreaterThan(1)
    expect(client.state).toBe('open')
  })

  it('is not given to a reader that comes after the reply', async () => {
    let late: Promise<string> | undefined
    const t = testServer((c) => {
      const { body } = c
      late = turn().then(() => body.text())
      late.catch(() => {})
      return c.text('x')
    })
    const client = t.connect()
    client.send(`${request('POST', '/', 'Content-Length: 10\r\n')}abc`)
    await expect(late).rejects.toThrow('before the content was read')
    client.send('defghij')
    expect(client.state).toBe('open')
  })
})
