import { expect, test } from 'vitest'
import { contentType } from '../src/lib/static/content-type.ts'

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
