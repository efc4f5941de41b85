import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  deltaSeconds,
  fieldsAsSent,
  formatContentRange,
  formatExtended,
  parseCacheControl,
  parseContentRange,
  parseCookies,
  parseExtended,
  parseSetCookie,
  quote,
  splitAuthority,
} from '../src/fields.ts'
import { parseRequest } from '../src/index.ts'
import { ObservingParser } from '../src/observer.ts'
import { bytesOf } from './replay.ts'

const token = fc.stringMatching(/^[!#$%&'*+.^`|~\w-]{1,12}$/)

describe('Cache-Control, RFC 9111 §5.2', () => {
  test.each([
    [
      'max-age=60, no-cache="set-cookie, x", PUBLIC',
      { 'max-age': '60', 'no-cache': 'set-cookie, x', public: undefined },
    ],
    ['max-age="60"', { 'max-age': '60' }],
    ['max-age=1, max-age=2', { 'max-age': 'conflict' }],
    ['max-age=1, Max-Age=1', { 'max-age': '1' }],
    ['a="x', { a: 'malformed' }],
    [',, a ,', { a: undefined }],
    ['', {}],
  ])('%s', (value, directives) => {
    expect(Object.fromEntries(parseCacheControl(value))).toEqual(directives)
  })
  test.each([
    ['max-age=60', 60],
    ['max-age="60"', 60],
    ['max-age=99999999999999', 2 ** 31],
    ['max-age', 0],
    ['max-age=-1', 0],
    ['max-age=1.5', 0],
    ['max-age=1, max-age=2', 0],
    ['private', undefined],
  ])('seconds of %s', (value, seconds) => {
    expect(deltaSeconds(parseCacheControl(value), 'max-age')).toBe(seconds)
  })
  test('whatever is written is read', () => {
    const argument = fc.oneof(fc.constant(undefined), token, fc.stringMatching(/^[ -~\t]{0,9}$/).map(quote))
    const names = fc.uniqueArray(token, { selector: (name) => name.toLowerCase(), maxLength: 5 })
    fc.assert(
      fc.property(
        names.chain((list) =>
          fc.tuple(fc.constant(list), fc.array(argument, { minLength: list.length, maxLength: list.length })),
        ),
        ([list, args]) => {
          const value = list.map((name, i) => (args[i] === undefined ? name : `${name}=${args[i]}`)).join(', ')
          expect([...parseCacheControl(value).keys()]).toEqual(list.map((name) => name.toLowerCase()))
        },
      ),
    )
  })
})

describe('Content-Range, RFC 9110 §14.4', () => {
  test.each([
    ['bytes 0-0/1', { range: { start: 0, end: 0 }, size: 1 }],
    ['Bytes 5-9/*', { range: { start: 5, end: 9 }, size: null }],
    ['bytes */0', { range: null, size: 0 }],
  ])('%s', (value, expected) => {
    expect(parseContentRange(value)).toEqual(expected)
  })
  test.each([
    'bytes 1-0/5',
    'bytes 0-5/5',
    'bytes */*',
    'bytes 0-/5',
    'bytes=0-1/5',
    'bytes  0-1/5',
    'seconds 0-1/5',
    'bytes 0-1/5 ',
    'bytes 0-9007199254740992/*',
    'bytes 0-1/9007199254740992',
    '',
  ])('%s is none', (value) => {
    expect(parseContentRange(value)).toBeNull()
  })
  test('what is written is read', () => {
    const size = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(size, fc.nat(), fc.nat(), fc.boolean(), (all, a, b, isKnown) => {
        const end = Math.max(a, b) % all
        const range = { start: Math.min(a, b, end), end }
        expect(parseContentRange(formatContentRange(range, isKnown ? all : null))).toEqual({
          range,
          size: isKnown ? all : null,
        })
        expect(parseContentRange(formatContentRange(null, all))).toEqual({ range: null, size: all })
      }),
    )
  })
  test('what could not be read is not written', () => {
    for (const [range, size] of [
      [{ start: 1, end: 0 }, 5],
      [{ start: 0, end: 5 }, 5],
      [null, null],
      [{ start: NaN, end: 1 }, 5],
      [null, -1],
    ] as const)
      expect(() => formatContentRange(range, size)).toThrow(RangeError)
  })
})

describe('cookies, RFC 6265', () => {
  test.each([
    [
      'a=1; b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'a=1;b="2";a=3',
      [
        ['a', '1'],
        ['b', '"2"'],
        ['a', '3'],
      ],
    ],
    [
      ' a = b = c ;; d',
      [
        ['a', 'b = c'],
        ['', 'd'],
      ],
    ],
    [
      '__proto__=x; =y',
      [
        ['__proto__', 'x'],
        ['', 'y'],
      ],
    ],
    ['', []],
  ])('%s', (value, pairs) => {
    expect(parseCookies(value)).toEqual(pairs)
  })
  test.each([
    ['a=b', 'a', 'b', {}],
    ['a=b; Path=/; HttpOnly', 'a', 'b', { path: '/', httponly: '' }],
    [
      'a = "b c" ; Max-Age = 5;Expires=Sun, 06 Nov 1994 08:49:37 GMT',
      'a',
      '"b c"',
      { 'max-age': '5', expires: 'Sun, 06 Nov 1994 08:49:37 GMT' },
    ],
    ['a=b; Path=/x; Path=/y; =z', 'a', 'b', { path: '/y' }],
    ['b', '', 'b', {}],
    ['a=', 'a', '', {}],
  ])('%s is set', (value, name, text, attributes) => {
    const cookie = parseSetCookie(value)!
    expect([cookie.name, cookie.value, Object.fromEntries(cookie.attributes)]).toEqual([name, text, attributes])
  })
  test.each(['', '=', ' = ; Path=/', 'a=\0', 'a=b; Path=/\x7f', `a=${'b'.repeat(4096)}`])('%o is ignored', (value) => {
    expect(parseSetCookie(value)).toBeNull()
  })
  test('of a long attribute nothing is kept; of the longest cookie all', () => {
    expect(parseSetCookie(`a=${'b'.repeat(4095)}`)!.value).toHaveLength(4095)
    expect([...parseSetCookie(`a=b; x=${'c'.repeat(1024)}; y=${'c'.repeat(1025)}`)!.attributes.keys()]).toEqual(['x'])
  })
  test('what is written is read', () => {
    const value = fc.stringMatching(/^[!#-+--:<-[\]-~]{0,9}$/)
    fc.assert(
      fc.property(fc.array(fc.tuple(token, value), { maxLength: 5 }), (pairs) => {
        expect(parseCookies(pairs.map((pair) => pair.join('=')).join('; '))).toEqual(pairs)
        for (const [name, text] of pairs)
          expect(parseSetCookie(`${name}=${text}; Secure`)).toMatchObject({ name, value: text })
      }),
    )
  })
})

describe('extended values, RFC 8187', () => {
  test.each([
    ["UTF-8''%c2%a3%20and%20%e2%82%ac%20rates", '£ and € rates'],
    ["utf-8'en-GB'a", 'a'],
    ["UTF-8''", ''],
    ["iso-8859-1'en'%A3", null],
    ["UTF-8''%A3", null],
    ["UTF-8''a b", null],
    ["UTF-8''%4", null],
    ["UTF-8'a", null],
    ["UTF-8''it's", null],
    ['', null],
  ])('%s', (value, text) => {
    expect(parseExtended(value)).toBe(text)
  })
  test('what is written is read, and of the characters that are allowed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const value = formatExtended(text)
        expect(parseExtended(value)).toBe(text)
        expect(value).toMatch(/^UTF-8''(?:[\w!#$&+.^`|~-]|%[\dA-F]{2})*$/)
      }),
    )
  })
  test('half a character is none', () => {
    expect(() => formatExtended('\ud800')).toThrow(URIError)
  })
})

describe('an authority, RFC 9110 §7.2', () => {
  test.each([
    ['a.example', 'a.example', 443],
    ['A.example:8080', 'A.example', 8080],
    ['a.example:', 'a.example', 443],
    ['a.example:0', 'a.example', 0],
    ['[::1]', '[::1]', 443],
    ['[2001:db8::1]:80', '[2001:db8::1]', 80],
    ['127.0.0.1:65535', '127.0.0.1', 65535],
  ])('%s', (value, host, port) => {
    expect(splitAuthority(value, 443)).toEqual({ host, port })
  })
  test.each(['', ':80', 'a:65536', 'a:b', 'u@a', 'a/b', '::1', '[::1', 'a b', 'a:80:80'])('%o is none', (value) => {
    expect(splitAuthority(value, 80)).toBeNull()
  })
})

describe('names as sent, RFC 9110 §5.1', () => {
  test('of a head', () => {
    const { head } = parseRequest(bytesOf('GET / HTTP/1.1\r\nHoSt:a\r\nX-Y: \t z \r\nEmpty:\r\n\r\n'))!
    expect(fieldsAsSent(head)).toEqual([
      ['HoSt', 'a'],
      ['X-Y', 'z'],
      ['Empty', ''],
    ])
  })
  test('of none at all', () => {
    expect(fieldsAsSent(parseRequest(bytesOf('GET / HTTP/1.0\r\n\r\n'))!.head)).toEqual([])
  })
  test('of one that an observer has mended', () => {
    const events = [...new ObservingParser('request').feed(bytesOf('GET / HTTP/1.1\nX Y: 1\nHOST : a\n\n'))]
    expect(events.flatMap((event) => (event.type === 'request' ? fieldsAsSent(event.head) : []))).toEqual([
      ['X Y', '1'],
      ['HOST', 'a'],
    ])
  })
})
