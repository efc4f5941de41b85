import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Server, serve } from '@spillway/core'
import { staticFiles } from '@spillway/middleware/static'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { send } from './server.ts'
import type { WireReply } from './wire.ts'

// One file that is kept in memory and one that is read as it is sent: both answer alike.

const folder = mkdtempSync(join(tmpdir(), 'spillway-ranges-'))
const unit = Buffer.from('0123456789')
const files = { 'small.txt': Buffer.concat([unit, unit, unit]), 'large.bin': Buffer.alloc(2_500_000, unit) }
let server: Server

beforeAll(async () => {
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content)
    utimesSync(join(folder, name), 1e9, 1e9)
  }
  server = await serve(staticFiles(folder), { port: 0 })
})
afterAll(async () => {
  await server.close({ deadline: 0 })
  rmSync(folder, { recursive: true })
})

const modified = 'Sun, 09 Sep 2001 01:46:40 GMT'
const later = 'Sun, 09 Sep 2001 01:46:41 GMT'
const earlier = 'Sun, 09 Sep 2001 01:46:39 GMT'

/** Reads multipart/byteranges by its boundary, as RFC 2046 §5.1.1 says. */
function parts({ headers, content }: WireReply): { range: string; type: string; bytes: string }[] {
  const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(headers.get('content-type')!)![1]!
  const text = `\r\n${content.toString('latin1')}`
  expect(text.endsWith(`\r\n--${boundary}--\r\n`)).toBe(true)
  return text
    .slice(0, -boundary.length - 8)
    .split(`\r\n--${boundary}\r\n`)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\r\n\r\n')
      const [type = '', range = ''] = part.slice(0, end).split('\r\n')
      return { type: type.slice(14), range: range.slice(15), bytes: part.slice(end + 4) }
    })
}

const without = (headers: ReadonlyMap<string, string>) => [...headers].filter(([field]) => field !== 'date')

describe.each(Object.entries(files))('%s', (name, content) => {
  const size = content.length
  const ask = (...fields: string[]) => send(server, 'GET', `/${name}`, fields)

  test.each([
    ['bytes=0-0', 0, 1],
    ['bytes=5-9', 5, 10],
    ['bytes=10-', 10, size],
    ['bytes=-1', size - 1, size],
    ['bytes=-99999999', 0, size],
    ['bytes=0-99999999', 0, size],
    ['bytes=0-18446744073709551615', 0, size],
    ['Bytes=1-2', 1, 3],
    ['bytes=1-2, 2-4', 1, 5],
    ['bytes=5-6,0-1', 0, 7],
    ['bytes=0-1,99999999-', 0, 2],
  ])('RFC 9110 §14.2: %s is one part', async (range, start, end) => {
    const reply = await ask(`Range: ${range}`)
    expect(reply).toMatchObject({ status: 206, complete: true })
    expect(reply.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${size}`)
    expect(reply.headers.get('content-length')).toBe(String(end - start))
    expect(reply.content.equals(content.subarray(start, end))).toBe(true)
    expect(reply.headers.get('last-modified')).toBe(modified)
    expect(reply.headers.get('etag')).toMatch(/"/)
  })

  test.each([`bytes=${size}-`, 'bytes=99999999-', 'bytes=18446744073709551616-', 'bytes=10-5', 'bytes=-0'])(
    'RFC 9110 §15.5.17: %s is unsatisfiable',
    async (range) => {
      const reply = await ask(`Range: ${range}`)
      expect(reply).toMatchObject({ status: 416, complete: true })
      expect(reply.headers.get('content-range')).toBe(`bytes */${size}`)
      expect(reply.content).toHaveLength(0)
      expect(reply.headers.has('content-type')).toBe(false)
    },
  )

  test.each([
    'lines=1-2',
    'bytes=a-b',
    'bytes=',
    'bytes=1',
    'bytes 0-1',
    'bytes=-',
    `bytes=${'0-,'.repeat(20)}0-`,
    `bytes=${Array.from({ length: 33 }, (_, i) => `${i * 1000}-${i * 1000}`).join()}`,
  ])('RFC 9110 §14.2: %s is ignored', async (range) => {
    const reply = await ask(`Range: ${range}`)
    expect(reply).toMatchObject({ status: 200, complete: true })
    expect(reply.content.equals(content)).toBe(true)
    expect(reply.headers.get('accept-ranges')).toBe('bytes')
  })

  test('RFC 9110 §9.3.2, §14.2: HEAD says what GET without a range would', async () => {
    const get = await ask()
    const head = await send(server, 'HEAD', `/${name}`, ['Range: bytes=0-1'])
    expect(head).toMatchObject({ status: 200 })
    expect(head.content).toHaveLength(0)
    expect(without(head.headers)).toEqual(without(get.headers))
  })

  test('RFC 9110 §13.1.5: If-Range', async () => {
    const etag = (await ask()).headers.get('etag')!
    const status = async (value: string) => (await ask('Range: bytes=0-1', `If-Range: ${value}`)).status
    // A file of which only size and times are known has no strong tag while it is new.
    expect(await status(etag)).toBe(etag.startsWith('W/') ? 200 : 206)
    expect(await status(`W/${etag.replace('W/', '')}`)).toBe(200)
    expect(await status('"other"')).toBe(200)
    expect(await status(modified)).toBe(206)
    expect(await status(later)).toBe(200)
    expect(await status(earlier)).toBe(200)
    expect(await status('nonsense')).toBe(200)
  })

  test.each([
    [[`If-None-Match: ETAG`, 'Range: bytes=0-1'], 304],
    [[`If-None-Match: *`], 304],
    [[`If-None-Match: "x"`, `If-Modified-Since: ${modified}`], 200],
    [[`If-Modified-Since: ${modified}`], 304],
    [[`If-Modified-Since: ${earlier}`], 200],
    [[`If-Modified-Since: never`], 200],
    [[`If-Match: *`], 200],
    [[`If-Match: "x"`], 412],
    [[`If-Match: "x"`, 'If-None-Match: ETAG'], 412],
    [[`If-Match: *`, `If-Unmodified-Since: ${earlier}`], 200],
    [[`If-Unmodified-Since: ${earlier}`], 412],
    [[`If-Unmodified-Since: ${modified}`], 200],
    [[`If-Unmodified-Since: ${earlier}`, `If-Modified-Since: ${modified}`], 412],
    [[`If-Match: "x"`, 'Range: bytes=99999999-'], 412],
    [[`If-Unmodified-Since: ${modified}`, 'Range: bytes=0-1'], 206],
  ])('RFC 9110 §13.2.2: %j is %i', async (fields, status) => {
    const etag = (await ask()).headers.get('etag')!
    const reply = await ask(...fields.map((field) => field.replace('ETAG', etag)))
    expect(reply.status).toBe(status)
    if (status < 300) return
    expect(reply.content).toHaveLength(0)
    expect(reply.headers.get('etag')).toBe(etag)
    expect(reply.headers.get('cache-control')).toBe('no-cache')
  })
})

test.each([
  [
    'bytes=0-1,1000-1001',
    [
      [0, 1],
      [1000, 1001],
    ],
  ],
  [
    'bytes=2000-2001,0-1,-2',
    [
      [2000, 2001],
      [0, 1],
      [2_499_998, 2_499_999],
    ],
  ],
  [
    'bytes=0-1, 1500000-1500003 ,1-5,1500002-1500009',
    [
      [0, 5],
      [1_500_000, 1_500_009],
    ],
  ],
  [
    'bytes=0-1300000,1400000-',
    [
      [0, 1_300_000],
      [1_400_000, 2_499_999],
    ],
  ],
])('RFC 9110 §14.6: %s is sent in parts', async (range, expected) => {
  const content = files['large.bin']
  const reply = await send(server, 'GET', '/large.bin', [`Range: ${range}`])
  expect(reply).toMatchObject({ status: 206, complete: true })
  expect(reply.headers.has('content-range')).toBe(false)
  expect(parts(reply)).toEqual(
    expected.map(([start, end]) => ({
      type: 'application/octet-stream',
      range: `bytes ${start}-${end}/${content.length}`,
      bytes: content.toString('latin1', start, end! + 1),
    })),
  )
})

test('a file in memory is sent in parts', async () => {
  writeFileSync(join(folder, 'middle.txt'), files['large.bin'].subarray(0, 5000))
  const reply = await send(server, 'GET', '/middle.txt', ['Range: bytes=4990-,0-3'])
  expect(reply).toMatchObject({ status: 206, complete: true })
  expect(parts(reply)).toEqual([
    { type: 'text/plain; charset=utf-8', range: 'bytes 4990-4999/5000', bytes: '0123456789' },
    { type: 'text/plain; charset=utf-8', range: 'bytes 0-3/5000', bytes: '0123' },
  ])
})

test('no part of an empty file can be had', async () => {
  writeFileSync(join(folder, 'empty.txt'), '')
  const reply = await send(server, 'GET', '/empty.txt', ['Range: bytes=0-'])
  expect(reply).toMatchObject({ status: 416 })
  expect(reply.headers.get('content-range')).toBe('bytes */0')
})
