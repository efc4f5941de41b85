import type { RequestHeaders } from '@spillway/core'
import { describe, expect, test } from 'vitest'
import { isNotModified } from '../src/lib/static/conditional.ts'
import { contentType } from '../src/lib/static/content-type.ts'
import { parseHttpDate } from '../src/lib/static/http-date.ts'

const validators = { etag: 'W/"1-abc"', modified: 784_111_777 }

function headers(fields: Record<string, string>): RequestHeaders {
  return { get: (name: string) => fields[name] ?? null } as RequestHeaders
}

describe('isNotModified', () => {
  test.each([
    ['W/"1-abc"', true],
    ['"1-abc"', true],
    ['"x", W/"1-abc"', true],
    ['"x" ,\t"1-abc", "y"', true],
    ['*', true],
    ['"a,b", "1-abc"', true],
    ['"x"', false],
    ['1-abc', false],
    ['"1-abc', false],
    ['W/', false],
    ['w/"1-abc"', false],
    ['"x" junk "1-abc"', false],
    ['', false],
  ])('If-None-Match: %s', (value, expected) => {
    expect(isNotModified(headers({ 'if-none-match': value }), validators)).toBe(expected)
  })

  test.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', true],
    ['Sun, 06 Nov 1994 08:49:38 GMT', true],
    ['Sun, 06 Nov 1994 08:49:36 GMT', false],
    ['Sunday, 06-Nov-94 08:49:37 GMT', true],
    ['Sun Nov  6 08:49:37 1994', true],
    ['1994-11-06T08:49:37Z', false],
    ['Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT', false],
  ])('If-Modified-Since: %s', (value, expected) => {
    expect(isNotModified(headers({ 'if-modified-since': value }), validators)).toBe(expected)
  })

  test('If-None-Match decides alone when both are there', () => {
    const since = 'Sun, 06 Nov 1994 08:49:37 GMT'
    expect(isNotModified(headers({ 'if-none-match': '"x"', 'if-modified-since': since }), validators)).toBe(false)
    expect(isNotModified(headers({}), validators)).toBe(false)
  })

  test('a list of a million tags is read once', () => {
    const started = performance.now()
    isNotModified(headers({ 'if-none-match': '"a",'.repeat(1_000_000) }), validators)
    isNotModified(headers({ 'if-none-match': '"'.repeat(1_000_001) }), validators)
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

test.each([
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['Tue, 31 Dec 2024 23:59:60 GMT', undefined],
  ['Sun, 30 Feb 2025 00:00:00 GMT', undefined],
  ['Sun, 06 Nov 1994 24:00:00 GMT', undefined],
  ['Sun, 06 Foo 1994 08:49:37 GMT', undefined],
  ['Sun, 6 Nov 1994 08:49:37 GMT', undefined],
  ['Sun, 06 Nov 1994 08:49:37 UTC', undefined],
  ['0', undefined],
  ['', undefined],
])('parseHttpDate: %s is %s', (text, seconds) => {
  expect(parseHttpDate(text)).toBe(seconds)
})

test.each([
  ['a.html', 'text/html; charset=utf-8'],
  ['A.HTML', 'text/html; charset=utf-8'],
  ['a.min.js', 'text/javascript; charset=utf-8'],
  ['a.json', 'application/json'],
  ['a.svg', 'image/svg+xml'],
  ['a.woff2', 'font/woff2'],
  ['a.wasm', 'application/wasm'],
  ['a.unknown', 'application/octet-stream'],
  ['html', 'application/octet-stream'],
  ['a.constructor', 'application/octet-stream'],
])('contentType: %s is %s', (name, type) => {
  expect(contentType(name)).toBe(type)
})
