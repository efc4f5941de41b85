/* What a head costs in memory: nothing to read or refuse it, one string to keep it. */
import { allocatedBy } from '@spillway/vitest-config/allocation'
import { expect, test } from 'vitest'
import { decodeLatin1, RequestHead } from '../src/index.ts'
import { bytesOf } from './replay.ts'

const fields = Array.from({ length: 12 }, (_, i) => `X-Field-${i}: value ${i}\r\n`).join('')
const accepted = bytesOf(`GET /path?query HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive\r\n${fields}\r\n`)
const posted = bytesOf(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n${fields}\r\n`)
const refused = bytesOf(`GET / HTTP/1.1\r\nHost: a.example\r\n${fields}Name : value\r\n\r\n`)

test.each([
  ['accepted', accepted],
  ['accepted, with a body', posted],
  ['refused', refused],
])('a head that is %s allocates nothing', (_, bytes) => {
  const head = new RequestHead()
  expect(allocatedBy(() => head.parse(bytes, 0, bytes.length))).toBeLessThan(8)
})

test('what is measured would show a single object', () => {
  let kept: unknown
  expect(allocatedBy(() => (kept = { kept: 1 }))).toBeGreaterThan(8)
  expect(kept).toEqual({ kept: 1 })
})

test('a head that is kept is one string, decoded once', () => {
  const head = new RequestHead()
  expect(head.parse(accepted, 0, accepted.length)).toBe(accepted.length)
  const decoded: [number, number][] = []
  const kept = head.snapshot(accepted, 0, (buf, start, end) => {
    decoded.push([start, end])
    return decodeLatin1(buf, start, end)
  })
  expect([kept.target, kept.get('x-field-3'), [...kept].length]).toEqual(['/path?query', 'value 3', 14])
  expect(decoded).toEqual([[0, accepted.length]])
})
