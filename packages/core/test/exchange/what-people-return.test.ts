import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { type Handler, Reply, serve } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { get, muteErrors, onlyReply, request, turn } from '../support.ts'

const errors = muteErrors()

async function reply(handler: Handler, bytes = get(), method = 'GET'): Promise<ReturnType<typeof onlyReply>> {
  const client = testServer(handler).connect()
  client.send(bytes)
  await turn()
  return onlyReply(client.received, method)
}

/** What a client gets from a server that answers with what it has fetched from another one. */
async function throughFetch(upstream: Server): Promise<{ readonly response: Response; readonly text: string }> {
  await new Promise<void>((resolve) => void upstream.listen(0, '127.0.0.1', resolve))
  const { port } = upstream.address() as AddressInfo
  const server = await serve(() => fetch(`http://127.0.0.1:${port}/`), { port: 0 })
  const response = await fetch(server.url)
  const text = await response.text()
  await server.close({ deadline: 0 })
  upstream.closeAllConnections()
  upstream.close()
  return { response, text }
}

describe('what people return', () => {
  it('a fetched Response whose content fetch has decoded loses the fields that no longer hold', async () => {
    const upstream = createServer((_, response) => {
      response
        .setHeader('Content-Encoding', 'gzip')
        .setHeader('Content-Digest', 'sha-256=:AA==:')
        .setHeader('Repr-Digest', 'sha-256=:AA==:')
        .setHeader('ETag', '"strong"')
        .setHeader('X-Kept', '1')
        .end(gzipSync('x'.repeat(1000)))
    })
    const { response, text } = await throughFetch(upstream)
    const fields = ['content-encoding', 'content-digest', 'repr-digest', 'etag', 'x-kept'] as const
    expect(fields.map((name) => response.headers.get(name))).toEqual([null, null, null, 'W/"strong"', '1'])
    expect(text).toBe('x'.repeat(1000))
  })

  it.each(['unknown', 'gzip, unknown'])(
    'one whose coding, %s, fetch does not know is handed on as it is',
    async (coding) => {
      const upstream = createServer((_, response) => {
        response.setHeader('Content-Encoding', coding).setHeader('ETag', '"strong"').end('opaque')
      })
      const { response, text } = await throughFetch(upstream)
      expect(response.headers.get('content-encoding')).toBe(coding)
      expect([response.headers.get('etag'), response.headers.get('content-length'), text]).toEqual([
        '"strong"',
        '6',
        'opaque',
      ])
    },
  )

  it('and what was said of the connection that it came over (RFC 9110 §7.6.1)', async () => {
    const upstream = createServer((_, response) => {
      response.setHeader('Connection', 'close, X-Hop').setHeader('X-Hop', '1').setHeader('Keep-Alive', 'timeout=1')
      response.setHeader('Trailer', 'X-T').setHeader('X-Kept', '1')
      response.write('a')
      response.end('b')
    })
    await new Promise<void>((resolve) => void upstream.listen(0, '127.0.0.1', resolve))
    const { port } = upstream.address() as AddressInfo
    const client = testServer(() => fetch(`http://127.0.0.1:${port}/`)).connect()
    client.send(get())
    await vi.waitFor(() => expect(client.received).toContain('ab'))
    const { fields, body } = onlyReply(client.received)
    const names = ['connection', 'keep-alive', 'trailer', 'x-hop', 'x-kept']
    expect([body, ...names.map((name) => fields.get(name))]).toEqual([
      'ab',
      'keep-alive',
      'timeout=72',
      undefined,
      undefined,
      '1',
    ])
    upstream.close()
  })

  it('one that was made keeps its coding', async () => {
    const { fields } = await reply(() => new Response(gzipSync('x'), { headers: { 'Content-Encoding': 'gzip' } }))
    expect(fields.get('content-encoding')).toBe('gzip')
  })

  it.each([
    ['HEAD', () => new Response(null, { status: 200 }), undefined],
    ['HEAD', () => new Response(null, { headers: { 'Content-Length': '7' } }), '7'],
    ['GET', () => new Response(null, { status: 200 }), '0'],
  ] as const)(
    '%s answered without content: a Content-Length that GET would have, or none (RFC 9110 §8.6)',
    async (method, handler, length) => {
      expect((await reply(handler, request(method, '/'), method)).fields.get('content-length')).toBe(length)
    },
  )

  it.each([
    ['/café', '/caf%C3%A9'],
    ['/日本', '/%E6%97%A5%E6%9C%AC'],
    ['/a b?c=%20&d=é#f', '/a%20b?c=%20&d=%C3%A9#f'],
    ['/%C3%A9', '/%C3%A9'],
    ['/\ud800', '/%EF%BF%BD'],
  ])('a redirect to %j goes to %s', async (location, wire) => {
    expect((await reply((c) => c.redirect(location))).fields.get('location')).toBe(wire)
  })

  it('a redirect with a line end is refused', async () => {
    expect((await reply((c) => c.redirect('/a\r\nSet-Cookie: b'))).status).toBe(500)
  })

  it('CONNECT to a handler that knows nothing of it is 405, and nobody is told', async () => {
    const client = testServer((c) => c.text('x')).connect()
    client.send('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')
    await turn()
    const { status, fields } = onlyReply(client.received, 'CONNECT')
    expect([status, fields.get('allow'), errors.calls.length]).toEqual([405, '', 0])
  })

  it('lists of values are lines, and neither undefined nor null is one', async () => {
    const given = { 'Set-Cookie': ['a=1', 'b=2'], 'X-None': undefined, 'X-None-Either': null }
    const headers = given as unknown as Record<string, string>
    const client = testServer((c) => c.text('x', { headers })).connect()
    client.send(get())
    expect(client.received).toContain('Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n')
    expect(client.received).not.toContain('X-None')
  })

  it.each([
    [{ a: 1 }, 'an object (Object)'],
    [new Date(0), 'an object (Date)'],
    [Symbol('x'), 'Symbol(x)'],
    [() => '1', 'a function (without a name)'],
  ])('what is no value of a field is refused, and named: %o', async (value, said) => {
    const init = { headers: { 'X-A': value as unknown as string } }
    expect((await reply((c) => c.text('x', init))).status).toBe(500)
    expect(errors.calls.flat().join(' ')).toContain(`Not a value for field X-A: ${said}`)
  })

  it.each([undefined, null])('a field set to %s is refused', async (value) => {
    const handler: Handler = (c) => {
      const answer = c.text('x')
      answer.headers.set('X-A', value as unknown as string)
      return answer
    }
    expect((await reply(handler)).status).toBe(500)
    expect(errors.calls.flat().join(' ')).toContain(`Not a value for field X-A: ${value}`)
  })

  it('a redirect may go to a URL, and to nothing else that is no text', async () => {
    const { fields } = await reply((c) => c.redirect(new URL('/é?a', 'http://a.example')))
    expect(fields.get('location')).toBe('http://a.example/%C3%A9?a')
    expect((await reply((c) => c.redirect(undefined as unknown as string))).status).toBe(500)
    expect(errors.calls.flat().join(' ')).toContain('A location is text or a URL, not undefined')
  })

  it.each<[unknown, string]>([
    [new Blob(['x']), 'an object (Blob)'],
    [new ArrayBuffer(1), 'an object (ArrayBuffer)'],
    [['x'], 'an array'],
    [5, '5'],
  ])('content that is none is named: %o', async (body, said) => {
    expect((await reply(() => new Reply(body as string))).status).toBe(500)
    expect(errors.calls.flat().join(' ')).toContain(`text, bytes, or a stream of them, not ${said}`)
  })

  it('a piece of content that is none is named', async () => {
    expect((await reply((c) => c.stream(Readable.from([{ a: 1 }])))).status).toBe(500)
    expect(errors.calls.flat().join(' ')).toContain('text or bytes, not an object (Object)')
  })

  it.each([
    [undefined, 'undefined'],
    [{ a: 1 }, 'an object (Object)'],
    ['hello', 'a string'],
    [7, '7'],
  ])('an error says what came: %j', async (value, said) => {
    expect((await reply(() => value as never)).status).toBe(500)
    expect(errors.calls.flat().join(' ')).toContain(`returned ${said}: neither`)
  })
})
