/* What an observer reads is what the strict reader reads, and behind what that refuses first a deviation of the same code and place. */
import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ParseError, MessageParser, type ParserEvent } from '../src/index.ts'
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
