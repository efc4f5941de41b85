import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BodyDecoder, BodyEvent, BodyKind, decodeLatin1, RequestHead, ResponseHead } from '../src/index.ts'
import { bytesOf } from './replay.ts'

// What heads and chunked bodies are made of, so that random texts come near to valid ones.
const pieces = [
  'GET ',
  'POST ',
  'CONNECT ',
  'OPTIONS ',
  '/',
  '* ',
  'http://a ',
  'a:1 ',
  'HTTP/1.1',
  'HTTP/1.0',
  ' 200 OK',
  '\r\n',
  '\r',
  '\n',
  'Host: a',
  'Host: ',
  ':',
  ' ',
  '\t',
  'Content-Length: ',
  'Transfer-Encoding: ',
  'chunked',
  ',',
  'Connection: ',
  'close',
  '0',
  '5',
  'f',
  'hello',
  ';',
  'a=b',
  '"',
  '\\',
  '\0',
  '\xff',
  'X: y',
  'Expect: 100-continue',
  'GET / HTTP/1.1\r\nHost: a\r\n',
]
const text = fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((list) => list.join(''))
const cuts = fc.array(fc.nat(), { maxLength: 6 })

function places(length: number, wanted: number[]): number[] {
  return [...new Set(wanted.map((n) => n % (length + 1)))]
    .filter((n) => n > 0)
    .toSorted((a, b) => a - b)
    .concat(length)
}

/** A buffer that tells when someone looks where nothing was given. */
function guarded(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Proxy(bytes, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) {
        if (Number(key) < start || Number(key) >= end) throw new Error(`read at ${key} outside ${start} to ${end}`)
        return target[Number(key)]
      }
      // a smaller one would be copied with all that is in it; field-lines.test.ts has those
      if (key === 'length') return 4097
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function headFacts(
  Head: typeof RequestHead | typeof ResponseHead,
  bytes: Uint8Array,
  at: number[],
  guard: boolean,
): unknown {
  const head = new Head({ fields: 4, headBytes: 120, emptyLines: 1 })
  for (const end of at) {
    const result = head.parse(guard ? guarded(bytes, 0, end) : bytes, 0, end)
    if (result < 0) return [head.error, head.errorOffset]
    if (result > 0) return [result, head.minorVersion, head.keepAlive, head.contentLength, [...head.snapshot(bytes, 0)]]
  }
  return 'more'
}

function bodyFacts(bytes: Uint8Array, at: number[], guard: boolean): unknown {
  const decoder = new BodyDecoder()
  decoder.reset(BodyKind.Chunked, 0)
  let data = ''
  let p = 0
  for (const end of at) {
    for (;;) {
      const event = decoder.next(guard ? guarded(bytes, p, end) : bytes, p, end)
      p = decoder.pos
      if (event === BodyEvent.NeedMore) break
      if (event === BodyEvent.End) return [data, p, decoder.consumed, decoder.trailers]
      if (event === BodyEvent.Error) return [data, decoder.error, decoder.errorOffset]
      data += decodeLatin1(bytes, decoder.dataStart, decoder.dataEnd)
    }
  }
  return ['more', data, decoder.consumed]
}

const runs = { numRuns: 2000 }

describe('however the bytes are cut, the result is the same', () => {
  test('request heads', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((t) => `GET / HTTP/1.1\r\n${t}`),
        ),
        cuts,
        (t, at) => {
          const bytes = bytesOf(t)
          expect(headFacts(RequestHead, bytes, places(t.length, at), true)).toEqual(
            headFacts(RequestHead, bytes, [t.length], false),
          )
        },
      ),
      runs,
    )
  })
  test('response heads', () => {
    fc.assert(
      fc.property(
        text.map((t) => `HTTP/1.1${t}`),
        cuts,
        (t, at) => {
          const bytes = bytesOf(t)
          expect(headFacts(ResponseHead, bytes, places(t.length, at), true)).toEqual(
            headFacts(ResponseHead, bytes, [t.length], false),
          )
        },
      ),
      runs,
    )
  })
  test('chunked bodies', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((t) => `5\r\nhello\r\n0\r\n${t}`),
        ),
        cuts,
        (t, at) => {
          const bytes = bytesOf(t)
          expect(bodyFacts(bytes, places(t.length, at), true)).toEqual(bodyFacts(bytes, [t.length], false))
        },
      ),
      runs,
    )
  })
})

test('random bytes never throw', () => {
  const head = new RequestHead()
  const response = new ResponseHead()
  const decoder = new BodyDecoder()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      head.reset()
      response.reset()
      decoder.reset(BodyKind.Chunked, 0)
      expect(head.parse(bytes, 0, bytes.length)).toBeLessThanOrEqual(bytes.length)
      expect(response.parse(bytes, 0, bytes.length)).toBeLessThanOrEqual(bytes.length)
      for (let p = 0; decoder.next(bytes, p, bytes.length) === BodyEvent.Data; p = decoder.pos);
      expect(decoder.pos).toBeLessThanOrEqual(bytes.length)
    }),
    runs,
  )
})

const filler = (n: number): [string, string][] => [
  ['method', 'M'.repeat(n)],
  ['target', `GET /${'a'.repeat(n)}`],
  ['value', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(n)}`],
  ['spaces', `GET / HTTP/1.1\r\nHost: a\r\nX:${' '.repeat(n)}\r\n\r\n`],
  ['trailing spaces', `GET / HTTP/1.1\r\nHost: a\r\nX: y${' '.repeat(n)}\r\n\r\n`],
  ['host', `GET / HTTP/1.1\r\nHost: ${'a'.repeat(n)}\r\n\r\n`],
  ['ipv6', `GET / HTTP/1.1\r\nHost: [${'1:'.repeat(n / 2)}\r\n\r\n`],
  ['absolute', `GET http://${'a'.repeat(n)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['codings', `GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ${'a,'.repeat(n / 2)}\r\n\r\n`],
  ['commas', `GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ${','.repeat(n)}\r\n\r\n`],
  ['connection', `GET / HTTP/1.1\r\nHost: a\r\nConnection: ${' ,'.repeat(n / 2)}\r\n\r\n`],
  ['connection spaces', `GET / HTTP/1.1\r\nHost: a\r\nConnection: ${' '.repeat(n)}x\r\n\r\n`],
  ['expect', `GET / HTTP/1.1\r\nHost: a\r\nExpect: ${'x '.repeat(n / 2)}\r\n\r\n`],
  ['upgrade', `GET / HTTP/1.1\r\nHost: a\r\nUpgrade: ${','.repeat(n)}\r\n\r\n`],
  ['fields', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(n / 6)}\r\n`],
  ['empty lines', '\r\n'.repeat(n / 2)],
]

/** Counts the bytes that are looked at: every one a fixed number of times at most, however they come. */
describe('the work is linear', () => {
  const limits = {
    emptyLines: 1e9,
    methodBytes: 1e9,
    targetBytes: 1e9,
    fieldLineBytes: 1e9,
    fields: 1e9,
    headBytes: 1e9,
  }

  function reads(bytes: Uint8Array, step: number): number {
    let count = 0
    const buf = new Proxy(bytes, {
      get(target, key) {
        count++
        return Reflect.get(target, key, target) as unknown
      },
    })
    const head = new RequestHead(limits)
    for (
      let end = Math.min(step, bytes.length);
      head.parse(buf, 0, end) === 0 && end < bytes.length;
      end = Math.min(end + step, bytes.length)
    );
    return count
  }

  test.each(filler(3000).map(([name]) => name))('%s', (name) => {
    for (const step of [1, 1e9]) {
      // the short one too is longer than what is copied and read in another way
      const [short, long] = [5000, 50_000].map((n) => reads(bytesOf(new Map(filler(n)).get(name)!), step))
      // ten times the bytes, ten times the work: looked at once by the scan, and once or twice where a field has a meaning
      expect(long! / short!).toBeLessThan(11)
      expect(long! / 50_000).toBeLessThan(step === 1 ? 12 : 8)
    }
  })
})

test('the method of a head is that of no other: empty until it has come', () => {
  const head = new RequestHead()
  const [whole, part, bad] = ['HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', 'GE', '(GET / HTTP/1.1\r\n'].map((s) => bytesOf(s))
  head.parse(whole!, 0, whole!.length)
  expect(head.method).toBe('HEAD')
  expect([head.parse(part!, 0, part!.length), head.method]).toEqual([0, ''])
  head.reset()
  head.parse(whole!, 0, whole!.length)
  expect([head.parse(bad!, 0, bad!.length), head.method]).toEqual([-1, ''])
})
