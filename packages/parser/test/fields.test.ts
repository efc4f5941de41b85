import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatDate,
  hasToken,
  matchesTag,
  parseContentLength,
  parseDate,
  parseEntityTag,
  parseEntityTags,
  parseParameters,
  parseQualityList,
  parseRange,
  quote,
  tokenList,
  unquote,
} from '../src/fields.ts'

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)) })
const text = latin1.map((s) => s.replace(/[^\t\x20-\x7e\x80-\xff]/g, 'x'))

describe('RFC 9110 §5.6.1 lists', () => {
  test.each([
    ['a, b ,c', ['a', 'b', 'c']],
    [', a,, b,', ['a', 'b']],
    ['', []],
    [' \t ', []],
    ['"a, b", "c\\", d"', ['"a, b"', '"c\\", d"']],
    ['"open, a', ['"open', 'a']],
    ['"open\\', ['"open\\']],
    ['a\xa0,b', ['a\xa0', 'b']],
  ])('%j', (value, members) => expect(tokenList(value)).toEqual(members))

  test('members are found in any case, as a whole', () => {
    expect(hasToken('Keep-Alive, Close', 'close')).toBe(true)
    expect(hasToken('closed, xclose', 'close')).toBe(false)
  })

  test('what was joined comes apart again', () => {
    const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9a-zA-Z-]+$/)
    fc.assert(
      fc.property(fc.array(token), (members) => {
        expect(tokenList(members.join(' ,\t'))).toEqual(members)
      }),
    )
  })
})

test.each([
  ['0', 0],
  ['0010', 10],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['9007199254740992', null],
  ['', null],
  ['+5', null],
  ['5 ', null],
  ['0x5', null],
  ['5, 5', null],
  ['000000000000000000005', null],
])('RFC 9110 §8.6 content-length %j', (value, length) => expect(parseContentLength(value)).toBe(length))

describe('RFC 9110 §5.6.4 quoted strings', () => {
  test('quote and unquote are inverse', () => {
    fc.assert(
      fc.property(text, (s) => {
        expect(unquote(quote(s))).toBe(s)
      }),
    )
  })
  test.each(['', '"', 'a', '"a', 'a"', '"a"b"', '"a\\"', '"\0"', '"\\\0"', '"\x7f"', "'a'"])('%j is none', (value) =>
    expect(unquote(value)).toBeNull(),
  )
  test('any character may be escaped', () => expect(unquote('"\\a\\"\\\\"')).toBe('a"\\'))
  test('line ends cannot be quoted', () => expect(() => quote('a\r\nb')).toThrow(TypeError))
})

describe('RFC 9110 §5.6.6 parameters', () => {
  test.each([
    ['text/html', 'text/html', {}],
    ['text/html; charset=utf-8', 'text/html', { charset: 'utf-8' }],
    ['text/html;Charset="utf-8" ; a=b;', 'text/html', { charset: 'utf-8', a: 'b' }],
    ['a;b="x;y, z\\""', 'a', { b: 'x;y, z"' }],
    ['a; __proto__=1', 'a', { ['__proto__']: '1' }],
  ])('%j', (value, first, parameters) => {
    const parsed = parseParameters(value)
    expect(parsed?.value).toBe(first)
    expect(Object.fromEntries(parsed!.parameters)).toEqual(parameters)
  })
  test.each([
    '',
    ';',
    ';a=b',
    ' ;a=b',
    'a;b',
    'a;b=',
    'a;=c',
    'a;b =c',
    'a;b= c',
    'a;b="c',
    'a;b="c"d',
    '"a";b=c',
    'a;b=c d',
    'a;b=1;B=2',
    'a;b=1;b=1',
  ])('%j is none', (value) => expect(parseParameters(value)).toBeNull())
})

describe('RFC 9110 §12.4.2 weights', () => {
  test.each([
    [
      'gzip, br;q=0.5',
      [
        ['gzip', 1],
        ['br', 0.5],
      ],
    ],
    [
      'br;q=0.5, GZIP',
      [
        ['gzip', 1],
        ['br', 0.5],
      ],
    ],
    [
      'a;q=0, b;q=1.000, c;q=0.123',
      [
        ['b', 1],
        ['c', 0.123],
        ['a', 0],
      ],
    ],
    [
      'text/html;level=1;Q=0.4, */*',
      [
        ['*/*', 1],
        ['text/html;level=1', 0.4],
      ],
    ],
    ['a;q=2, b;q=0.1234, c;q=-1, d;q=, e;q=1.001', []],
    ['a;q=0.5;ext=1', [['a', 0.5]]],
    ['q=0.5', []],
    ['', []],
  ])('%j', (value, members) => expect(parseQualityList(value).map(({ value: v, q }) => [v, q])).toEqual(members))
})

describe('RFC 9110 §5.6.7 dates', () => {
  const at = Date.UTC(1994, 10, 6, 8, 49, 37)
  const now = Date.UTC(2026, 5, 1)
  test.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', at],
    ['Sunday, 06-Nov-94 08:49:37 GMT', at],
    ['Sun Nov  6 08:49:37 1994', at],
    ['Sunday, 06-Nov-70 08:49:37 GMT', Date.UTC(2070, 10, 6, 8, 49, 37)],
    ['Sunday, 06-Nov-76 08:49:37 GMT', Date.UTC(1976, 10, 6, 8, 49, 37)],
    ['Sunday, 06-Nov-77 08:49:37 GMT', Date.UTC(1977, 10, 6, 8, 49, 37)],
    ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1)],
    ['Mon, 29 Feb 2016 00:00:00 GMT', Date.UTC(2016, 1, 29)],
    ['Sun, 29 Feb 2015 00:00:00 GMT', null],
    ['Sun, 06 Nov 1994 24:00:00 GMT', null],
    ['Sun, 06 Nov 1994 08:60:00 GMT', null],
    ['Xyz, 06 Nov 1994 08:49:37 GMT', null],
    ['Sun, 06 nov 1994 08:49:37 GMT', null],
    ['Sun, 6 Nov 1994 08:49:37 GMT', null],
    ['Sun, 06 Nov 1994 08:49:37 UTC', null],
    ['Sun, 00 Nov 1994 08:49:37 GMT', null],
    ['1994-11-06T08:49:37Z', null],
    ['', null],
  ])('%j', (value, ms) => expect(parseDate(value, now)).toBe(ms))

  test('what is formatted is read back, to the second', () => {
    const ms = fc.integer({ min: Date.UTC(0, 0, 1) - 1899 * 31556952000, max: Date.UTC(9999, 11, 31) })
    fc.assert(
      fc.property(ms, (t) => {
        expect(parseDate(formatDate(t))).toBe(Math.floor(t / 1000) * 1000)
      }),
    )
    expect(formatDate(at)).toBe('Sun, 06 Nov 1994 08:49:37 GMT')
    expect(() => formatDate(NaN)).toThrow(RangeError)
    expect(() => formatDate(Date.UTC(10000, 0, 1))).toThrow(RangeError)
  })
})

describe('RFC 9110 §8.8.3 entity tags', () => {
  test.each([
    ['"a"', { weak: false, tag: 'a' }],
    ['W/"a"', { weak: true, tag: 'a' }],
    ['""', { weak: false, tag: '' }],
    ['"a,b\\"', { weak: false, tag: 'a,b\\' }],
    ['w/"a"', null],
    ['a', null],
    ['"a', null],
    ['"a b"', null],
    ['"a"x', null],
  ])('%j', (value, tag) => expect(parseEntityTag(value)).toEqual(tag))
  test.each([
    ['*', '*'],
    [
      '"a", W/"b,c" ,"d"',
      [
        ['a', false],
        ['b,c', true],
        ['d', false],
      ],
    ],
    [', "a",,', [['a', false]]],
    ['', null],
    ['"a" "b"', null],
    ['"a", b', null],
    ['*, "a"', null],
  ])('list %j', (value, tags) => {
    const parsed = parseEntityTags(value)
    expect(Array.isArray(parsed) ? parsed.map((t) => [t.tag, t.weak]) : parsed).toEqual(tags)
  })
  test('comparison', () => {
    const [strong, weak] = [
      { weak: false, tag: 'a' },
      { weak: true, tag: 'a' },
    ]
    expect(matchesTag(strong, [strong], true)).toBe(true)
    expect(matchesTag(strong, [weak], true)).toBe(false)
    expect(matchesTag(weak, [weak], true)).toBe(false)
    expect(matchesTag(strong, [weak], false)).toBe(true)
    expect(matchesTag(strong, [{ weak: false, tag: 'b' }], false)).toBe(false)
    expect(matchesTag(strong, '*', true)).toBe(true)
  })
})

describe('RFC 9110 §14.1.2 ranges of 1000 bytes', () => {
  test.each([
    ['bytes=0-499', [[0, 499]]],
    ['bytes=500-', [[500, 999]]],
    ['bytes=-100', [[900, 999]]],
    ['bytes=-2000', [[0, 999]]],
    ['bytes=999-5000', [[999, 999]]],
    [
      'BYTES=0-0, -1',
      [
        [0, 0],
        [999, 999],
      ],
    ],
    ['bytes=0-0,,5000-', [[0, 0]]],
    ['bytes=999-18446744073709551616', [[999, 999]]],
    ['bytes=-18446744073709551616', [[0, 999]]],
    [`bytes=0-${'9'.repeat(400)}`, [[0, 999]]],
    ['bytes=18446744073709551616-', 'unsatisfiable'],
    ['bytes=1000-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=10-5', null],
    ['bytes=', null],
    ['bytes=,', null],
    ['bytes=a-b', null],
    ['bytes=--1', null],
    ['bytes=-', null],
    ['bytes = 0-1', null],
    ['lines=0-1', null],
    ['0-1', null],
    ['bytes=0-,0-,0-,0-', null],
    [`bytes=${Array.from({ length: 33 }, (_, i) => `${i * 2}-${i * 2}`).join()}`, null],
  ])('%j', (value, ranges) => {
    const parsed = parseRange(value, 1000)
    expect(Array.isArray(parsed) ? parsed.map((r) => [r.start, r.end]) : parsed).toEqual(ranges)
  })
  test('of nothing, nothing is satisfiable', () => {
    expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable')
    expect(parseRange('bytes=-0', 0)).toBe('unsatisfiable')
  })
  test('the last bytes of nothing are asked for in vain, but rightly', () => {
    expect(parseRange('bytes=-5', 0)).toBeNull()
  })
})

const helpers: ((value: string) => unknown)[] = [
  tokenList,
  (v) => hasToken(v, 'a'),
  parseContentLength,
  unquote,
  parseParameters,
  parseQualityList,
  (v) => parseDate(v),
  parseEntityTag,
  parseEntityTags,
  (v) => parseRange(v, 100),
]

test('no helper throws on any text', () => {
  const likely = fc.constantFrom(',', ';', '=', '"', '\\', ' ', '*', 'W/"', 'bytes=', '-', '0', '9', 'q=', 'a', 'GMT')
  const value = fc.array(fc.oneof(likely, latin1)).map((parts) => parts.join(''))
  fc.assert(
    fc.property(value, (v) => {
      for (const helper of helpers) expect(() => helper(v)).not.toThrow()
    }),
  )
})
