import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { harEntry } from '../src/har.ts'
import { readTransactions } from '../src/read.ts'
import { listLine, showTransaction } from '../src/show.ts'
import type { Transaction } from '../src/transaction.ts'

const folder = mkdtempSync(join(tmpdir(), 'replay-'))
afterAll(() => rmSync(folder, { recursive: true }))

function read(text: string): Transaction[] {
  const file = join(folder, 'file')
  writeFileSync(file, text, 'latin1')
  return [...readTransactions(file, 1e6)]
}

const entry = {
  startedDateTime: '2026-01-01T00:00:00.000Z',
  time: 12.5,
  request: {
    method: 'POST',
    url: 'https://a.example:8443/x?y=1',
    httpVersion: 'HTTP/2',
    headers: [
      { name: ':method', value: 'POST' },
      { name: 'Accept', value: '*/*' },
    ],
    postData: { mimeType: 'text/plain', text: 'caf\u00e9' },
  },
  response: {
    status: 200,
    statusText: '',
    httpVersion: 'HTTP/2',
    headers: [{ name: 'Content-Type', value: 'image/png' }],
    content: { size: 3, text: 'AAEC', encoding: 'base64' },
  },
}

/** A HAR file as text, one character per byte. */
function har(...entries: object[]): string {
  return Buffer.from(JSON.stringify({ log: { entries } })).toString('latin1')
}

describe('HAR files', () => {
  test('are read, without the fields that HTTP/1.1 does not have', () => {
    const [one] = read(har(entry))
    expect(one).toMatchObject({ number: 1, scheme: 'https', authority: 'a.example:8443', duration: 12.5 })
    expect(one!.request).toMatchObject({
      method: 'POST',
      target: '/x?y=1',
      fields: [['Accept', '*/*']],
      contentBytes: 5,
    })
    expect([...one!.response!.content]).toEqual([0, 1, 2])
  })

  test('are written as they were read', () => {
    const [one] = read(har(entry))
    const [again] = read(har(harEntry(one!)))
    expect(again).toEqual({ ...one, response: { ...one!.response, reason: 'OK' } })
  })

  test('have what never was answered, and other schemes', () => {
    const aborted = { ...entry, response: { ...entry.response, status: 0 } }
    const data = { ...entry, request: { ...entry.request, url: 'data:text/plain,x' } }
    expect(read(har(aborted, data)).map(({ response }) => response)).toEqual([undefined])
  })

  test.each([
    ['GET', 200, [], false],
    ['GET', 200, [{ name: 'Content-Length', value: '0' }], true],
    ['GET', 304, [], true],
    ['HEAD', 200, [{ name: 'Content-Length', value: '9' }], true],
  ])('of %s and %d without text: what is not there may be forgotten', (method, status, headers, isWhole) => {
    const { request, response } = entry
    const [one] = read(
      har({
        ...entry,
        request: { ...request, method },
        response: { ...response, status, headers, content: { size: -1 } },
      }),
    )
    expect(one!.response).toMatchObject({ isWhole, contentBytes: 0 })
  })

  test('are told when they are none', () => {
    expect(() => read('{"log": {')).toThrow('is not a HAR file')
    expect(() => read('{"a": 1}')).toThrow('it has no log with entries')
  })
})

describe('access logs', () => {
  test.each([
    [
      'nginx and Apache, combined',
      '10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a?b HTTP/1.0" 200 2326 "http://a.example/" "curl/8 \\"x\\""',
      {
        method: 'GET',
        target: '/a?b',
        minorVersion: 0,
        fields: [
          ['Referer', 'http://a.example/'],
          ['User-Agent', 'curl/8 "x"'],
        ],
      },
      { status: 200, contentBytes: 2326 },
    ],
    [
      'Apache, common, with a user',
      '::1 - frank [10/Oct/2000:13:55:36 -0700] "POST /a HTTP/1.1" 304 -',
      { method: 'POST', target: '/a', minorVersion: 1, fields: [] },
      { status: 304, contentBytes: 0 },
    ],
    [
      'what was no request',
      String.raw`10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "\x16\x03\x01" 400 157 "-" "-"`,
      undefined,
      { status: 400, contentBytes: 157 },
    ],
  ])('%s', (_, line, request, response) => {
    const [one, two] = read(`${line}\n${line}\n\nnonsense\n`)
    expect(one!.startedAt).toBe(Date.UTC(2000, 9, 10, 20, 55, 36))
    expect(one).toMatchObject({ request })
    expect(one!.response).toMatchObject(response)
    expect(two).toEqual({ ...one, number: 2 })
  })
})

describe('files of messages', () => {
  test('requests, as they are on the wire', () => {
    const list = read('GET /a HTTP/1.1\r\nHost: a\r\n\r\nPOST /b HTTP/1.1\nHost: a\nContent-Length: 2\n\nok')
    expect(list.map(({ request }) => `${request!.method} ${request!.target}`)).toEqual(['GET /a', 'POST /b'])
    expect(list[1]!.deviations.map(({ code }) => code)).toContain('INVALID_LINE_END')
  })
  test('a request and its answer, as curl -v would have them', () => {
    const [one] = read('GET /a HTTP/1.1\r\nHost: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    expect(one).toMatchObject({ request: { target: '/a' }, response: { status: 200, contentBytes: 2 } })
  })
  test('a response, as curl -i saves it', () => {
    const [one] = read('HTTP/2 200 \r\ncontent-type: text/plain\r\n\r\nok')
    expect(one).toMatchObject({ request: undefined, response: { status: 200, contentBytes: 2 } })
  })
})

describe('what is shown', () => {
  const [one] = read(
    'GET /a HTTP/1.1\r\nHost: a\r\nX: \x1b[31m\x9b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\x00\x1b\xe9',
  )
  test('never acts upon a terminal', () => {
    // oxlint-disable-next-line no-control-regex -- that is what is looked for
    for (const text of [showTransaction(one!), listLine(one!)]) expect(text).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f]/)
  })
  test('has the bytes and the verdict', () => {
    expect(showTransaction(one!)).toMatch(/^# 1  http:\/\/a\/a\n\n> GET \/a HTTP\/1.1\n> Host: a\n> X:/)
    expect(showTransaction(one!)).toContain('! INVALID_FIELD_VALUE at byte 29')
    expect(showTransaction(one!)).toContain(String.raw`| \x00\x1bé`)
    expect(showTransaction(one!)).toContain('= a strict parser accepts it')
  })
})
