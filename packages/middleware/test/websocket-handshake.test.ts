import { once } from 'node:events'
import { connect } from 'node:net'
import { HttpError, Reply, type Server } from '@spillway/core'
import { type WebSocketOptions, websocket } from '@spillway/middleware/websocket'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { send, start } from './server.ts'
import type { WireReply } from './wire.ts'
import { client, echo, fields, frame, key, next, raw, serving } from './websocket-support.ts'

const ask = async (method: string, lines: string[], options?: WebSocketOptions): Promise<WireReply> => {
  const server = await serving(echo, options)
  return send(server, method, '/', lines)
}

/** The head of the 101. */
const opened = async (server: Server, ...more: string[]): Promise<string> => {
  const socket = connect(server.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.write(`${['GET / HTTP/1.1', 'Host: a', ...fields, ...more].join('\r\n')}\r\n\r\n`)
  return String((await once(socket, 'data'))[0])
}

const without = (name: string, ...more: string[]): string[] => [
  ...fields.filter((line) => !line.startsWith(name)),
  ...more,
]

describe('the handshake (RFC 6455 §4.2)', () => {
  test('is answered with the proof that it was understood', async () => {
    const server = await serving(echo)
    const socket = connect(server.port, '127.0.0.1')
    socket.write(`${['GET / HTTP/1.1', 'Host: a', ...fields].join('\r\n')}\r\n\r\n`)
    const [head] = (await once(socket, 'data')) as [Buffer]
    expect(head.toString()).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/)
    const lines = head.toString().trimEnd().split('\r\n').slice(1)
    expect(lines.filter((line) => !line.startsWith('Date')).toSorted()).toEqual([
      'Connection: Upgrade',
      // The example of RFC 6455 §1.3.
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      'Upgrade: websocket',
    ])
    socket.destroy()
  })

  test.each<[string, number, string, string[]]>([
    ['nothing', 426, 'GET', []],
    ['another protocol', 426, 'GET', without('Upgrade', 'Upgrade: h2c')],
    ['Upgrade without Connection', 426, 'GET', without('Connection')],
    ['an old version', 426, 'GET', without('Sec-WebSocket-Version', 'Sec-WebSocket-Version: 8')],
    ['no version', 426, 'GET', without('Sec-WebSocket-Version')],
    ['two versions', 426, 'GET', [...fields, 'Sec-WebSocket-Version: 8']],
    ['no key', 400, 'GET', without('Sec-WebSocket-Key')],
    ['two keys', 400, 'GET', [...fields, `Sec-WebSocket-Key: ${key}`]],
    ['a short key', 400, 'GET', without('Sec-WebSocket-Key', 'Sec-WebSocket-Key: c2hvcnQ=')],
    [
      'a key that is not base64',
      400,
      'GET',
      without('Sec-WebSocket-Key', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!=='),
    ],
    ['bits behind the key', 400, 'GET', without('Sec-WebSocket-Key', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==')],
    ['another method', 400, 'POST', fields],
    ['content', 400, 'GET', [...fields, 'Content-Length: 3']],
    ['an empty subprotocol', 400, 'GET', [...fields, 'Sec-WebSocket-Protocol: ,']],
    ['a subprotocol twice', 400, 'GET', [...fields, 'Sec-WebSocket-Protocol: a, a']],
    ['a page of another origin', 403, 'GET', [...fields, 'Origin: https://evil.example']],
    ['a page without an origin', 403, 'GET', [...fields, 'Origin: null']],
    ['a page of another port', 403, 'GET', [...fields, 'Origin: http://test:81']],
  ])('with %s: %i', async (_, status, method, lines) => {
    const reply = await ask(method, lines)
    expect(reply.status).toBe(status)
    // RFC 9110 §15.5.22, RFC 6455 §4.4
    const told = [reply.headers.get('upgrade'), reply.headers.get('sec-websocket-version')]
    expect(told).toEqual(status === 426 ? ['websocket', '13'] : [undefined, undefined])
  })

  test('extensions that are malformed: 400', async () => {
    for (const value of ['permessage-deflate; ;', 'permessage-deflate; server_max_window_bits=', ',', 'a b'])
      for (const deflate of [true, false])
        expect([
          value,
          (await ask('GET', [...fields, `Sec-WebSocket-Extensions: ${value}`], { deflate })).status,
        ]).toEqual([value, 400])
  })

  // CVE-2026-2229: window bits that zlib does not take
  test.each([
    ...['7', '8', '16', '-1', 'x', '010'].map((bits) => `server_max_window_bits=${bits}`),
    'client_max_window_bits=99',
    'server_no_context_takeover=1',
    'server_no_context_takeover; server_no_context_takeover',
    'unknown',
  ])('an offer of permessage-deflate with %s is declined, and the next one taken (RFC 7692 §7.1)', async (params) => {
    const server = await serving(echo, { deflate: true })
    const declined = `Sec-WebSocket-Extensions: permessage-deflate; ${params}`
    expect(await opened(server, declined)).not.toContain('Extensions')
    expect(await opened(server, `${declined}, permessage-deflate; server_max_window_bits=9`)).toContain(
      'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9\r\n',
    )
  })

  test.each(['cross-site', 'same-site', 'elsewhere'])(
    'without Origin, but from %s as Sec-Fetch-Site says: 403',
    async (site) => {
      expect((await ask('GET', [...fields, `Sec-Fetch-Site: ${site}`])).status).toBe(403)
      expect(await opened(await serving(echo, { origins: '*' }), `Sec-Fetch-Site: ${site}`)).toContain(' 101 ')
    },
  )

  test.each(['none', 'same-origin'])('without Origin, and from %s as Sec-Fetch-Site says', async (site) => {
    expect(await opened(await serving(echo), `Sec-Fetch-Site: ${site}`)).toContain(' 101 ')
  })

  // CVE-2024-37890: with fields cut off, others than those that were checked would be missing
  test('with more fields than there may be: 431, none is left out', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => `A${i}: b`)
    expect((await ask('GET', [...many, ...fields])).status).toBe(431)
  })

  test.each(['http://a', 'https://a'])('from a page of its own, %s', async (origin) => {
    const socket = await raw(await serving(echo), `Origin: ${origin}`)
    socket.write(frame(0x81, 'hi'))
    expect(((await once(socket, 'data')) as [Buffer])[0].toString('latin1')).toBe('\x81\x02hi')
  })

  test('from a listed origin, and from all with *', async () => {
    const headers = { origin: 'https://partner.example' }
    await client(await serving(echo, { origins: ['https://partner.example'] }), { headers })
    await client(await serving(echo, { origins: '*' }), { headers })
    expect(() => websocket(() => echo, { origins: ['partner.example'] })).toThrow(TypeError)
  })

  test.each<WebSocketOptions>([
    { messageBytes: 0 },
    { messageBytes: Infinity },
    { messageBytes: 2 ** 31 },
    { bufferedBytes: NaN },
    { messagesPerSecond: -1 },
    { messagesPerSecond: 0.5 },
    { pingInterval: 0 },
  ])('%o is refused when it is made', (options) => {
    expect(() => websocket(() => echo, options)).toThrow(RangeError)
  })

  test.each([[['a b']], [['a', '']]])('the protocols %j are refused when it is made', (protocols) => {
    expect(() => websocket(() => echo, { protocols })).toThrow(TypeError)
  })

  // CVE-2021-32640
  test('takes linear time, whatever the fields', async () => {
    for (const name of ['Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions', 'Sec-WebSocket-Key'])
      expect((await ask('GET', [...without(name), `${name}: a${' '.repeat(15_000)}b`], { deflate: true })).status).toBe(
        400,
      )
  })

  test('agrees on the first subprotocol of ours that is offered', async () => {
    const server = await serving({ open: (s) => s.send(s.protocol) }, { protocols: ['v2', 'v1'] })
    const socket = new WebSocket(server.url.replace('http', 'ws'), ['v1', 'v2', 'v3'])
    expect(await next(socket)).toBe('v2')
    expect(socket.protocol).toBe('v2')
    socket.terminate()
  })

  test('what accept throws is the reply', async () => {
    const server = await start(
      websocket(async (c) => {
        if (c.search !== '?ok') throw new HttpError(401, 'who?')
        return echo
      }),
    )
    const refused = new WebSocket(server.url.replace('http', 'ws'))
    const [error] = (await once(refused, 'error')) as [Error]
    expect(error.message).toContain('401')
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/?ok`)
    await once(socket, 'open')
    socket.terminate()
  })

  test('another reply in its place leaves nothing behind', async () => {
    let closed = 0
    const handler = websocket(() => ({ close: () => void closed++ }))
    const server = await start(async (c) => {
      await handler(c)
      return new Reply('no', 403)
    })
    expect((await send(server, 'GET', '/', fields.slice(1))).status).toBe(426)
    const socket = connect(server.port, '127.0.0.1')
    socket.end(`${['GET / HTTP/1.1', 'Host: a', ...fields].join('\r\n')}\r\n\r\n`)
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 403/)
    await vi.waitFor(() => expect(closed).toBe(1))
  })

  test('a client that leaves while accept thinks leaves nothing behind', async () => {
    let go!: () => void
    let closed = 0
    const server = await start(
      websocket(async () => {
        await new Promise<void>((resolve) => (go = resolve))
        return { close: () => void closed++ }
      }),
    )
    const socket = connect(server.port, '127.0.0.1')
    socket.write(`${['GET / HTTP/1.1', 'Host: a', ...fields].join('\r\n')}\r\n\r\n`)
    await vi.waitFor(() => expect(go).toBeDefined())
    socket.resetAndDestroy()
    await vi.waitFor(() => expect(server.stats.open).toBe(0))
    go()
    await vi.waitFor(() => expect(closed).toBe(1))
  })
})
