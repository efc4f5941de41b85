/* What an observer reads is what the strict reader reads, and behind what that refuses first a deviation of the same code and place. */
import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type HeadLimits, ParseError, MessageParser, type ParserEvent } from '../src/index.ts'
import { type Observation, observer, ObservingParser, strict, userAgent, type Profile } from '../src/observer.ts'
import { bytesOf, expand, textOf, type Vector } from './replay.ts'

type Kind = 'request' | 'response'
interface Reader extends Iterable<ParserEvent | Observation> {
  readonly position: number
  feed(bytes: Uint8Array): unknown
  end(): unknown
  expect(method: string): void
}
interface Reading {
  readonly id: string
  readonly rfc: string
  readonly what: string
  readonly kind: Kind
  readonly bytes: string
  /** What was asked, for responses. */
  readonly method?: string
  /** What an observer says, one line for each event; `end` stands for the end of the connection behind the bytes. */
  readonly events: string[]
  /** What a user agent says, when that is not the error of the first deviation. */
  readonly userAgent?: string[]
}

const profiles = { strict, userAgent, observer }
const folder = new URL('../vectors/', import.meta.url)
const vectors = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Vector[])
const readings = JSON.parse(readFileSync(new URL('observer/readings.json', folder), 'utf8')) as Reading[]

/** What a reader says of bytes that come in pieces: one line for each event, neighbouring data as one. */
function read(parser: Reader, bytes: Uint8Array, size: number, ends: boolean): string[] {
  const lines: string[] = []
  const say = (line: string, more: string): void => {
    if (lines.at(-1)?.startsWith(line)) lines.push(lines.pop()! + more)
    else lines.push(line + more)
  }
  const take = (): void => {
    for (const event of parser) {
      if (event.type === 'request')
        say(
          `request ${event.head.method} ${event.head.target} 1.${event.head.minorVersion} ${JSON.stringify([...event.head])}`,
          '',
        )
      else if (event.type === 'response')
        say(
          `response ${event.head.status} ${event.head.reason} 1.${event.head.minorVersion} ${JSON.stringify([...event.head])}`,
          '',
        )
      else if (event.type === 'data') say('data ', textOf(event.data))
      else if (event.type === 'rest') say('rest ', textOf(event.data))
      else if (event.type === 'end') say(`end ${event.at} ${event.bytes} ${JSON.stringify(event.trailers)}`, '')
      else if (event.type === 'deviation') say(`deviation ${event.code} ${event.at}`, '')
      else if (event.type === 'lost') say(`lost ${event.at} ${event.bytes}`, '')
      else if (event.type === 'extensions') say(`extensions ${event.text}`, '')
      else say(`trailers ${JSON.stringify(event.fields)}`, '')
    }
  }
  try {
    take()
    for (let at = 0; at < bytes.length; at += size) {
      parser.feed(bytes.subarray(at, at + size))
      take()
    }
    if (ends) {
      parser.end()
      take()
    }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    lines.push(`error ${error.code} ${parser.position}`)
  }
  return lines
}

function ready<R extends Reader>(parser: R, methods: readonly string[]): R {
  for (const method of methods) parser.expect(method)
  return parser
}

/** What a strict reader tells, too. */
function messages(lines: readonly string[]): string[] {
  const list: string[] = []
  for (const line of lines) {
    if (/^(extensions|trailers) /.test(line)) continue
    if (line.startsWith('data ') && list.at(-1)?.startsWith('data ') === true) list.push(list.pop()! + line.slice(5))
    else list.push(line)
  }
  return list
}

describe('every case of the strict reader', () => {
  const streams = vectors.flatMap((v) => {
    if (v.kind !== undefined) {
      if (v.kind !== 'chunked') return []
      const text = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${expand(v.bytes)}`
      return [{ id: v.id, kind: 'request' as const, text, methods: [] as string[], limits: v.limits }]
    }
    const isResponse = v.requestMethod !== undefined || v.direction === 'response'
    const methods = v.methods ?? (isResponse ? [v.requestMethod ?? 'GET'] : [])
    return [
      {
        id: v.id,
        kind: isResponse ? ('response' as const) : ('request' as const),
        text: expand(v.bytes),
        methods,
        limits: v.limits,
      },
    ]
  })
  test.each(streams.map((one) => [one.id, one] as const))('%s', (_, { kind, text, methods, limits }) => {
    const bytes = bytesOf(text)
    const whole = read(ready(new MessageParser(kind, limits), methods), bytes, Infinity, false)
    for (const size of text.length < 2000 ? [1, 7, 1_000_000] : [1_000_000]) {
      const observed = read(ready(new ObservingParser(kind, observer, limits), methods), bytes, size, false)
      const same = messages(observed)
      const error = whole.at(-1)?.startsWith('error ') === true ? whole.at(-1)! : ''
      // until the first mistake nothing is different; then it is told, or refused as well; only a head waits for the end of its line
      const before = error === '' ? whole : whole.slice(0, -1)
      const first = same.slice(before.length).find((line) => /^(deviation|error) /.test(line))
      expect([...same.slice(0, before.length), first?.replace(/^\w+/, 'error')]).toEqual([
        ...before,
        first === undefined && (error === '' || same.length === before.length) ? undefined : error,
      ])
    }
    const strictly = read(ready(new ObservingParser(kind, strict, limits), methods), bytes, 7, false)
    expect(messages(strictly)).toEqual(whole)
    if (kind === 'response') return
    const asUserAgent = read(ready(new ObservingParser(kind, userAgent, limits), methods), bytes, 7, false)
    expect(messages(asUserAgent)).toEqual(whole)
  })
})

describe('readings', () => {
  const cases = readings.map((one) => [`${one.rfc} ${one.id}: ${one.what}`, one] as const)
  test.each(cases)('%s', (_, one) => {
    const ends = one.events.at(-1) === 'end'
    const bytes = bytesOf(one.bytes)
    for (const size of [1, 2, 5, 13, 1_000_000]) {
      const methods = one.method === undefined ? [] : [one.method]
      const by = (profile: Profile): string[] =>
        read(ready(new ObservingParser(one.kind, profile), methods), bytes, size, ends)
      expect([size, ...by(observer)]).toEqual([size, ...(ends ? one.events.slice(0, -1) : one.events)])
      const first = one.events.find((line) => line.startsWith('deviation '))?.replace('deviation', 'error')
      const refused = first === undefined ? undefined : [first]
      expect(one.userAgent === undefined && refused ? by(userAgent).slice(-1) : by(userAgent)).toEqual(
        one.userAgent ?? refused ?? one.events,
      )
      expect(refused === undefined ? by(strict) : by(strict).slice(-1)).toEqual(refused ?? one.events)
    }
  })
})

test('a deviation says what is wrong, where, and what others make of it', () => {
  const [event] = [...new ObservingParser('request').feed(bytesOf('GET / HTTP/1.1\nHost: a\r\n\r\n'))]
  expect(event).toEqual({
    type: 'deviation',
    at: 14,
    offset: 14,
    code: 'INVALID_LINE_END',
    rfc: 'RFC 9112 §2.2',
    message: 'Invalid line end: not CR LF.',
    strict: 'answers 400 and closes the connection',
    lenient: 'nginx, curl and browsers take a line feed alone for the end of a line',
  })
})

describe('any bytes', () => {
  const texts = vectors.map((v) => expand(v.bytes)).filter((text) => text.length < 300)
  const piece = fc.oneof(
    fc.constantFrom(...texts),
    fc.constantFrom('\r\n', '\n', ' ', ':', '0', '5', 'HTTP/1.1 200 OK', '\0', '\r'),
  )
  const text = fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''))
  const kinds = fc.constantFrom<Kind>('request', 'response')
  test.each(Object.entries(profiles))('are read by %s in one way, however they are cut', (_, profile) => {
    fc.assert(
      fc.property(kinds, text, fc.integer({ min: 1, max: 20 }), (kind, all, size) => {
        const bytes = bytesOf(all)
        const once = read(new ObservingParser(kind, profile), bytes, Infinity, true)
        expect(read(new ObservingParser(kind, profile), bytes, size, true)).toEqual(once)
      }),
    )
  })

  test('resync gets through all of them', () => {
    fc.assert(
      fc.property(kinds, text, fc.integer({ min: 1, max: 50 }), (kind, all, size) => {
        const parser = new ObservingParser(kind)
        const bytes = bytesOf(all)
        let errors = 0
        for (let at = 0; at < bytes.length; at += size) {
          parser.feed(bytes.subarray(at, at + size))
          for (;;) {
            try {
              for (const event of parser) expect(event.at).toBeLessThanOrEqual(at + size)
              expect(parser.position + parser.unread.length).toBe(Math.min(at + size, bytes.length))
              break
            } catch (error) {
              if (!(error instanceof ParseError) || errors++ > bytes.length) throw error
              parser.resync()
            }
          }
        }
      }),
    )
  })
})

test.each([
  ['an error', '\n', '\0\n\r\n', (): void => undefined],
  ['resync', 'GET / HTTP/1.1\nA:', '\0\n', (parser: ObservingParser<'request'>): unknown => parser.resync()],
])('places are those of the stream behind a mended head that was none: %s', (_, first, second, act) => {
  const parser = new ObservingParser('request')
  const events: string[] = []
  const feed = (text: string): void => {
    try {
      for (const event of parser.feed(bytesOf(text))) events.push(`${event.type} ${event.at}`)
    } catch {
      parser.resync()
      feed('')
    }
  }
  feed(first)
  act(parser)
  feed(second)
  feed('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const start = first.length + second.length
  expect(events.slice(-2)).toEqual([`request ${start}`, `end ${start + 27}`])
  expect(parser.position).toBe(start + 27)
})

const reader = (): ObservingParser<'response'> => new ObservingParser('response')
/** Feeds text, or loses as many bytes. */
function play(parser: ObservingParser<Kind>, ...steps: (string | number | undefined)[]): string[] {
  const lines: string[] = []
  for (const step of steps) {
    if (typeof step === 'string') lines.push(...read(parser, bytesOf(step), Infinity, false))
    else {
      parser.lost(step)
      lines.push(...read(parser, bytesOf(''), 1, false))
    }
  }
  return lines
}

describe('lost', () => {
  const start = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'
  const next = 'HTTP/1.1 204 No Content\r\n\r\n'
  const heads = ['response 200 OK 1.1 [["content-length","10"]]', 'response 204 No Content 1.1 []']
  test.each([
    [6, ['data j', 'end 49 49 []'], 'j'],
    [7, ['end 49 49 []'], ''],
  ])('%d bytes of the content', (count, events, rest) => {
    expect(play(reader(), start, count, rest + next)).toEqual([
      heads[0],
      'data abc',
      `lost 42 ${count}`,
      ...events,
      heads[1],
      `end 76 27 []`,
    ])
  })

  test.each([8, undefined])('%s bytes, more than the content', (count) => {
    const at = 42 + (count ?? 0)
    expect(play(reader(), start, count, `}${next}`)).toEqual([
      heads[0],
      'data abc',
      'deviation MESSAGE_INCOMPLETE 42',
      'end 42 42 []',
      `lost 42 ${(count ?? 0) + 1}`,
      heads[1],
      `end ${at + 28} 27 []`,
    ])
  })

  test('in a head, which is no message then', () => {
    expect(play(reader(), 'HTTP/1.1 200 O', 5, `ngth: 3\r\n\r\nabc${next}`)).toEqual([
      'lost 0 33',
      heads[1],
      'end 60 27 []',
    ])
  })

  test('at the start of a stream, for requests', () => {
    const parser = new ObservingParser('request')
    const request = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'
    expect(play(parser, undefined, `x: y\r\n\r\n{"a": 1}${request}`)).toEqual([
      'lost 0 16',
      'request GET /a 1.1 [["host","a"]]',
      'end 44 28 []',
    ])
  })

  test('what only looks like a start is passed over', () => {
    expect(play(reader(), undefined, `HTTP/1.1 200 \0\0: see HTTP/1.0 99 or ${next}`).slice(-2)).toEqual([
      heads[1],
      expect.stringMatching(/^end /),
    ])
  })

  test('nothing is nothing; half a byte is no number of bytes', () => {
    expect(play(reader(), start, 0, 'defghij')).toEqual([heads[0], 'data abc', 'data defghij', 'end 49 49 []'])
    for (const bytes of [-1, 0.5, NaN, Infinity]) expect(() => reader().lost(bytes)).toThrow(RangeError)
  })
})

/** The codes of what is told of a request that comes whole. */
const codes = (text: string, limits: Partial<HeadLimits>, profile: Profile = observer): string[] =>
  read(new ObservingParser('request', profile, limits), bytesOf(text), Infinity, false)
    .filter((line) => /^(deviation|error) /.test(line))
    .map((line) => line.split(' ')[1]!)

describe('what is mended does not count for limits', () => {
  test.each([-1, 0, 1])('carriage returns that are put in: headBytes, %d beside the limit', (beside) => {
    const text = 'GET / HTTP/1.1\nHost: a\nX: y\n\n'
    const found = codes(text, { headBytes: text.length - beside })
    expect(found.includes('HEAD_TOO_LARGE')).toBe(beside > 0)
    expect(found).toHaveLength(beside > 0 ? 5 : 4)
  })

  test.each([-1, 0, 1])('blanks that are taken out do: headBytes, %d beside the limit', (beside) => {
    const text = 'GET /   HTTP/1.1\r\nHost: a\r\n\r\n'
    const found = codes(text, { headBytes: text.length - beside })
    expect(found).toEqual(beside > 0 ? ['INVALID_VERSION', 'HEAD_TOO_LARGE'] : ['INVALID_VERSION'])
  })

  test.each([-1, 0, 1])('a Host that nobody has sent: fields, %d beside the limit', (beside) => {
    const found = codes('GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n', { fields: 2 - beside })
    expect(found).toEqual(beside > 0 ? ['TOO_MANY_FIELDS', 'HOST_MISSING'] : ['HOST_MISSING'])
  })

  test('a profile without the rule for limits refuses what passes them', () => {
    const some: Profile = { name: 'some', request: ['lineFeeds'], response: [] }
    const text = 'GET / HTTP/1.1\nHost: a\nX: y\n\n'
    expect(codes(text, { headBytes: text.length }, some)).not.toContain('HEAD_TOO_LARGE')
    expect(codes(text, { headBytes: text.length - 1 }, some).at(-1)).toBe('HEAD_TOO_LARGE')
  })
})

describe('the framing of chunks', () => {
  const start = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  const deviations = (body: string, profile: Profile = observer): (readonly [string, string])[] =>
    [...new ObservingParser('response', profile).feed(bytesOf(start + body))].flatMap((event) =>
      event.type === 'deviation' ? [[event.code, event.lenient] as const] : [],
    )

  test('each mistake is told by a rule of its own', () => {
    const told = deviations('\r\n2 ;=\nab\n0\r\nA : b\r\n\tc\r\n\r\n')
    expect(told.map(([code]) => code)).toEqual([
      'CHUNK_SIZE_INVALID',
      'CHUNK_EXT_INVALID',
      'INVALID_LINE_END',
      'CHUNK_END_INVALID',
      'FIELD_NAME_WHITESPACE',
      'OBSOLETE_FOLDING',
    ])
    expect(new Set(told.map(([, lenient]) => lenient)).size).toBe(6)
  })

  test('a user agent reads folded trailers, and nothing else of it', () => {
    expect(deviations('0\r\nA: b\r\n c\r\n\r\n', userAgent).map(([code]) => code)).toEqual(['OBSOLETE_FOLDING'])
    expect(() => deviations('0\nA: b\r\n c\r\n\r\n', userAgent)).toThrow('Invalid line end')
  })

  test.each(['0x2\r\nab', '2.5\r\nab', '-2\r\nab', '2\r\nabz\r\n'])('%j has no size', (body) => {
    expect(() => deviations(body)).toThrow(ParseError)
  })

  test('more trailers than anybody has are refused, and not mended for ever', () => {
    expect(() => deviations(`0\r\n${'a:b\r\n'.repeat(16_385)}\r\n`)).toThrow('trailer')
    expect(deviations(`0\r\n${'a:b\r\n'.repeat(16_384)}\r\n`).map(([code]) => code)).toEqual(['TOO_MANY_TRAILERS'])
  })
})

describe('what has not been read', () => {
  const request = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'

  test('a gap behind an error waits for resync', () => {
    const parser = new ObservingParser('request', strict)
    expect(play(parser, '\0junk', 10)).toEqual(['error INVALID_METHOD 0', 'error INVALID_METHOD 0'])
    parser.resync()
    expect(play(parser, request)).toEqual(['lost 0 15', 'request GET /a 1.1 [["host","a"]]', 'end 43 28 []'])
  })

  test('a gap comes behind what was fed before, and in front of what is fed behind it', () => {
    const parser = new ObservingParser('request')
    parser.feed(bytesOf(request)).lost(5).feed(bytesOf(request))
    expect(parser.unread).toEqual(bytesOf(request + request))
    expect(read(parser, bytesOf(''), 1, true)).toEqual([
      'request GET /a 1.1 [["host","a"]]',
      'end 28 28 []',
      'lost 28 5',
      'request GET /a 1.1 [["host","a"]]',
      'end 61 28 []',
    ])
  })

  test('what was read of a head that is refused is lost', () => {
    const parser = new ObservingParser('request', strict)
    expect(play(parser, `GET /b HTTP/1.1\r\nHost: a b\r\n\r\n${request}`).at(-1)).toBe('error HOST_INVALID 24')
    parser.resync()
    expect(play(parser, '')).toEqual(['lost 0 30', 'request GET /a 1.1 [["host","a"]]', 'end 58 28 []'])
  })

  test('deviations of what only looked like a head are not told', () => {
    const parser = new ObservingParser('request')
    const lines = play(parser, undefined, `GET /b HTTP/1.1\r\nA : b\r\nB: \0\r\n\r\n${request}`)
    expect(lines).toEqual(['lost 0 32', 'request GET /a 1.1 [["host","a"]]', 'end 60 28 []'])
  })

  test('a mistake that cannot be mended before more comes is an error at the end', () => {
    const some: Profile = { name: 'some', request: ['requestLine'], response: [] }
    expect(read(new ObservingParser('request', some), bytesOf('GET  / HTT'), Infinity, true)).toEqual([
      'error INVALID_TARGET 4',
    ])
    const parser = new ObservingParser('request')
    play(parser, 'GET  /')
    expect([parser.partial, parser.position, textOf(parser.unread)]).toEqual([true, 0, 'GET  /'])
  })

  test('a gap in the content of a request for a tunnel', () => {
    const parser = new ObservingParser('request')
    const head = 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
    const at = head.length
    expect(play(parser, `${head}0\r\nX`, 7, 'y').slice(1)).toEqual([
      `deviation MESSAGE_INCOMPLETE ${at + 4}`,
      `end ${at + 4} ${at + 4} []`,
      `lost ${at + 4} 7`,
      'rest y',
    ])
  })

  test('stop in the middle of mending gives what was sent', () => {
    const parser = new ObservingParser('request')
    play(parser, 'GET  / HTTP/1.1\nHo')
    parser.stop()
    expect(play(parser, 'st')).toEqual(['rest GET  / HTTP/1.1\nHost'])
  })

  test('mistakes are at their places in a request line that was put together again', () => {
    expect(play(new ObservingParser('request'), ' GET   /a   HTTP/2.0 \r\nHost: a\r\n\r\n').slice(0, 3)).toEqual([
      'deviation INVALID_METHOD 0',
      'deviation VERSION_UNSUPPORTED 17',
      'request GET /a 1.1 [["host","a"]]',
    ])
  })
})

test('a line that never ends is not kept for ever', () => {
  const parser = new ObservingParser('request')
  expect(() => {
    for (let i = 0; i < 40; i++) for (const _ of parser.feed(new Uint8Array(65_536))) expect.unreachable()
  }).toThrow(ParseError)
})
