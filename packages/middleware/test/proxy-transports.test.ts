import { mkdtempSync, rmSync } from 'node:fs'
import { type OutgoingHttpHeaders, connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Context, type Peer, type ListenOptions, type ServerOptions, serve } from '@spillway/core'
import { proxy } from '@spillway/middleware/proxy'
import { withTools } from '@spillway/vitest-config/tools'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type TestAuthority, makeAuthority, openssl } from '../../core/test/certificates.ts'
import { proxyHeader } from '../src/lib/proxy/proxy-header.ts'
import { echoHead, front, get, group, rawUpstream, until } from './proxy-support.ts'

/** A server of ours as upstream. */
async function ours(
  options: ServerOptions & ListenOptions,
  handler: (c: Context) => string = (c) => c.peer.address,
): Promise<string> {
  const server = await serve((c) => c.text(handler(c)), { host: '127.0.0.1', port: 0, ...options })
  onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
  return server.url
}

const content = (reply: string): string => reply.slice(reply.indexOf('\r\n\r\n') + 4)

test('over a unix socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-unix-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const upstream = await rawUpstream(echoHead, join(folder, 'app.sock'))
  const { server } = await front(group([upstream.url]), { host: 'upstream' })
  expect(await get(server, '/x')).toMatch(/GET \/x HTTP\/1\.1\r\nhost: localhost\r\n/)
  const gone = await front(group([`unix:${folder}/none.sock`]))
  expect(await get(gone.server)).toMatch(/ 502 /)
})

withTools(openssl)('over TLS', () => {
  let authority: TestAuthority
  beforeAll(() => {
    authority = makeAuthority()
    return () => authority.remove()
  })

  const secure = async (handler?: (c: Context) => string): Promise<string> => {
    const { cert, key } = authority.issue('localhost', ['localhost'])
    const url = await ours({ tls: { cert, key } }, handler)
    return url.replace('127.0.0.1', 'localhost')
  }

  test('the server proves its name, and is told that the client is not encrypted', async () => {
    const url = await secure((c) => `${c.peer.secure} ${c.peer.servername} ${c.headers.get('x-forwarded-proto')}`)
    const { server } = await front(group([url], { tls: { ca: authority.ca } }))
    for (let i = 0; i < 3; i++) expect(content(await get(server))).toBe('true localhost http')
  })

  test('a server that nobody vouches for, or that has another name, is 502', async () => {
    const url = await secure()
    const unknown = await front(group([url]))
    expect(await get(unknown.server)).toMatch(/ 502 .*UPSTREAM_UNREACHABLE/s)
    const misnamed = await front(group([url], { tls: { ca: authority.ca, servername: 'other.example' } }))
    expect(await get(misnamed.server)).toMatch(/ 502 .*UPSTREAM_UNREACHABLE/s)
  })

  test('we show our certificate to a server that asks for it', async () => {
    const { cert, key } = authority.issue('localhost', ['localhost'])
    const client = authority.issue('the proxy')
    const url = await ours(
      { tls: { cert, key, ca: authority.ca, requestCert: true } },
      (c) => c.peer.certificate!.subject,
    )
    const tls = { ca: authority.ca, cert: client.cert, key: client.key }
    const { server } = await front(group([url.replace('127.0.0.1', 'localhost')], { tls }))
    expect(content(await get(server))).toBe('CN=the proxy')
  })

  test('from HTTP/2 clients, content and trailers too', async () => {
    const upstream = await rawUpstream((socket, head) => {
      if (head.startsWith('GET')) echoHead(socket, head)
      else socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n')
    })
    const { cert, key } = authority.issue('localhost', ['localhost'])
    const server = await serve(proxy(group([upstream.url])), {
      host: '127.0.0.1',
      port: 0,
      tls: { cert, key },
      http2: true,
    })
    onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
    const session = connectHttp2(`https://localhost:${server.port}`, { ca: authority.ca })
    onTestFinished(() => session.close())
    const exchange = async (
      fields: OutgoingHttpHeaders,
      sent?: string,
    ): Promise<[content: string, trailers: unknown]> => {
      const stream = session.request(fields)
      let trailers: unknown
      stream.on('trailers', (received) => (trailers = received))
      stream.end(sent)
      let text = ''
      for await (const chunk of stream) text += String(chunk)
      return [text, trailers]
    }
    const [head] = await exchange({ ':path': '/x?y', cookie: ['a=1', 'b=2'] })
    expect(head).toMatch(
      /^GET \/x\?y HTTP\/1\.1\r\nhost: localhost:\d+\r\n.*cookie: a=1; b=2\r\n.*via: 2\.0 spillway\r\n/s,
    )
    expect(head).toContain('x-forwarded-proto: https\r\n')
    expect(await exchange({ ':method': 'POST', ':path': '/' }, 'hello')).toMatchObject(['ok', { 'x-sum': '7' }])
    expect(upstream.received).toMatch(/transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/)
  })

  test('behind a PROXY header', async () => {
    const { cert, key } = authority.issue('localhost', ['localhost'])
    const options = { tls: { cert, key }, proxyProtocol: { trusted: ['127.0.0.1'] } }
    const url = (await ours(options, (c) => `${c.peer.address} ${c.peer.secure}`)).replace('127.0.0.1', 'localhost')
    const { server } = await front(group([url], { tls: { ca: authority.ca }, proxyProtocol: 2 }))
    expect(content(await get(server))).toBe('127.0.0.1 true')
  })
})

describe.each([1, 2] as const)('PROXY protocol, version %i', (version) => {
  test('says who the client is, on a connection for it alone', async () => {
    const upstream = await rawUpstream(() => {})
    const to = group([upstream.url], { proxyProtocol: version })
    const { server } = await front(to)
    const replies = Promise.all([get(server), get(server)])
    await until(() => upstream.sockets.size === 2 && upstream.received.split('GET / ').length === 3)
    for (const socket of upstream.sockets) echoHead(socket, 'x')
    await replies
    await until(() => upstream.sockets.size === 0)
    const signature =
      version === 1 ? 'PROXY TCP4 127.0.0.1 127.0.0.1 ' : '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01'
    expect(upstream.received.startsWith(signature)).toBe(true)
    expect(upstream.received.split(signature)).toHaveLength(3)
  })

  test('is read by core', async () => {
    const options = { proxyProtocol: { trusted: ['127.0.0.1'] } }
    const url = await ours(options, (c) => `${c.peer.address}:${c.peer.port > 0}`)
    const { server } = await front(group([url], { proxyProtocol: version }))
    expect(content(await get(server))).toBe('127.0.0.1:true')
  })
})

const peer = (address: string, secure = false): Peer => ({ address, port: 56_324, secure })

describe('PROXY headers', () => {
  const to = { address: '192.0.2.2', port: 443 }
  const to6 = { address: '2001:db8::2', port: 443 }

  test.each([
    [peer('192.0.2.1'), to, 'PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n'],
    [peer('2001:db8::1'), to6, 'PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n'],
    [peer('192.0.2.1'), to6, 'PROXY UNKNOWN\r\n'],
    [peer(''), to, 'PROXY UNKNOWN\r\n'],
  ])('of version 1', (from, at, expected) => {
    expect(proxyHeader(1, from, at).toString('latin1')).toBe(expected)
  })

  test.each([
    [peer('192.0.2.1'), to, '2111000cc0000201c0000202dc0401bb'],
    [peer('192.0.2.1', true), to, '21110014c0000201c0000202dc0401bb2000050100000001'],
    [peer('2001:db8::1'), to6, '2121002420010db800000000000000000000000120010db8000000000000000000000002dc0401bb'],
    [
      peer('::1'),
      { address: '::ffff:1.2.3.4', port: 1 },
      '212100240000000000000000000000000000000100000000000000000000ffff01020304dc040001',
    ],
    [peer(''), to, '21000000'],
  ])('of version 2', (from, at, expected) => {
    const header = proxyHeader(2, from, at)
    expect(header.subarray(0, 12).toString('hex')).toBe('0d0a0d0a000d0a515549540a')
    expect(header.subarray(12).toString('hex')).toBe(expected)
  })
})
