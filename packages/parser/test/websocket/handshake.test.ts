import { describe, expect, test } from 'vitest'
import {
  acceptDeflate,
  deflateOffer,
  isDeflateAnswer,
  isHandshakeKey,
  parseExtensions,
  parseSubprotocols,
} from '../../src/websocket.ts'

describe('Sec-WebSocket-Key (RFC 6455 §4.1)', () => {
  test.each(['dGhlIHNhbXBsZSBub25jZQ==', 'AAAAAAAAAAAAAAAAAAAAAA==', '/////////////////////w=='])('%s', (key) => {
    expect(isHandshakeKey(key)).toBe(true)
  })

  test.each([
    ['empty', ''],
    ['15 bytes', 'AAECAwQFBgcICQoLDA0O'],
    ['17 bytes', 'AAECAwQFBgcICQoLDA0ODxA='],
    ['other characters', '!!!!!!!!!!!!!!!!!!!!!!=='],
    ['the alphabet of URLs', '__________________-_-Q=='],
    ['bits behind the key', 'dGhlIHNhbXBsZSBub25jZR=='],
    ['two', 'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=='],
  ])('not one with %s', (_, key) => expect(isHandshakeKey(key)).toBe(false))
})

describe('Sec-WebSocket-Protocol (RFC 6455 §4.1)', () => {
  test.each([
    ['chat', ['chat']],
    [' a ,\tb,, ', ['a', 'b']],
    ['a, A', ['a', 'A']],
  ])('%j', (value, names) => expect(parseSubprotocols(value)).toEqual(names))

  test.each(['', ',', 'a b', '(a)', '"a"', 'a@b', 'a, a', 'a, b, a', 'ä'])('not %j', (value) => {
    expect(parseSubprotocols(value)).toBeNull()
  })
})

describe('Sec-WebSocket-Extensions (RFC 6455 §9.1)', () => {
  test('names and parameters, in order', () => {
    expect(parseExtensions('foo, bar; baz=2 ;qux;\tquux="3", foo')).toEqual([
      { name: 'foo', params: [] },
      {
        name: 'bar',
        params: [
          ['baz', '2'],
          ['qux', true],
          ['quux', '3'],
        ],
      },
      { name: 'foo', params: [] },
    ])
    expect(parseExtensions('a; b="\\c"; b')![0]!.params).toEqual([
      ['b', 'c'],
      ['b', true],
    ])
  })

  test.each([
    '',
    ',',
    ';',
    'a;',
    'a; ;b',
    'a; =1',
    'a; b=',
    'a; b="1',
    'a; b="',
    'a; b=""',
    'a; b="c d"',
    'a b',
    'a; b c',
    'a; b =1',
    'a/b',
    'a; b@=1',
    'a; b=(1)',
    'a; b=1=2',
    '"a"',
    'a; b="c"d',
  ])('not %j', (value) => expect(parseExtensions(value)).toBeNull())

  test.each(['a', 'a; b', 'a; b="', '"'])('takes linear time: %j', (start) => {
    expect(parseExtensions(`${start}${' '.repeat(100_000)}b`)).toBeNull()
    expect(parseExtensions(`${start}${'; b'.repeat(50_000)} c`)).toBeNull()
  })
})

const accepted = (value: string): string | undefined => acceptDeflate(parseExtensions(value)!)?.answer

describe('permessage-deflate (RFC 7692 §7.1)', () => {
  const plain = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'

  test.each([
    ['permessage-deflate', plain],
    ['permessage-deflate; client_max_window_bits', plain],
    ['permessage-deflate; client_max_window_bits=8', plain],
    ['permessage-deflate; client_no_context_takeover; server_no_context_takeover', plain],
    ['permessage-deflate; server_max_window_bits=9', `${plain}; server_max_window_bits=9`],
    ['permessage-deflate; server_max_window_bits="10"', `${plain}; server_max_window_bits=10`],
    ['permessage-deflate; server_max_window_bits=15', `${plain}; server_max_window_bits=15`],
    ['x-webkit-deflate-frame, permessage-deflate', plain],
    ['permessage-deflate; server_max_window_bits=12, permessage-deflate', `${plain}; server_max_window_bits=12`],
  ])('%s', (offer, answer) => expect(accepted(offer)).toBe(answer))

  const wrong = [
    'unknown',
    'unknown=1',
    ...['7', '16', '0', '010', '-9', '9.0', 'x', '1e1', '99'].flatMap((n) => [
      `server_max_window_bits=${n}`,
      `client_max_window_bits=${n}`,
    ]),
    'server_max_window_bits',
    'server_no_context_takeover=1',
    'client_no_context_takeover=true',
    'server_no_context_takeover; server_no_context_takeover',
    'client_no_context_takeover; client_no_context_takeover',
    'server_max_window_bits=10; server_max_window_bits=10',
    'client_max_window_bits; client_max_window_bits=10',
    // A window that zlib cannot make.
    'server_max_window_bits=8',
    'Server_no_context_takeover',
  ]
  test.each(wrong)('%s is declined, and the next offer taken', (params) => {
    expect(accepted(`permessage-deflate; ${params}`)).toBeUndefined()
    expect(accepted(`permessage-deflate; ${params}, permessage-deflate`)).toBe(plain)
  })

  test('a compressor with a smaller window takes that offer', () => {
    expect(acceptDeflate(parseExtensions('permessage-deflate; server_max_window_bits=8')!, 8)).toEqual({
      answer: `${plain}; server_max_window_bits=8`,
      serverMaxWindowBits: 8,
    })
  })

  test('other extensions are none of ours', () => expect(accepted('permessage-bzip2; level=3')).toBeUndefined())

  test('a client takes the answers that fit its offer', () => {
    expect(isDeflateAnswer(accepted(deflateOffer)!)).toBe(true)
    expect(isDeflateAnswer('permessage-deflate; server_no_context_takeover')).toBe(true)
    expect(isDeflateAnswer('permessage-deflate; server_no_context_takeover; server_max_window_bits=9')).toBe(true)
  })

  test.each([
    '',
    'permessage-deflate',
    'permessage-deflate; client_no_context_takeover',
    `${plain}, ${plain}`,
    `${plain}; client_max_window_bits=10`,
    `${plain}; client_max_window_bits`,
    `${plain}; unknown`,
    `${plain}; server_no_context_takeover`,
    `x${plain}`,
  ])('and not %j', (answer) => expect(isDeflateAnswer(answer)).toBe(false))
})
