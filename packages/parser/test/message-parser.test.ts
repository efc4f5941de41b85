import { describe, expect, test } from 'vitest'
import { BodyKind, decodeLatin1, MessageParser, ParseError, type ParserEvent } from '../src/index.ts'
import { bytesOf } from './replay.ts'

const plain = (event: ParserEvent): unknown => {
  if (event.type === 'request') return `${event.head.method} ${event.head.target}`
  if (event.type === 'response') return `${event.head.status} ${event.head.reason}`
  if (event.type === 'end') return event.trailers.length === 0 ? event.bytes : [event.bytes, ...event.trailers]
  return `${event.type} ${decodeLatin1(event.data, 0, event.data.length)}`
}

/** The events of `text` fed in pieces of `size`, neighbouring data joined. */
function events(parser: MessageParser, text: string, size: number): unknown[] {
  const seen: unknown[] = []
  const add = (event: ParserEvent): void => {
    const last = seen.at(-1)
    const next = plain(event)
    if ((event.type === 'data' || event.type === 'rest') && typeof last === 'string' && last.startsWith(event.type)) {
      seen[seen.length - 1] = last + String(next).slice(event.type.length + 1)
    } else seen.push(next)
  }
  for (let at = 0; at < text.length; at += size) {
    for (const event of parser.feed(bytesOf(text.slice(at, at + size)))) add(event)
  }
  for (const event of parser.end()) add(event)
  return seen
}

const get = 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n'
const post = 'POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'
const chunked = 'PUT /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nworld\r\n0\r\nX: y\r\n\r\n'
const sizes = [1, 2, 3, 7, 50, 1000]

describe.each(sizes)('in pieces of %d bytes', (size) => {
  test('pipelined requests', () => {
    expect(events(new MessageParser('request'), get + post + chunked + get, size)).toEqual([
      'GET /1',
      get.length,
      'POST /2',
      'data hello',
      post.length,
      'PUT /3',
      'data world',
      [chunked.length, ['x', 'y']],
      'GET /1',
      get.length,
    ])
  })

  test('interim responses, an answer to HEAD, and a body until the end', () => {
    const parser = new MessageParser('response')
    for (const method of ['POST', 'HEAD']) parser.expect(method)
    const interim = 'HTTP/1.1 100 Continue\r\n\r\n'
    const created = 'HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok'
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'
    const last = 'HTTP/1.1 200 OK\r\n\r\nuntil the end'
    expect(events(parser, interim + interim + created + head + last, size)).toEqual([
      '100 Continue',
      interim.length,
      '100 Continue',
      interim.length,
      '201 Created',
      'data ok',
      created.length,
      '200 OK',
      head.length,
      '200 OK',
      'data until the end',
      last.length,
    ])
  })

  test.each([
    ['101', 'GET', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', '101 Switching Protocols'],
    ['a tunnel', 'CONNECT', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', '200 OK'],
  ])('what follows %s is the rest', (_, method, text, line) => {
    const parser = new MessageParser('response')
    parser.expect(method)
    expect(events(parser, `${text}\0\x01HTTP/1.1`, size)).toEqual([line, text.length, 'rest \0\x01HTTP/1.1'])
  })

  test('a body that is cut short', () => {
    const parser = new MessageParser('request')
    const error = { code: 'MESSAGE_INCOMPLETE', offset: post.length - 1 }
    expect(() => events(parser, post.slice(0, -1), size)).toThrow(expect.objectContaining(error))
  })

  test('a head that is cut short', () => {
    const parser = new MessageParser('request')
    const error = { code: 'MESSAGE_INCOMPLETE', offset: 10 }
    expect(() => events(parser, get + get.slice(0, 10), size)).toThrow(expect.objectContaining(error))
  })

  test('an error counts from the start of its message and stays', () => {
    const parser = new MessageParser('request')
    const bad = chunked.replace('world\r\n', 'worldXX')
    const error = expect.objectContaining({ code: 'CHUNK_END_INVALID', offset: bad.indexOf('XX') })
    expect(() => events(parser, get + bad, size)).toThrow(error)
    expect(() => [...parser.feed(bytesOf(get))]).toThrow(error)
    expect(() => [...parser.end()]).toThrow(error)
  })
})

test('stop leaves the remainder to the caller', () => {
  const parser = new MessageParser('request')
  const connect = 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'
  const seen: unknown[] = []
  for (const event of parser.feed(bytesOf(`${connect}\x16\x03`))) {
    seen.push(plain(event))
    if (event.type === 'end') parser.stop()
  }
  expect(seen).toEqual(['CONNECT a:443', connect.length, 'rest \x16\x03'])
  expect([...parser.feed(bytesOf('more'))].map(plain)).toEqual(['rest more'])
  expect(parser.partial).toBe(false)
})

test('facts and limits', () => {
  const parser = new MessageParser('request', { targetBytes: 3 })
  const [event] = [...parser.feed(bytesOf(post))]
  expect(event).toMatchObject({ type: 'request', bodyKind: BodyKind.Length, keepAlive: true })
  expect(() => [...parser.feed(bytesOf('GET /long HTTP/1.1\r\n'))]).toThrow(expect.objectContaining({ status: 414 }))
})

test('data handed out stays as it was', () => {
  const parser = new MessageParser('request')
  const kept: Uint8Array[] = []
  for (const piece of [post.slice(0, 20), post.slice(20) + get.slice(0, 5), get.slice(5)]) {
    for (const event of parser.feed(bytesOf(piece))) if (event.type === 'data') kept.push(event.data)
  }
  expect(kept.map((data) => decodeLatin1(data, 0, data.length))).toEqual(['hello'])
})

test.each(['fields', 'headBytes', 'targetBytes', 'trailerFields', 'overheadBytes'] as const)(
  'a limit that is given as undefined has its default: %s',
  (name) => {
    // what code without types does
    const limits = { [name]: undefined } as Partial<Record<typeof name, number>>
    const many = {
      fields: 'GET / HTTP/1.1\r\nHost: a\r\n' + 'a: b\r\n'.repeat(128),
      headBytes: 'GET / HTTP/1.1\r\nHost: a\r\n' + `${'a'.repeat(100)}: ${'b'.repeat(8000)}\r\n`.repeat(5),
      targetBytes: `GET /${'a'.repeat(8192)} HTTP/1.1\r\n`,
      trailerFields: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n' + 'a: b\r\n'.repeat(101),
      overheadBytes:
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n' + '0000000000000001\r\na\r\n'.repeat(20_000),
    }
    expect(() => [...new MessageParser('request', limits).feed(bytesOf(many[name]))]).toThrow(ParseError)
  },
)
