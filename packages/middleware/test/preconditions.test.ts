import type { RequestHeaders } from '@spillway/core'
import { describe, expect, test } from 'vitest'
import { evaluatePreconditions, type Validators } from '../src/lib/http/preconditions.ts'

const weak: Validators = { etag: 'W/"1-abc"', modified: 784_111_777_000 }
const strong: Validators = { etag: '"1-abc"', modified: 784_111_777_900 }
const [before, exact, after] = [36, 37, 38].map((second) => `Sun, 06 Nov 1994 08:49:${second} GMT`) as [
  string,
  string,
  string,
]

function headers(fields: Record<string, string>): RequestHeaders {
  return { get: (name: string) => fields[name] ?? null } as RequestHeaders
}

describe('If-None-Match', () => {
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
  ])('%s', (value, met) => {
    const fields = headers({ 'if-none-match': value })
    expect(evaluatePreconditions('GET', fields, weak)).toBe(met ? 304 : undefined)
    expect(evaluatePreconditions('HEAD', fields, weak)).toBe(met ? 304 : undefined)
    expect(evaluatePreconditions('PUT', fields, weak)).toBe(met ? 412 : undefined)
  })

  test('* lets a PUT create what is not there', () => {
    expect(evaluatePreconditions('PUT', headers({ 'if-none-match': '*' }), null)).toBeUndefined()
    expect(evaluatePreconditions('PUT', headers({ 'if-none-match': '*' }), {})).toBe(412)
  })

  test('a list of a million tags is read once', () => {
    for (const value of ['"a",'.repeat(1_000_000), '"'.repeat(1_000_001)])
      expect(evaluatePreconditions('GET', headers({ 'if-none-match': value }), weak)).toBeUndefined()
  })
})

describe('If-Modified-Since', () => {
  test.each([
    [exact, true],
    [after, true],
    [before, false],
    ['Sunday, 06-Nov-94 08:49:37 GMT', true],
    ['Sun Nov  6 08:49:37 1994', true],
    ['1994-11-06T08:49:37Z', false],
    [`${exact}, ${exact}`, false],
    ['0', false],
  ])('%s', (value, met) => {
    const fields = headers({ 'if-modified-since': value })
    expect(evaluatePreconditions('GET', fields, weak)).toBe(met ? 304 : undefined)
    expect(evaluatePreconditions('GET', fields, strong)).toBe(met ? 304 : undefined)
  })

  test('says nothing to other methods, nor without a time to compare', () => {
    expect(evaluatePreconditions('POST', headers({ 'if-modified-since': after }), weak)).toBeUndefined()
    expect(evaluatePreconditions('GET', headers({ 'if-modified-since': after }), { etag: '"a"' })).toBeUndefined()
  })
})

describe('If-Match', () => {
  test.each([
    ['"1-abc"', true],
    ['"x", "1-abc"', true],
    ['*', true],
    ['W/"1-abc"', false],
    ['"x"', false],
    ['junk', false],
  ])('%s', (value, met) => {
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect(evaluatePreconditions(method, headers({ 'if-match': value }), strong)).toBe(met ? undefined : 412)
  })

  test('compares strongly, so a weak tag never matches', () => {
    expect(evaluatePreconditions('PUT', headers({ 'if-match': '"1-abc"' }), weak)).toBe(412)
    expect(evaluatePreconditions('PUT', headers({ 'if-match': '*' }), null)).toBe(412)
  })
})

test.each([
  [before, 412],
  [exact, undefined],
  [after, undefined],
  ['yesterday', undefined],
])('If-Unmodified-Since: %s is %s', (value, expected) => {
  expect(evaluatePreconditions('PUT', headers({ 'if-unmodified-since': value }), strong)).toBe(expected)
})

test.each<[string, Record<string, string>, 304 | 412 | undefined]>([
  ['If-Match before If-Unmodified-Since', { 'if-match': '"1-abc"', 'if-unmodified-since': before }, undefined],
  ['If-Match before If-None-Match', { 'if-match': '"x"', 'if-none-match': '"1-abc"' }, 412],
  ['If-Unmodified-Since before If-None-Match', { 'if-unmodified-since': before, 'if-none-match': '"1-abc"' }, 412],
  ['If-None-Match after If-Match that is met', { 'if-match': '*', 'if-none-match': '"1-abc"' }, 304],
  ['If-None-Match before If-Modified-Since', { 'if-none-match': '"x"', 'if-modified-since': after }, undefined],
  ['none of them', {}, undefined],
])('the order of RFC 9110 §13.2.2: %s', (_, fields, expected) => {
  expect(evaluatePreconditions('GET', headers(fields), strong)).toBe(expected)
})
