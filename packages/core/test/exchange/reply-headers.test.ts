import { describe, expect, it } from 'vitest'
import { HttpError, Reply, ReplyHeaders } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { get, muteErrors, onlyReply, replies, turn } from '../support.ts'

muteErrors()

const badValues: readonly string[] = [
  'a\r\nX: y',
  'a\rb',
  'a\nb',
  '\n',
  '\0',
  'a\x1fb',
  'a\x7f',
  ' a',
  'a ',
  '\ta',
  'a€',
  '😀',
]
const badNames: readonly string[] = ['', ' ', 'a b', 'a:', 'a\r\nb', 'a\n', 'é', 'a\0', '(a)', 'a/b', '"a"', 'a,b', '€']
const goodValues: readonly string[] = ['', 'a', 'a b', 'a\tb', '\xe9\xff', '"quoted, list"; q=1', '\x80']

describe('ReplyHeaders', () => {
  it('keeps wire order and the case of names, and compares without case (RFC 9110 §5.1)', () => {
    const headers = new ReplyHeaders().set('B-Name', '1').set('a-name', '2').append('C', '3')
    expect([...headers]).toEqual([
      ['B-Name', '1'],
      ['a-name', '2'],
      ['C', '3'],
    ])
    expect([headers.get('b-name'), headers.get('A-NAME'), headers.has('c'), headers.size]).toEqual(['1', '2', true, 3])
    expect([headers.get('x'), headers.has('x')]).toEqual([null, false])
  })

  it('append adds a line, set replaces all lines at the place of the first (RFC 9110 §5.3)', () => {
    const headers = new ReplyHeaders()
      .append('a', '1')
      .append('b', '2')
      .append('A', '3')
      .append('c', '4')
      .append('a', '5')
    expect(headers.get('a')).toBe('1, 3, 5')
    headers.set('A', '6')
    expect([...headers].map(([name, value]) => [name.toLowerCase(), value])).toEqual([
      ['a', '6'],
      ['b', '2'],
      ['c', '4'],
    ])
  })

  it('delete removes every line of a name', () => {
    const headers = new ReplyHeaders()
      .append('a', '1')
      .append('b', '2')
      .append('A', '3')
      .delete('a')
      .delete('not-there')
    expect([...headers]).toEqual([['b', '2']])
  })

  it('Set-Cookie lines stay apart (RFC 9110 §5.3)', () => {
    const headers = new ReplyHeaders().append('Set-Cookie', 'a=1, x').append('x', 'y').append('set-cookie', 'b=2')
    expect(headers.getSetCookie()).toEqual(['a=1, x', 'b=2'])
  })

  it('names are plain data', () => {
    const headers = new ReplyHeaders().set('__proto__', 'a').set('constructor', 'b')
    expect([headers.get('__proto__'), headers.get('constructor'), headers.get('toString')]).toEqual(['a', 'b', null])
  })

  it('values that are not strings become strings before they are checked', () => {
    const sly = { toString: () => 'a\r\nb' } as unknown as string
    expect(() => new ReplyHeaders().set('a', sly)).toThrow(TypeError)
    expect(new ReplyHeaders().set('a', 5 as unknown as string).get('a')).toBe('5')
  })

  it.each(goodValues)('takes the value %j (RFC 9110 §5.5)', (value) => {
    expect(new ReplyHeaders().set('a', value).append('a', value).getSetCookie()).toEqual([])
    expect(new ReplyHeaders().set('a', value).get('a')).toBe(value)
  })

  it.each(badValues)('refuses the value %j and stays as it was (RFC 9110 §5.5)', (value) => {
    const headers = new ReplyHeaders().set('a', '1')
    expect(() => headers.set('a', value)).toThrow(TypeError)
    expect(() => headers.set('b', value)).toThrow(TypeError)
    expect(() => headers.append('a', value)).toThrow(TypeError)
    expect([...headers]).toEqual([['a', '1']])
  })

  it.each(badNames)('refuses the name %j (RFC 9110 §5.1)', (name) => {
    const headers = new ReplyHeaders()
    expect(() => headers.set(name, '1')).toThrow(TypeError)
    expect(() => headers.append(name, '1')).toThrow(TypeError)
    expect(headers.size).toBe(0)
  })

  it('fields of one reply do not show up in another', () => {
    const t = testServer((c) => {
      const reply = c.text('x')
      if (c.path === '/a') reply.headers.set('x-a', '1').delete('content-type')
      return reply
    })
    const client = t.connect()
    client.send(get('/a') + get('/b'))
    const [a, b] = replies(client.received)
    expect([a!.fields.get('x-a'), a!.fields.get('content-type')]).toEqual(['1', undefined])
    expect([b!.fields.get('x-a'), b!.fields.get('content-type')]).toEqual([undefined, 'text/plain; charset=utf-8'])
  })
})

describe('nothing of a bad field reaches the wire (RFC 9110 §5.5, §17.13)', () => {
  it.each([...badValues, 'x\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK'])('value %j: 500', async (value) => {
    const t = testServer((c) => c.text('x', { headers: { 'x-field': value } }))
    const client = t.connect()
    client.send(get())
    await turn()
    const reply = onlyReply(client.received)
    expect(reply.status).toBe(500)
    expect(reply.fields.has('x-field')).toBe(false)
    expect(client.state).toBe('open')
  })

  it.each(badNames)('name %j: 500', async (name) => {
    const t = testServer(async (c) => c.text('x', { headers: [[name, 'value']] }))
    const client = t.connect()
    client.send(get())
    await turn()
    expect(onlyReply(client.received).status).toBe(500)
    expect(client.received).not.toContain('value')
  })

  it('a redirect to what no field can carry: 500', () => {
    const client = testServer((c) => c.redirect('/\r\nSet-Cookie: a=b')).connect()
    client.send(get())
    expect(onlyReply(client.received).status).toBe(500)
    expect(client.received).not.toContain('Set-Cookie')
  })

  it('fields of an HttpError are checked when they are set', () => {
    expect(() => new HttpError(401).headers.set('www-authenticate', 'Basic\r\nx: y')).toThrow(TypeError)
  })

  it.each([
    ['value', { 'x-a': 'a\r\nb' }],
    ['name', { 'x a': 'b' }],
  ])('a trailer with a bad %s cuts the message: it is never complete', async (_, trailers) => {
    const t = testServer((c) => {
      const reply = c.text('abc')
      reply.trailers = () => trailers
      return reply
    })
    const client = t.connect()
    client.send(get())
    await turn(4)
    expect(onlyReply(client.received)).toMatchObject({ body: 'abc', complete: false })
    expect(client.state).toBe('closed')
  })

  it('values from U+0080 to U+00FF are one byte each (RFC 9110 §5.5, obs-text)', () => {
    const client = testServer((c) => c.text('é', { headers: { 'x-a': '\xe9\xff' } })).connect()
    client.send(get())
    expect(onlyReply(client.received).fields.get('x-a')).toBe('\xe9\xff')
    expect(onlyReply(client.received).body).toBe('\xc3\xa9')
  })
})

describe('Reply and fetch Response', () => {
  it('from a Response: status, fields, cookies apart, content', async () => {
    const response = new Response('abc', {
      status: 201,
      headers: [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['x-a', '1'],
      ],
    })
    const reply = Reply.from(response)
    expect(reply.status).toBe(201)
    expect(reply.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(reply.headers.get('x-a')).toBe('1')
    expect(await new Response(reply.body as ReadableStream).text()).toBe('abc')
  })

  it.each<[string, () => Reply, string]>([
    ['text', () => new Reply('é'), 'é'],
    ['bytes', () => new Reply(new Uint8Array([97])), 'a'],
    ['nothing', () => new Reply(), ''],
    ['ReadableStream', () => new Reply(new Response('abc').body), 'abc'],
    [
      'async iterable',
      () =>
        new Reply(
          (async function* () {
            yield 'a'
            yield new Uint8Array([98])
          })(),
        ),
      'ab',
    ],
  ])('to a Response: %s', async (_, make, text) => {
    const reply = make()
    reply.status = 203
    reply.headers.append('set-cookie', 'a=1').append('set-cookie', 'b=2')
    const response = reply.toResponse()
    expect([response.status, response.headers.getSetCookie(), await response.text()]).toEqual([
      203,
      ['a=1', 'b=2'],
      text,
    ])
  })

  it('cancelling the Response of an async iterable ends its source', async () => {
    let ended = 0
    const source = (async function* () {
      try {
        for (;;) yield 'a'
      } finally {
        ended++
      }
    })()
    const reader = new Reply(source).toResponse().body!.getReader()
    await reader.read()
    await reader.cancel()
    expect(ended).toBe(1)
  })
})
