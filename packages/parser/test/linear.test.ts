/*
 * Time per byte stays flat from 100 B to 1 MB: shown by counting, since clocks lie on a busy machine. What is counted is
 * every byte that is looked at in the caller's buffer, and every byte that is copied.
 */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { BodyDecoder, BodyEvent, BodyKind, MessageParser, RequestHead, ResponseHead } from '../src/index.ts'
import { bytesOf } from './replay.ts'

const unlimited = 1e9
const headLimits = {
  emptyLines: unlimited,
  methodBytes: unlimited,
  targetBytes: unlimited,
  fieldLineBytes: unlimited,
  fields: unlimited,
  headBytes: unlimited,
}
const bodyLimits = {
  chunkSizeDigits: 16,
  extensionBytes: unlimited,
  overheadRatio: 16,
  overheadBytes: unlimited,
  trailerBytes: unlimited,
  trailerFields: unlimited,
}

const get = 'GET / HTTP/1.1\r\nHost: a\r\n'
const requests: Record<string, (n: number) => string> = {
  target: (n) => `GET /${'a'.repeat(n)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  value: (n) => `${get}X: ${'y'.repeat(n)}\r\n\r\n`,
  'small fields': (n) => `${get}${'X: y\r\n'.repeat(n / 6)}\r\n`,
  'fields of whitespace': (n) => `${get}${`X:${' '.repeat(60)}\r\n`.repeat(n / 64)}\r\n`,
  'connection options': (n) => `${get}Connection: ${'x,'.repeat(n / 2)}close\r\n\r\n`,
}
const responses: Record<string, (n: number) => string> = {
  reason: (n) => `HTTP/1.1 200 ${'x'.repeat(n)}\r\n\r\n`,
  'small fields': (n) => `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(n / 6)}\r\n`,
}
const bodies: Record<string, (n: number) => string> = {
  'one chunk': (n) => `${n.toString(16)}\r\n${'x'.repeat(n)}\r\n0\r\n\r\n`,
  'chunks of one byte': (n) => `${'1\r\nx\r\n'.repeat(n / 6)}0\r\n\r\n`,
  'padded chunks': (n) => `${'0000000001\r\nx\r\n'.repeat(n / 15)}0\r\n\r\n`,
  'one extension': (n) => `1;${'a'.repeat(n)}\r\nx\r\n0\r\n\r\n`,
  'many extensions': (n) => `${'1;a="\\b"\r\nx\r\n'.repeat(n / 13)}0\r\n\r\n`,
  trailers: (n) => `0\r\n${'X: y\r\n'.repeat(n / 6)}\r\n`,
  'one trailer': (n) => `0\r\nX: ${'y'.repeat(n)}\r\n\r\n`,
}

/** A buffer that counts the bytes which are looked at. */
function counted(bytes: Uint8Array): { buf: Uint8Array; reads: () => number } {
  let count = 0
  const buf = new Proxy(bytes, {
    get(target, key) {
      const value: unknown = target[key as unknown as number]
      if (typeof value === 'function') return value.bind(target)
      count++
      return value
    },
  })
  return { buf, reads: () => count }
}

/** Counts the bytes that are copied from one array to another. */
function countCopies(): () => number {
  let count = 0
  const set = Reflect.get(Uint8Array.prototype, 'set')
  vi.spyOn(Uint8Array.prototype, 'set').mockImplementation(function (this: Uint8Array, from, offset): void {
    count += from.length
    Reflect.apply(set, this, [from, offset])
  })
  return () => count
}
afterEach(() => vi.restoreAllMocks())

function readHead(head: RequestHead | ResponseHead, buf: Uint8Array, length: number, step: number): void {
  let end = 0
  let result: number
  do {
    end = Math.min(end + step, length)
    result = head.parse(buf, 0, end)
  } while (result === 0 && end < length)
  expect(head.error).toBeUndefined()
  expect(result).toBe(length)
}

function readBody(buf: Uint8Array, length: number, step: number): void {
  const decoder = new BodyDecoder(bodyLimits)
  decoder.reset(BodyKind.Chunked, 0)
  let event: BodyEvent = BodyEvent.NeedMore
  for (let end = Math.min(step, length), p = 0; event !== BodyEvent.End; p = decoder.pos) {
    event = decoder.next(buf, p, end)
    if (event === BodyEvent.Error) throw new Error(decoder.error)
    if (event === BodyEvent.NeedMore) end = Math.min(end + step, length)
  }
  expect(decoder.consumed).toBe(length)
}

// counting is slow, so only these go to 1 MB
const longest = new Set(['value', 'connection options', 'reason', 'one chunk', 'many extensions', 'trailers'])
const ways: [string, number, number][] = [
  ['whole', 100_000, 1e9],
  ['in pieces of 500 bytes', 50_000, 500],
  ['byte by byte', 10_000, 1],
]
const read: [string, Record<string, (n: number) => string>, (buf: Uint8Array, length: number, step: number) => void][] =
  [
    ['request', requests, (buf, length, step) => readHead(new RequestHead(headLimits), buf, length, step)],
    ['response', responses, (buf, length, step) => readHead(new ResponseHead(headLimits), buf, length, step)],
    ['body', bodies, readBody],
  ]

for (const [kind, shapes, reader] of read) {
  describe.each(ways)(`${kind} %s`, (_, size, step) => {
    test.each(Object.keys(shapes))('%s', { timeout: 60_000 }, (name) => {
      const long = longest.has(name) && step === 1e9 ? 1e6 : size
      const perByte = [100, long].map((n) => {
        const text = shapes[name]!(n)
        const { buf, reads } = counted(bytesOf(text))
        const copies = countCopies()
        reader(buf, text.length, step)
        vi.restoreAllMocks()
        return (reads() + copies()) / text.length
      })
      // a start costs something, so the short one may take more; the long one never
      expect(perByte[1]!).toBeLessThan(Math.max(perByte[0]! * 1.2, 4))
      expect(perByte[1]!).toBeLessThan(14)
    })
  })
}

test.each([1, 100, 1e6])('messages in pieces of %d bytes are copied a few times at most', (step) => {
  const one = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n`
  const bytes = bytesOf(`${requests['value']!(20_000)}${one.repeat(2000)}`)
  const copies = countCopies()
  const parser = new MessageParser('request', { ...headLimits, ...bodyLimits })
  let ends = 0
  for (let at = 0; at < bytes.length; at += step) {
    for (const event of parser.feed(bytes.subarray(at, at + step))) if (event.type === 'end') ends++
  }
  expect(ends).toBe(2001)
  expect(copies() / bytes.length).toBeLessThan(4)
})
