import { describe, expect, test } from 'vitest'
import { BodyKind, decodeLatin1, MessageParser, ParseError, type ParserEvent } from '../src/index.ts'
import { bytesOf, textOf } from './replay.ts'

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
    expect(() => parser.end()).toThrow(error)
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

const shape = (all: ParserEvent[]): unknown[] => all.filter(({ type }) => type !== 'data').map(plain)
const content = (all: ParserEvent[]): string => all.map((e) => (e.type === 'data' ? textOf(e.data) : '')).join('')

/** How callers iterate, each of which has lost or turned around bytes with a parser that reads while it is asked. */
const habits: Record<string, (parser: MessageParser, seen: ParserEvent[], pieces: string[]) => unknown> = {
  'to the end': (parser, seen, pieces) => {
    for (const piece of pieces) for (const event of parser.feed(bytesOf(piece))) seen.push(event)
  },
  'waiting for something after each event': (parser, seen, pieces) =>
    Promise.all(
      pieces.map(async (piece) => {
        for (const event of parser.feed(bytesOf(piece))) {
          seen.push(event)
          await new Promise(setImmediate)
        }
      }),
    ),
  'leaving after the first event': (parser, seen, pieces) => {
    for (const piece of pieces) {
      for (const event of parser.feed(bytesOf(piece))) {
        seen.push(event)
        break
      }
    }
    seen.push(...parser)
  },
  'not at all until everything is there': (parser, seen, pieces) => {
    for (const piece of pieces) parser.feed(bytesOf(piece))
    seen.push(...parser)
  },
  'feeding the next from within': (parser, seen, pieces) => {
    const rest = [...pieces]
    for (const event of parser.feed(bytesOf(rest.shift() ?? ''))) {
      seen.push(event)
      if (rest.length > 0) parser.feed(bytesOf(rest.shift()!))
    }
    for (const piece of rest) seen.push(...parser.feed(bytesOf(piece)))
  },
  'with the bytes overwritten as soon as they are fed': (parser, seen, pieces) => {
    const lent = new Uint8Array(1000)
    for (const piece of pieces) {
      lent.set(bytesOf(piece))
      parser.feed(lent.subarray(0, piece.length))
      lent.fill(0x58)
    }
    seen.push(...parser)
  },
}

describe.each(Object.keys(habits))('a caller that iterates %s', (habit) => {
  const stream = post + get + chunked + post + get

  test.each([1, 2, 5, 17, 60, 500])('misses nothing of pieces of %d bytes', async (size) => {
    const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
      stream.slice(i * size, (i + 1) * size),
    )
    const seen: ParserEvent[] = []
    const parser = new MessageParser('request')
    await habits[habit]!(parser, seen, pieces)
    expect(shape(seen)).toEqual(shape([...new MessageParser('request').feed(bytesOf(stream))]))
    expect(content(seen)).toBe('helloworldhello')
    expect(parser.position).toBe(stream.length)
    parser.end()
  })
})

test('what came before an error is handed out, then it is thrown, and again by whatever is called', () => {
  const parser = new MessageParser('request')
  const error = expect.objectContaining({ code: 'INVALID_METHOD', offset: 0 })
  const seen: unknown[] = []
  expect(() => {
    for (const event of parser.feed(bytesOf(`${get}\x16\x03\x01`))) seen.push(plain(event))
  }).toThrow(error)
  expect(seen).toEqual(['GET /1', get.length])
  expect([parser.position, textOf(parser.unread)]).toEqual([get.length, '\x16\x03\x01'])
  expect(() => parser.feed(bytesOf(get))).toThrow(error)
  expect(() => [...parser]).toThrow(error)
  expect(() => parser.end()).toThrow(error)
})

test('the unread bytes behind an error in a body begin with the offending one', () => {
  const parser = new MessageParser('request')
  expect(() => [...parser.feed(bytesOf(chunked.replace('world\r\n', 'world!!') + get))]).toThrow(ParseError)
  expect(textOf(parser.unread).slice(0, 3)).toBe('!!0')
})

describe('the end of the connection', () => {
  test('a message that is cut is an error of the bare call', () => {
    for (const cut of [post.slice(0, -1), get.slice(0, 9)]) {
      const parser = new MessageParser('request')
      for (const event of parser.feed(bytesOf(cut))) expect(event.type).not.toBe('end')
      expect(() => parser.end()).toThrow(expect.objectContaining({ code: 'MESSAGE_INCOMPLETE', offset: cut.length }))
    }
  })
  test('so is an answer that never came', () => {
    const parser = new MessageParser('response')
    for (const method of ['GET', 'HEAD']) parser.expect(method)
    const answer = 'HTTP/1.1 204 No Content\r\n\r\n'
    for (const event of parser.feed(bytesOf(answer))) expect(event.type).toMatch(/response|end/)
    expect(() => parser.end()).toThrow(expect.objectContaining({ code: 'RESPONSE_MISSING', status: 502 }))
  })
  test('when not everything has been read, the iteration finds it', () => {
    const parser = new MessageParser('request')
    parser.feed(bytesOf(post.slice(0, -1)))
    const seen: string[] = []
    expect(() => {
      for (const event of parser.end()) seen.push(event.type)
    }).toThrow(expect.objectContaining({ code: 'MESSAGE_INCOMPLETE' }))
    expect(seen).toEqual(['request', 'data'])
  })
  test('empty lines are no message', () => {
    const parser = new MessageParser('request')
    expect([...parser.feed(bytesOf('\r\n\r'))]).toEqual([])
    expect([...parser.end()]).toEqual([])
  })
  test('nothing is taken behind it, and it may be said twice', () => {
    const parser = new MessageParser('request').end().end()
    expect(() => parser.feed(bytesOf(get))).toThrow('feed after end')
  })
})

test.each([
  ['text', 'String'],
  [new ArrayBuffer(3), 'ArrayBuffer'],
  [undefined, 'undefined'],
  [[71], 'Array'],
])('feed refuses %o', (value, kind) => {
  const parser = new MessageParser('request')
  expect(() => parser.feed(value as never)).toThrow(new TypeError(`feed takes a Uint8Array, not ${kind}`))
})

test('places are those of the stream', () => {
  const parser = new MessageParser('request')
  const seen = [...parser.feed(bytesOf(`\r\n${post}\r\n${chunked}`))]
  const second = 2 + post.length + 2
  expect(seen.map(({ type, at }) => [type, at])).toEqual([
    ['request', 2],
    ['data', 2 + post.length - 5],
    ['end', 2 + post.length],
    ['request', second],
    ['data', second + chunked.indexOf('world')],
    ['end', second + chunked.length],
  ])
  expect(seen[0]).toMatchObject({ headBytes: post.length - 5, contentLength: 5, upgrade: false })
})
