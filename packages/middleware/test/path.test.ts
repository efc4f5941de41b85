import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeTail, normalizePath, pathSegments } from '../src/lib/http/path.ts'

describe('normalizePath', () => {
  test.each([
    ['/', '/'],
    ['/a/b.html', '/a/b.html'],
    ["/!$&'()*+,-.:;=@[]_|~", "/!$&'()*+,-.:;=@[]_|~"],
    ['/%61dmin', '/admin'],
    ['/%7Euser', '/~user'],
    ['/a%3ab', '/a:b'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/a%20b', '/a%20b'],
    ['/a"b', '/a%22b'],
    ['/a^b`c{d}', '/a%5Eb%60c%7Bd%7D'],
    ['/a\\b', '/a%5Cb'],
    ['/a%2fb', '/a%2Fb'],
    ['/a%5cb', '/a%5Cb'],
    ['/%252e%252e/x', '/%252e%252e/x'],
    ['/a%0d%0ab', '/a%0D%0Ab'],
  ])('reads octets: %s is %s', (raw, normal) => {
    expect(normalizePath(raw)).toBe(normal)
  })

  test.each([
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/%2E%2e/b', '/b'],
    ['/a/.%2e/b', '/b'],
    ['/a/b/..', '/a/'],
    ['/a/.', '/a/'],
    ['/..', '/'],
    ['/../../etc', '/etc'],
    ['/a/..%2Fb', '/a/..%2Fb'],
    ['/a/..%5cb', '/a/..%5Cb'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a/...', '/a/...'],
    ['/a/.../b', '/a/.../b'],
    ['/a/..;/b', '/a/..;/b'],
  ])('resolves dots: %s is %s', (raw, normal) => {
    expect(normalizePath(raw)).toBe(normal)
  })

  test.each(['//', '//a', '/a//b', '/a/b//', '/a/', '/a//%62'])('keeps empty segments: %s', (raw) => {
    expect(normalizePath(raw)).toBe(raw.replace('%62', 'b'))
  })

  test.each([
    '/%',
    '/%2',
    '/%zz',
    '/a%',
    '/%00',
    '/a%00.html',
    '/%ff',
    '/%c0%ae',
    '/%ed%a0%80',
    '/é',
    '/a b',
    '',
    '*',
    'a',
  ])('refuses %j', (raw) => {
    expect(normalizePath(raw)).toBeUndefined()
  })

  const hostile = fc.array(
    fc.constantFrom(
      '/',
      '//',
      '.',
      '..',
      '%2e',
      '%2E',
      '%2f',
      '%5c',
      '\\',
      'a',
      'b',
      '%61',
      '%c3%a9',
      '%25',
      ';',
      '%252f',
      '%00',
    ),
    { maxLength: 12 },
  )

  test('is idempotent, and leaves no dot segment, no control character and no bare separator', () => {
    fc.assert(
      fc.property(hostile, (pieces) => {
        const normal = normalizePath(`/${pieces.join('')}`)
        if (normal === undefined) return
        expect(normalizePath(normal)).toBe(normal)
        expect(normal).toMatch(/^\/[!-~]*$/)
        expect(normal).not.toContain('\\')
        for (const segment of normal.split('/')) expect(['.', '..']).not.toContain(segment)
      }),
      { numRuns: 500 },
    )
  })

  test('reads two spellings of a path alike', () => {
    const segment = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/^\.\.?$|\0/.test(text))
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const usual = normalizePath(`/${segments.map(encodeURIComponent).join('/')}`)
        const everyOctet = segments.map((text) =>
          [...Buffer.from(text)].map((b) => `%${b.toString(16).padStart(2, '0')}`),
        )
        expect(normalizePath(`/${everyOctet.map((octets) => octets.join('')).join('/')}`)).toBe(usual)
        expect(pathSegments(usual!)).toEqual(segments)
      }),
    )
  })
})

test.each([
  ['a/b', 'a/b'],
  ['a%20b/c', 'a b/c'],
  ['..%2F..%5Cetc', '..%2F..%5Cetc'],
  ['%252F', '%2F'],
  ['%25252F', '%252F'],
])('decodeTail: %s is %s', (tail, text) => {
  expect(decodeTail(tail)).toBe(text)
})
