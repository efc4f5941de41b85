import { describe, expect, it } from 'vitest'
import { type ServerOptions } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { bodies, deferred, get, muteErrors, onlyReply, post, replies, request, statuses, turn } from '../support.ts'

muteErrors()

/** Head lines to a request. */
const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n\r\n`

const broken: [name: string, wire: string, status: number, options?: ServerOptions][] = [
  ['no target (RFC 9112 §3)', lines('GET HTTP/1.1', 'Host: a'), 400],
  ['two spaces (§3)', lines('GET  / HTTP/1.1', 'Host: a'), 400],
  ['HTTP/0.9 (§3)', 'GET /\r\n', 400],
  ['method that is not a token (§3.1)', lines('G(T / HTTP/1.1', 'Host: a'), 400],
  ['relative target (§3.2)', lines('GET a HTTP/1.1', 'Host: a'), 400],
  ['control byte in the target (§3.2)', lines('GET /\x01 HTTP/1.1', 'Host: a'), 400],
  ['no Host in 1.1 (§3.2)', lines('GET / HTTP/1.1'), 400],
  ['two Hosts (§3.2)', lines('GET / HTTP/1.1', 'Host: a', 'Host: a'), 400],
  ['Host with userinfo (RFC 9110 §7.2)', lines('GET / HTTP/1.1', 'Host: u@a'), 400],
  ['Host with a path (RFC 9110 §7.2)', lines('GET / HTTP/1.1', 'Host: a/b'), 400],
  ['HTTP/2.0 (RFC 9110 §15.6.6)', lines('GET / HTTP/2.0', 'Host: a'), 505],
  ['HTTP/x.1 (§2.3)', lines('GET / HTTP/x.1', 'Host: a'), 400],
  ['bare LF (§2.2)', 'GET / HTTP/1.1\nHost: a\n\n', 400],
  ['bare CR in a field (§2.2)', lines('GET / HTTP/1.1', 'Host: a', 'X: a\rb'), 400],
  ['space before the colon (§5.1)', lines('GET / HTTP/1.1', 'Host : a'), 400],
  ['folded line (§5.2)', lines('GET / HTTP/1.1', 'Host: a', 'X: a', ' b'), 400],
  ['NUL in a value (RFC 9110 §5.5)', lines('GET / HTTP/1.1', 'Host: a', 'X: a\0'), 400],
  ['Content-Length twice (§6.3)', request('POST', '/', 'Content-Length: 1\r\nContent-Length: 1\r\n'), 400],
  ['Content-Length list (§6.3)', request('POST', '/', 'Content-Length: 1, 1\r\n'), 400],
  ['Content-Length with a sign (RFC 9110 §8.6)', request('POST', '/', 'Content-Length: +1\r\n'), 400],
  ['Content-Length above 2^53 (RFC 9110 §8.6)', request('POST', '/', 'Content-Length: 9999999999999999\r\n'), 400],
  ['both lengths (§6.3)', request('POST', '/', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n'), 400],
  ['Transfer-Encoding in 1.0 (§6.1)', request('POST', '/', 'Transfer-Encoding: chunked\r\n', '1.0'), 400],
  ['coding behind chunked (§6.3)', request('POST', '/', 'Transfer-Encoding: chunked, gzip\r\n'), 400],
  ['unknown coding (§6.1)', request('POST', '/', 'Transfer-Encoding: gzip, chunked\r\n'), 501],
  ['target over the limit (§3)', get(`/${'a'.repeat(20)}`), 414, { limits: { targetBytes: 20 } }],
  ['too many fields (RFC 6585 §5)', get('/', 'X: 1\r\n'.repeat(9)), 431, { limits: { fields: 9 } }],
  ['head over the limit (RFC 6585 §5)', get('/', `X: ${'1'.repeat(300)}\r\n`), 431, { limits: { headBytes: 256 } }],
]

describe('a head that cannot be trusted ends the connection (RFC 9112 §2.2, §11.2)', () => {
  it.each(broken.map(([name, ...row]) => ({ name, row })))('$name', async ({ row: [wire, status, options] }) => {
    let calls = 0
    const t = testServer((c) => {
      calls++
      return c.text('smuggled')
    }, options)
    const client = t.connect()
    client.send(`${wire}${get('/smuggled')}`)
    client.send(get('/later'))
    await turn()
    const reply = onlyReply(client.received)
    expect(reply.status).toBe(status)
    expect(reply.fields.get('connection')).toBe('close')
    expect(reply.fields.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(reply.complete).toBe(true)
    // A sentence for whoever sent it, and where it is written; those of the parser have a colon or a stop.
    expect(Buffer.from(reply.body, 'latin1').toString()).toMatch(/^[A-Z].+[^.] \(RFC \d{4} §[\d.]+\)\n$/)
    expect(calls).toBe(0)
    expect(client.state).toBe('ended')
  })

  it('replies that are due come first, the error after them (RFC 9112 §9.3.2)', async () => {
    const answer = deferred()
    const t = testServer(async (c) => {
      await answer.promise
      return c.text(c.path)
    })
    const client = t.connect()
    client.send(`${get('/1')}${get('/2')}garbage\r\n\r\n${get('/3')}`)
    await turn()
    expect(client.received).toBe('')
    answer.resolve()
    await turn()
    expect(statuses(client.received)).toEqual([200, 200, 400])
    expect(bodies(client.received).slice(0, 2)).toEqual(['/1', '/2'])
    expect(client.state).toBe('ended')
  })

  it('an error behind a streamed reply waits for its end', async () => {
    const more = deferred()
    const t = testServer((c) =>
      c.stream(
        (async function* () {
          yield 'a'
          await more.promise
          yield 'b'
        })(),
      ),
    )
    const client = t.connect()
    client.send(`${get()}garbage\r\n\r\n`)
    await turn()
    expect(replies(client.received)).toHaveLength(1)
    more.resolve()
    await turn(6)
    expect(replies(client.received).map((m) => [m.status, m.complete])).toEqual([
      [200, true],
      [400, true],
    ])
  })

  it('the answer to what is no method has its content, whatever was asked before', () => {
    const t = testServer((c) => c.text('x'))
    t.connect().send(request('HEAD', '/'))
    const client = t.connect()
    client.send('(GET / HTTP/1.1\r\n')
    const reply = onlyReply(client.received)
    expect([reply.status, reply.complete, reply.body === '']).toEqual([400, true, false])
  })

  it('the answer to a broken HEAD request has no content (RFC 9110 §9.3.2)', () => {
    const client = testServer((c) => c.text('x')).connect()
    client.send('HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
    expect(onlyReply(client.received, 'HEAD').status).toBe(400)
    expect(client.received.endsWith('\r\n\r\n')).toBe(true)
  })

  it('bytes that come after are dropped without a word, and not without end', async () => {
    const client = testServer((c) => c.text('x')).connect()
    client.send('garbage\r\n\r\n')
    const { received } = client
    const megabyte = 'x'.repeat(1024 * 1024)
    for (let i = 0; i < 8; i++) client.send(megabyte)
    expect(client.state).toBe('ended')
    for (let i = 0; i < 20; i++) client.send(megabyte)
    await turn()
    expect(client.state).toBe('closed')
    expect(client.received).toBe(received)
  })
})

const brokenContent: readonly (readonly [string, string, number])[] = [
  ['chunk size that is no number (§7.1)', 'g\r\n', 400],
  ['empty chunk size (§7.1)', '\r\n', 400],
  ['0x (§7.1)', '0x5\r\nhello\r\n', 400],
  ['space before the chunk size (§7.1)', ' 5\r\nhello\r\n', 400],
  ['bare LF behind a chunk size (§7.1)', '5\nhello\r\n', 400],
  ['chunk longer than it says (§7.1)', '5\r\nhelloX\r\n', 400],
  ['chunk size over 2^53 (§7.1)', 'ffffffffffffffff\r\n', 400],
  ['bare LF in a chunk extension (§7.1.1)', '5;a\nb\r\nhello\r\n', 400],
  ['broken trailer line (§7.1.2)', '0\r\nX Y: 1\r\n\r\n', 400],
]

describe('content that is not framed right ends the connection (RFC 9112 §7.1)', () => {
  it.each(brokenContent)('%s, read by the handler', async (_, content, status) => {
    const t = testServer(async (c) => c.text(`read ${await c.body.text()}`))
    const client = t.connect()
    client.send(request('POST', '/', 'Transfer-Encoding: chunked\r\n') + content + get('/smuggled'))
    await turn()
    expect(onlyReply(client.received).status).toBe(status)
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    expect(client.state).toBe('ended')
  })

  it.each(brokenContent)('%s, not read by the handler', async (_, content) => {
    const t = testServer((c) => c.text('unread'))
    const client = t.connect()
    client.send(request('POST', '/', 'Transfer-Encoding: chunked\r\n') + content + get('/smuggled'))
    client.send(get('/smuggled'))
    await turn()
    expect(onlyReply(client.received).body).toBe('unread')
    expect(client.state).toBe('ended')
  })

  it('what came before the error is not taken for the whole content', async () => {
    const seen: string[] = []
    const t = testServer(async (c) => {
      for await (const chunk of c.body) seen.push(Buffer.from(chunk).toString())
      return c.text('complete')
    })
    const client = t.connect()
    client.send(`${request('POST', '/', 'Transfer-Encoding: chunked\r\n')}3\r\nabc\r\n`)
    await turn()
    client.send('zz\r\n')
    await turn()
    expect(seen).toEqual(['abc'])
    expect(statuses(client.received)).toEqual([400])
  })

  it('a reply that runs while its request breaks is the last on the connection', async () => {
    const go = deferred()
    const t = testServer(async (c) => {
      await go.promise
      return c.text('late')
    })
    const client = t.connect()
    client.send(`${request('POST', '/', 'Transfer-Encoding: chunked\r\n')}zz\r\n${get()}`)
    go.resolve()
    await turn()
    expect(onlyReply(client.received).body).toBe('late')
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    expect(client.state).toBe('ended')
  })

  it('content is no request: what follows it by its length is (§6.3)', async () => {
    const t = testServer(async (c) => c.text(`${c.path} ${await c.body.text()}`))
    const client = t.connect()
    client.send(post(get('/smuggled'), '/outer') + get('/next'))
    await turn()
    expect(bodies(client.received)).toEqual([`/outer ${get('/smuggled')}`, '/next '])
  })
})
