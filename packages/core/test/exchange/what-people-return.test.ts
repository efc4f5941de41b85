import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type Handler, serve } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { get, muteErrors, onlyReply, request, turn } from '../support.ts'

const errors = muteErrors()

async function reply(handler: Handler, bytes = get(), method = 'GET'): Promise<ReturnType<typeof onlyReply>> {
  const client = testServer(handler).connect()
  client.send(bytes)
  await turn()
  return onlyReply(client.received, method)
}

describe('what people return', () => {
  it('a fetched Response whose content fetch has decoded loses the fields that no longer hold', async () => {
    const upstream = createServer((_, response) => {
      response
        .setHeader('Content-Encoding', 'gzip')
        .setHeader('X-Kept', '1')
        .end(gzipSync('x'.repeat(1000)))
    })
    await new Promise<void>((resolve) => void upstream.listen(0, '127.0.0.1', resolve))
    const { port } = upstream.address() as AddressInfo
    const server = await serve(() => fetch(`http://127.0.0.1:${port}/`), { port: 0 })
    const response = await fetch(server.url)
    expect([response.headers.get('content-encoding'), response.headers.get('x-kept')]).toEqual([null, '1'])
    expect(await response.text()).toBe('x'.repeat(1000))
    await server.close({ deadline: 0 })
    upstream.closeAllConnections()
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

  it('lists of values are lines, and undefined is none', async () => {
    const headers = { 'Set-Cookie': ['a=1', 'b=2'], 'X-None': undefined } as unknown as Record<string, string>
    const client = testServer((c) => c.text('x', { headers })).connect()
    client.send(get())
    expect(client.received).toContain('Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n')
    expect(client.received).not.toContain('X-None')
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
