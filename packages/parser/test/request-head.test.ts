/* What a reader of heads says of one is never that of another one before it. */
import { expect, test } from 'vitest'
import { RequestHead } from '../src/index.ts'
import { bytesOf } from './replay.ts'

const everything =
  'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'
const facts = ({ method, bodyKind, contentLength, keepAlive, upgrade, expectation }: RequestHead): unknown[] => [
  method,
  bodyKind,
  contentLength,
  keepAlive,
  upgrade,
  expectation,
]
const nothing = [0, 0, false, false, 0]

test.each([
  ['goes on', 'GET / HTTP/1.1\r\nHost: h\r\nA', 'GET'],
  ['has a wrong start line', 'GET / HTTP/3.1\r\n\r\n', 'GET'],
  ['has a wrong field line', 'GET / HTTP/1.1\r\nA : b\r\n\r\n', 'GET'],
  ['has no Host', 'GET / HTTP/1.1\r\nA: b\r\n\r\n', 'GET'],
  ['has not begun', '\r\n', ''],
])('nothing of the head before, when the next one %s', (_, next, method) => {
  const head = new RequestHead()
  const first = bytesOf(everything)
  expect(head.parse(first, 0, first.length)).toBe(first.length)
  expect(facts(head)).toEqual(['POST', 2, 0, true, true, 1])
  const second = bytesOf(next)
  expect(head.parse(second, 0, second.length)).toBeLessThanOrEqual(0)
  expect(facts(head)).toEqual([method, ...nothing])
})
