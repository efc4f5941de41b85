/*
 * A long head at the start of its buffer is copied and read in a faster way. Whatever is in it, the result is that of the
 * way without: the same bytes one place further on in their buffer.
 */
import * as fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type HeadLimits, RequestHead, ResponseHead } from '../src/index.ts'
import { bytesOf } from './replay.ts'

const fields = [
  'Host: www.example.com',
  'Connection: keep-alive',
  'Accept-Language:en',
  'X-Empty:',
  'X-Blank:  \t ',
  "!#$%&'*+-.^_`|~09: all tchars",
  'Content-Length: 17',
  'X-1: 1',
  'X-23: 23',
  'X-Long: a value of some length that goes on, "and on" ; until=0 {~}',
  'Upgrade: h2c',
]
const request = ['GET /path?query HTTP/1.1', ...fields, '\r\n'].join('\r\n')
const response = ['HTTP/1.1 200 OK', ...fields, '\r\n'].join('\r\n')

type Head = RequestHead | ResponseHead

/** What becomes of `text` when it comes in pieces that end at `ends`; hostile bytes are behind each of them. */
function facts(head: Head, text: string, from: 0 | 1, ends: number[] = [text.length]): unknown[] {
  for (const end of ends) {
    const bytes = bytesOf(`${'\n'.repeat(from)}${text.slice(0, end)}\r\nX: y\r\n\r\n`)
    const result = head.parse(bytes, from, from + end)
    const { error, errorOffset, fieldCount, headEnd, partial } = head
    if (result !== 0 || end === ends.at(-1))
      return [result, error, errorOffset, fieldCount, headEnd, partial, [...head.spans.subarray(0, fieldCount * 4)]]
  }
  return []
}

/** What the copy changes, which is to be nothing. */
function* changes(make: () => Head, text: string, ends?: number[]): Generator<string> {
  const quick = JSON.stringify(facts(make(), text, 0, ends))
  const slow = JSON.stringify(facts(make(), text, 1, ends))
  if (quick !== slow) yield `${JSON.stringify(text)} gives ${quick}, not ${slow}`
}

const odd = ['\0', '\t', '\n', '\r', ' ', ':', '-', ',', '0', 'A', '~', '\x1f', '\x7f', '\x80', '\xff']

type Make = (limits?: Partial<HeadLimits>) => Head

function* withAnyByte(make: Make, text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) {
    const [before, behind] = [text.slice(0, at), text.slice(at + 1)]
    for (const c of ['', text[at]!, ...odd]) {
      yield* changes(make, before + c + behind)
      yield* changes(make, before + c + text[at]! + behind)
    }
  }
}

function* cutAnywhere(make: Make, text: string): Generator<string> {
  for (let at = 1; at < text.length; at++) {
    yield* changes(make, text.slice(0, at))
    yield* changes(make, text, [at, text.length])
  }
}

function* withAnyLimit(make: Make, text: string): Generator<string> {
  for (let n = 0; n <= text.length; n++) {
    yield* changes(() => make({ fields: n }), text)
    yield* changes(() => make({ fieldLineBytes: n }), text)
    yield* changes(() => make({ headBytes: n }), text)
  }
}

describe.each<[string, string, Make]>([
  ['request', request, (limits) => new RequestHead(limits)],
  ['response', response, (limits) => new ResponseHead(limits)],
])('a copied %s', (_, text, make) => {
  test('that is right', () => {
    expect(facts(make(), text, 0).slice(0, 4)).toEqual([text.length, undefined, 0, fields.length])
    expect([...changes(make, text)]).toEqual([])
  })
  test.each([
    ['with any byte in any place', withAnyByte],
    ['cut anywhere', cutAnywhere],
    ['with any limit', withAnyLimit],
  ] as const)('%s', (_way, each) => {
    expect([...each(make, text)]).toEqual([])
  })
})

test('random lines', () => {
  const piece = fc.constantFrom(...odd, ...fields, '\r\n', '\r\n', ': ', ':', '  ', 'name', 'value')
  const lines = fc.array(piece, { maxLength: 40 }).map((list) => list.join(''))
  fc.assert(
    fc.property(lines, (list) => {
      expect([...changes(() => new RequestHead(), `${request.slice(0, -2)}${list}\r\n\r\n`)]).toEqual([])
    }),
    { numRuns: 3000 },
  )
})

test('more fields than there was room for', () => {
  const many = `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(127)}\r\n`
  expect(facts(new RequestHead(), many, 0).slice(0, 4)).toEqual([many.length, undefined, 0, 128])
  expect([...changes(() => new RequestHead(), many)]).toEqual([])
  expect([...changes(() => new RequestHead({ fields: 127 }), many)]).toEqual([])
})

test.each(['X', 'X:', 'X: ', 'X: y', 'X: y\r', 'X: y\r\n', 'X: y\r\n\r\n'])('the largest copy, up to %j', (last) => {
  const start = 'GET / HTTP/1.1\r\nHost: a\r\n'
  for (const more of [0, 1, 2, 3, 4]) {
    const text = `${start}X: ${'y'.repeat(4096 - start.length - 5 - last.length - more)}\r\n${last}`
    const ends = (from: number): unknown => {
      const bytes = new Uint8Array(from + text.length + (from === 0 ? more : 0))
      bytes.set(bytesOf(text), from)
      const head = new RequestHead()
      const result = head.parse(bytes, from, from + text.length)
      return [result, head.error, head.errorOffset, head.fieldCount, head.spans.slice(0, head.fieldCount * 4)]
    }
    expect(ends(0)).toEqual(ends(1))
  }
})

function copies(end: number, length: number, start: number): number {
  const bytes = new Uint8Array(length)
  bytes.set(bytesOf(`GET / HTTP/1.1\r\nX: ${'y'.repeat(length)}`).subarray(0, length - start), start)
  const set = vi.spyOn(Uint8Array.prototype, 'set')
  const head = new RequestHead()
  head.parse(bytes, start, end)
  head.parse(bytes, start, end)
  vi.restoreAllMocks()
  return set.mock.calls.length
}

describe('only what pays is copied', () => {
  afterEach(() => vi.restoreAllMocks())

  test.each([
    ['a short head', 63, 63, 0, 0],
    ['a head that is long enough', 64, 64, 0, 1],
    ['a large buffer', 4096, 4096, 0, 1],
    ['a buffer that is too large', 4096, 4097, 0, 0],
    ['a head behind another one', 65, 65, 1, 0],
  ])('%s', (_, end, length, start, times) => {
    expect(copies(end, length, start)).toBe(times)
  })
})
