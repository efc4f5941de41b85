import { describe, expect, test } from 'vitest'
import {
  BodyDecoder,
  BodyEvent,
  BodyKind,
  defaultBodyLimits,
  defaultHeadLimits,
  MessageParser,
  parseRequest,
  parseResponse,
  RequestHead,
  ResponseHead,
} from '../src/index.ts'
import { defaultHttp2Limits, Http2Machine } from '../src/http2.ts'
import { type MessageOptions, MessageReader, type ReaderOptions, WebSocketReader } from '../src/websocket.ts'
import { bytesOf } from './replay.ts'

/** Every way to give limits, with the names that are known there. */
const takers: [string, object, (limits: object) => unknown][] = [
  ['RequestHead', defaultHeadLimits, (limits) => new RequestHead(limits)],
  ['ResponseHead', defaultHeadLimits, (limits) => new ResponseHead(limits)],
  ['BodyDecoder', defaultBodyLimits, (limits) => new BodyDecoder(limits)],
  ['MessageParser', { ...defaultHeadLimits, ...defaultBodyLimits }, (limits) => new MessageParser('request', limits)],
  ['parseRequest', defaultHeadLimits, (limits) => parseRequest(bytesOf(''), limits)],
  ['parseResponse', defaultHeadLimits, (limits) => parseResponse(bytesOf(''), limits)],
  ['Http2Machine', defaultHttp2Limits, (limits) => new Http2Machine('server', limits)],
]

describe.each(takers)('%s', (_, defaults, take) => {
  describe.each(Object.keys(defaults))('%s', (name) => {
    test.each([NaN, -1, -Infinity, 0.5])('%d is out of range', (value) => {
      expect(() => take({ [name]: value })).toThrow(RangeError)
      expect(() => take({ [name]: value })).toThrow(`${name} is not a whole number: ${value}`)
    })
    test.each(['2', null, {}, true, 1n])('%o is no number', (value) => {
      expect(() => take({ [name]: value })).toThrow(TypeError)
      expect(() => take({ [name]: value })).toThrow(`${name} is not a number: ${typeof value}`)
    })
    test('none, many and any number are limits, undefined is the default', () => {
      for (const value of [0, 1e9, Infinity, undefined]) expect(() => take({ [name]: value })).not.toThrow()
    })
  })

  test('a name that is none of them is an error that says which there are', () => {
    const name = Object.keys(defaults).at(-1)!
    const message = `${name}s is not a limit: ${Object.keys(defaults).join(', ')}`
    expect(() => take({ [`${name}s`]: 1 })).toThrow(new TypeError(message))
    expect(() => take({ __proto__: null, constructor: 1 })).toThrow(TypeError)
  })
})

/** The limits of a WebSocket's reader; the compiler asks for every option there is. */
type Sort = 'limit' | 'needed' | 'other'
const reader: Record<keyof ReaderOptions, Sort> = {
  from: 'other',
  deflate: 'other',
  messageBytes: 'needed',
  messageFrames: 'limit',
}
const messages: Record<keyof MessageOptions, Sort> = {
  from: 'other',
  messageBytes: 'needed',
  messageFrames: 'limit',
  inflate: 'other',
  inflation: 'limit',
  decodeLatin1: 'other',
  decodeUtf8: 'other',
}

describe.each([
  ['WebSocketReader', reader, (options: object) => new WebSocketReader(options as ReaderOptions)],
  ['MessageReader', messages, (options: object) => new MessageReader(options as MessageOptions)],
] as const)('%s', (_, sorts, take) => {
  const given = { from: 'client', messageBytes: 1 }
  const limits = Object.entries(sorts).filter(([, sort]) => sort !== 'other')

  test.each(limits)('%s is a whole number from 1 up', (name) => {
    for (const value of [NaN, 0, -1, 0.5, -Infinity]) {
      expect(() => take({ ...given, [name]: value })).toThrow(RangeError)
      expect(() => take({ ...given, [name]: value })).toThrow(name)
    }
    for (const value of ['2', null, {}, 1n]) {
      expect(() => take({ ...given, [name]: value })).toThrow(TypeError)
      expect(() => take({ ...given, [name]: value })).toThrow(name)
    }
    for (const value of [1, 1e9, Infinity]) expect(() => take({ ...given, [name]: value })).not.toThrow()
  })

  test('who sends, and the size of messages, are needed, the others have defaults', () => {
    const missed = Object.keys(sorts).filter((name) => {
      try {
        take({ ...given, [name]: undefined })
        return false
      } catch {
        return true
      }
    })
    expect(missed).toEqual(['from', 'messageBytes'])
    expect(() => take({ from: 'client' })).toThrow(new TypeError('messageBytes is needed'))
  })

  test.each(['clients', 1, null, undefined])('frames do not come from %o', (from) => {
    expect(() => take({ ...given, from })).toThrow(new TypeError(`from is client or server, not ${from}`))
  })

  test.each(Object.keys(sorts))('%ss is no option', (name) => {
    expect(() => take({ ...given, [`${name}s`]: 1 })).toThrow(TypeError)
    expect(() => take({ ...given, [`${name}s`]: 1 })).toThrow(`${name}s`)
  })
})

test.each(['servers', null, undefined])('there is no side %o of HTTP/2', (side) => {
  expect(() => new Http2Machine(side as never)).toThrow(new TypeError(`The side is server or client, not ${side}`))
})

test('what is given as undefined has its default', () => {
  const head = bytesOf('GET / HTTP/1.1\r\nHost: a\r\n' + 'a: b\r\n'.repeat(128))
  const code = { code: 'TOO_MANY_FIELDS' }
  const limits = { fields: undefined } as unknown as object
  expect(() => parseRequest(head, limits)).toThrow(expect.objectContaining(code))
  const decoder = new BodyDecoder({ trailerFields: undefined } as unknown as object)
  decoder.reset(BodyKind.Chunked)
  const trailers = bytesOf('0\r\n' + 'a: b\r\n'.repeat(101))
  expect(decoder.next(trailers, 0, trailers.length)).toBe(BodyEvent.Error)
})

describe('what a body decoder is told', () => {
  test.each([NaN, -1, 0.5, Infinity, 2 ** 53])('a length of %d cannot be', (length) => {
    expect(() => new BodyDecoder().reset(BodyKind.Length, length)).toThrow(RangeError)
  })
  test.each([-1, 4, NaN, 0.5])('there is no kind %d', (kind) => {
    expect(() => new BodyDecoder().reset(kind as BodyKind, 0)).toThrow(RangeError)
  })
})

describe('a place that cannot be', () => {
  const bytes = bytesOf('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const decoder = new BodyDecoder()
  decoder.reset(BodyKind.UntilClose)
  test.each([
    ['behind the end', 0, bytes.length + 1],
    ['the wrong way around', 4, 3],
    ['before the start', -1, 3],
    ['no number', NaN, 3],
    ['no number, either', 0, NaN],
  ])('%s', (_, start, end) => {
    expect(() => new RequestHead().parse(bytes, start, end)).toThrow(RangeError)
    expect(() => new ResponseHead().parse(bytes, start, end)).toThrow(RangeError)
    expect(() => decoder.next(bytes, start, end)).toThrow(RangeError)
  })
})
