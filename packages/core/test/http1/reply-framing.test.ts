import { Readable } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import { type BodySource, type Context, Reply } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { get, muteErrors, onlyReply, replies, request, turn } from '../support.ts'

muteErrors()

async function* generate(...pieces: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve()
    yield piece
  }
}

/** What one request gets, on the wire, and what becomes of the connection. */
async function wire(handler: (c: Context) => Reply, head = get()): Promise<{ wire: string; state: string }> {
  const client = testServer(handler).connect()
  client.send(head)
  await turn(4)
  return { wire: client.received, state: client.state }
}

describe('content at hand goes with its length (RFC 9112 §6.2)', () => {
  it.each<[string, BodySource, string]>([
    ['text', 'hello', 'hello'],
    ['empty text', '', ''],
    ['nothing', null, ''],
    ['text beyond ASCII, as UTF-8', 'é€😀', Buffer.from('é€😀').toString('latin1')],
    ['long text beyond ASCII', 'é'.repeat(100), Buffer.from('é'.repeat(100)).toString('latin1')],
    ['bytes', new Uint8Array([0, 1, 254, 255]), '\x00\x01\xfe\xff'],
    ['no bytes', new Uint8Array(0), ''],
    ['text longer than a slice', 'abcd'.repeat(100_000), 'abcd'.repeat(100_000)],
    ['bytes longer than a slice', Buffer.alloc(600_000, 'xyz'), 'xyz'.repeat(200_000)],
  ])('%s', async (_, content, body) => {
    const { wire: seen, state } = await wire(() => new Reply(content))
    const reply = onlyReply(seen)
    expect(reply.fields.get('content-length')).toBe(String(body.length))
    expect(reply.body === body).toBe(true)
    expect(reply.complete).toBe(true)
    expect(state).toBe('open')
  })

  it('head and content leave in one write', async () => {
    for (const content of ['text', 'é', new Uint8Array(10)]) {
      const client = testServer(() => new Reply(content)).connect()
      client.send(get())
      expect(client.writes).toBe(1)
    }
  })

  it('a Content-Length that is not true is an error of the handler (RFC 9110 §8.6)', async () => {
    const { wire: seen } = await wire(() => new Reply('12345', { headers: { 'content-length': '4' } }))
    expect(onlyReply(seen).status).toBe(500)
    expect(onlyReply(seen).complete).toBe(true)
  })

  it.each<[string, BodySource, string]>([
    ['text', 'coded', '5\r\ncoded\r\n0\r\n\r\n'],
    ['pieces', generate('co', 'ded'), '2\r\nco\r\n3\r\nded\r\n0\r\n\r\n'],
    ['nothing', null, '0\r\n\r\n'],
  ])(
    '%s in a transfer coding that the handler has applied goes in chunks (RFC 9112 §6.1)',
    async (_, content, body) => {
      const reply = (): Reply =>
        Object.assign(new Reply(content, { headers: { 'Content-Length': '9' } }), { codings: 'gzip' })
      const { wire: seen, state } = await wire(reply)
      expect(seen).toContain('\r\nTransfer-Encoding: gzip, chunked\r\n')
      expect([seen.includes('Content-Length'), seen.slice(seen.indexOf('\r\n\r\n') + 4), state]).toEqual([
        false,
        body,
        'open',
      ])
      const old = await wire(() => Object.assign(new Reply('x'), { codings: 'gzip' }), request('GET', '/', '', '1.0'))
      expect(onlyReply(old.wire).status).toBe(500)
    },
  )

  it.each(['-1', '1e3', '0x10', '1,1', ''])('a Content-Length %j of a handler is an error', async (value) => {
    const { wire: seen } = await wire(() => new Reply('x', { headers: { 'content-length': value } }))
    expect(onlyReply(seen).status).toBe(500)
  })

  it('a Content-Length that is true is not written twice', async () => {
    const { wire: seen } = await wire(() => new Reply('12345', { headers: { 'Content-Length': '5' } }))
    expect(onlyReply(seen).fields.get('content-length')).toBe('5')
  })

  it('a Transfer-Encoding of a handler is not written: framing is not its business (RFC 9112 §6.1)', async () => {
    const { wire: seen } = await wire(() => new Reply('12345', { headers: { 'transfer-encoding': 'gzip' } }))
    expect(onlyReply(seen).fields.has('transfer-encoding')).toBe(false)
    expect(onlyReply(seen).body).toBe('12345')
  })
})

describe('streams (RFC 9112 §7.1)', () => {
  it('are chunked in 1.1', async () => {
    const { wire: seen, state } = await wire((c) => c.stream(generate('ab', new Uint8Array(17).fill(120), 'é')))
    expect(onlyReply(seen).fields.get('transfer-encoding')).toBe('chunked')
    expect(seen.split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe(
      `2\r\nab\r\n11\r\n${'x'.repeat(17)}\r\n2\r\n\xc3\xa9\r\n0\r\n\r\n`,
    )
    expect(state).toBe('open')
  })

  it('pieces without bytes do not end them: a chunk of size 0 is the last', async () => {
    const { wire: seen } = await wire((c) => c.stream(generate('a', '', new Uint8Array(0), 'b')))
    expect(onlyReply(seen)).toMatchObject({ body: 'ab', complete: true })
  })

  it('an empty one is complete', async () => {
    const { wire: seen } = await wire((c) => c.stream(generate()))
    expect(onlyReply(seen)).toMatchObject({ body: '', complete: true })
  })

  it('end with the connection in 1.0, which knows no chunks (RFC 9112 §6.1, §6.3)', async () => {
    const head = get('/', 'Connection: keep-alive\r\n', '1.0')
    const { wire: seen, state } = await wire((c) => c.stream(generate('ab', 'cd')), head)
    const reply = onlyReply(seen)
    expect(reply.fields.has('transfer-encoding')).toBe(false)
    expect(reply.fields.has('content-length')).toBe(false)
    expect(reply.fields.get('connection')).toBe('close')
    expect(reply.body).toBe('abcd')
    expect(state).toBe('ended')
  })

  it.each(['1.0', '1.1'])('with a Content-Length are sent by it in %s', async (version) => {
    const head = get('/', 'Connection: keep-alive\r\n', version)
    const { wire: seen, state } = await wire(
      (c) => c.stream(generate('ab', 'cd'), { headers: { 'content-length': '4' } }),
      head,
    )
    expect(onlyReply(seen)).toMatchObject({ body: 'abcd', complete: true })
    expect(onlyReply(seen).fields.has('transfer-encoding')).toBe(false)
    expect(state).toBe('open')
  })

  it.each([
    ['shorter', '5', 'abcd'],
    ['longer', '3', 'ab'],
  ])('%s than their Content-Length are cut, never complete (RFC 9112 §8)', async (_, length, body) => {
    const { wire: seen, state } = await wire((c) =>
      c.stream(generate('ab', 'cd'), { headers: { 'content-length': length } }),
    )
    expect(onlyReply(seen)).toMatchObject({ body, complete: false })
    expect(state).toBe('closed')
  })

  it.each<[string, unknown]>([
    ['a number', 5],
    ['nothing', undefined],
    ['null', null],
    ['an object', {}],
    ['a list', [1, 2]],
    ['an ArrayBuffer', new ArrayBuffer(3)],
    ['an array of numbers of two bytes', new Uint16Array(9000)],
    ['a DataView', new DataView(new ArrayBuffer(3))],
  ])('a piece that is %s is an error of the source: cut, never left out (RFC 9112 §8)', async (_, piece) => {
    const { wire: seen, state } = await wire((c) => c.stream(generate('ab', piece as string, 'cd')))
    expect(onlyReply(seen)).toMatchObject({ body: 'ab', complete: false })
    expect(state).toBe('closed')
  })

  it.each<[string, () => BodySource]>([
    ['ReadableStream', () => new Response('abcd').body],
    ['Readable', () => Readable.from([Buffer.from('ab'), Buffer.from('cd')])],
    ['Readable of text', () => Readable.from(['ab', 'cd'])],
    ['async generator', () => generate('ab', 'cd')],
  ])('come from a %s', async (_, source) => {
    const { wire: seen } = await wire((c) => c.stream(source()))
    expect(onlyReply(seen)).toMatchObject({ body: 'abcd', complete: true })
  })

  it('have trailers when there are some (RFC 9110 §6.5)', async () => {
    const t = testServer((c) => {
      let bytes = 0
      const reply = c.stream(
        (async function* () {
          for await (const piece of generate('abc', 'de')) {
            bytes += piece.length
            yield piece
          }
        })(),
      )
      reply.trailers = () => ({ 'x-bytes': String(bytes) })
      return reply
    })
    const client = t.connect()
    client.send(get() + get('/', '', '1.0'))
    await turn(6)
    const [first, second] = replies(client.received)
    expect(first).toMatchObject({ body: 'abcde', complete: true })
    expect([...first!.trailers]).toEqual([['x-bytes', '5']])
    expect([...second!.trailers]).toEqual([])
    expect(second!.body).toBe('abcde')
  })

  it('leave trailers out that must not be there (RFC 9110 §6.5.1)', async () => {
    const { wire: seen } = await wire((c) => {
      const reply = c.stream(generate('abc'))
      reply.trailers = () => ({ 'Content-Length': '5', 'transfer-encoding': 'x', 'Set-Cookie': 'a=b', 'x-a': '1' })
      return reply
    })
    expect([...onlyReply(seen).trailers]).toEqual([['x-a', '1']])
  })

  it('content at hand can have trailers too', async () => {
    const { wire: seen } = await wire((c) => {
      const reply = c.text('abc')
      reply.trailers = () => [['x-a', '1']]
      return reply
    })
    expect(onlyReply(seen)).toMatchObject({ body: 'abc', complete: true })
    expect([...onlyReply(seen).trailers]).toEqual([['x-a', '1']])
  })
})

describe('Date (RFC 9110 §6.6.1)', () => {
  it('is in every reply, in the fixed format', async () => {
    const { wire: seen } = await wire((c) => c.text('x'))
    expect(onlyReply(seen).fields.get('date')).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/)
  })

  it('of the handler is kept, once', async () => {
    const { wire: seen } = await wire((c) => c.text('x', { headers: { DATE: 'Thu, 01 Jan 1970 00:00:00 GMT' } }))
    expect(onlyReply(seen).fields.get('date')).toBe('Thu, 01 Jan 1970 00:00:00 GMT')
  })

  it('moves on with the clock', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2030, 0, 1) })
    try {
      const t = testServer((c) => c.text('x'))
      const client = t.connect()
      client.send(get())
      vi.setSystemTime(Date.UTC(2030, 0, 1, 0, 0, 7))
      t.advance(1000)
      client.send(get())
      expect(replies(client.received).map((m) => m.fields.get('date'))).toEqual([
        'Tue, 01 Jan 2030 00:00:00 GMT',
        'Tue, 01 Jan 2030 00:00:07 GMT',
      ])
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('status', () => {
  it.each([200, 201, 299, 404, 418, 599])('%i is sent as it is', async (status) => {
    const { wire: seen } = await wire(() => new Reply('x', status))
    expect(onlyReply(seen).status).toBe(status)
  })

  it.each([0, 99, 100, 101, 199, 600, 1000, 200.5, Number.NaN])('%d is no final status: 500', async (status) => {
    const { wire: seen } = await wire(() => new Reply('x', status))
    expect(onlyReply(seen).status).toBe(500)
  })

  it('an unknown one has an empty reason, and the space before it (RFC 9112 §4)', async () => {
    const { wire: seen } = await wire(() => new Reply('x', 299))
    expect(seen.startsWith('HTTP/1.1 299 \r\n')).toBe(true)
  })

  it('the version is ours, also for a 1.0 client (RFC 9110 §2.5)', async () => {
    const { wire: seen } = await wire((c) => c.text('x'), request('GET', '/', '', '1.0'))
    expect(seen.startsWith('HTTP/1.1 200 OK\r\n')).toBe(true)
  })
})
