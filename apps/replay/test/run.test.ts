import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { readArguments } from '../src/arguments.ts'
import { UsageError } from '@spillway/command-line'
import { run } from '../src/run.ts'
import { conversation, packets, pcap } from '../../../packages/inspect/test/packets.ts'

const folder = mkdtempSync(join(tmpdir(), 'replay-'))
afterAll(() => rmSync(folder, { recursive: true }))
let count = 0

function fileOf(content: string | Buffer): string {
  const file = join(folder, `file-${count++}`)
  writeFileSync(file, content, 'latin1')
  return file
}

/** Runs the program: its output and exit status. */
async function replay(...args: string[]): Promise<{ status: number; text: string }> {
  const command = readArguments(args)
  if (typeof command === 'string') throw new Error(command)
  let text = ''
  const status = await run(command, { print: (piece) => void (text += piece), progress: () => undefined })
  return { status, text: text.replace(/in \d+\.\d s/, 'in time') }
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** Starts a server: its URL, and the requests that it has received. */
async function serve(reply: Answer): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('latin1').on('data', (piece: string) => (body += piece))
    request.on('end', () => {
      asked.push(`${request.method} ${request.headers.host} ${request.url} ${body}`)
      reply(request, response, body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

const entry = (url: string, more: { request?: object; response?: object } = {}): object => ({
  startedDateTime: '2026-01-01T00:00:00.000Z',
  time: 1,
  request: {
    method: 'GET',
    url,
    httpVersion: 'HTTP/1.1',
    headers: [{ name: 'Accept', value: '*/*' }],
    ...more.request,
  },
  response: {
    status: 200,
    statusText: 'OK',
    httpVersion: 'HTTP/1.1',
    headers: [
      { name: 'Content-Type', value: 'text/plain' },
      { name: 'Date', value: 'Thu, 01 Jan 2026 00:00:00 GMT' },
    ],
    content: { size: 2, text: 'ok' },
    ...more.response,
  },
})
const harOf = (...entries: object[]): string => fileOf(JSON.stringify({ log: { entries } }))
/** A response as it is on the wire. */
function answer(text: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`
}

const ok: Answer = (_, response) => response.setHeader('content-type', 'text/plain').end('ok')

describe('send', () => {
  test('a thousand requests that are answered as recorded, and to nobody else', async () => {
    const recorded = await serve(ok)
    const { url, asked } = await serve(ok)
    const file = harOf(...Array.from({ length: 1000 }, (_, i) => entry(`${recorded.url}/${i}`)))
    expect(await replay('send', file, '--to', url, '--concurrency', '8')).toEqual({
      status: 0,
      text: '1000 as recorded, 0 different, 0 unanswered, 0 not sent, in time\n',
    })
    expect(new Set(asked).size).toBe(1000)
    expect(asked[0]).toContain(new URL(url).host)
    expect(recorded.asked).toEqual([])
  })

  test('what is different is told, and is the exit status', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/status') response.statusCode = 404
      if (request.url === '/field') response.setHeader('x-new', 'a')
      response.setHeader('content-type', request.url === '/type' ? 'text/html' : 'text/plain')
      response.end(request.url === '/content' ? 'no' : 'ok')
    })
    const file = harOf(
      ...['/', '/status', '/field', '/type', '/content'].map((path) => entry(`http://a.example${path}`)),
    )
    expect(await replay('send', file, '--to', url, '--concurrency', '1')).toEqual({
      status: 1,
      text: [
        '2  GET http://a.example/status: different',
        '    status 200 is 404',
        '3  GET http://a.example/field: different',
        '    x-new: absent is a',
        '4  GET http://a.example/type: different',
        '    content-type: text/plain is text/html',
        '5  GET http://a.example/content: different',
        '    content of 2 bytes is now a different one of 2',
        '1 as recorded, 4 different, 0 unanswered, 0 not sent, in time\n',
      ].join('\n'),
    })
    const ignoring = await replay(
      'send',
      file,
      '--to',
      url,
      '--ignore',
      'X-New, content-type',
      '--ignore',
      'content',
      '--only',
      '/field',
      '--only',
      '/type',
      '--only',
      'GET*content',
    )
    expect(ignoring).toEqual({ status: 0, text: expect.stringContaining('as recorded, 0 different') as string })
  })

  test('contents go out, and content codings come off', async () => {
    const { url, asked } = await serve((_, response) => {
      response.setHeader('content-type', 'text/plain').setHeader('content-encoding', 'gzip').end(gzipSync('ok'))
    })
    const headers = [
      { name: 'Content-Type', value: 'text/plain' },
      { name: 'Content-Encoding', value: 'gzip' },
    ]
    const request = {
      method: 'POST',
      headers: [
        { name: 'Host', value: 'a.example' },
        { name: 'Content-Length', value: '99' },
        { name: 'Connection', value: 'close, x-hop' },
        { name: 'X-Hop', value: '1' },
      ],
      postData: { text: 'caf\u00e9' },
    }
    const file = fileOf(
      Buffer.from(
        JSON.stringify({ log: { entries: [entry('http://a.example/p', { request, response: { headers } })] } }),
      ),
    )
    expect(await replay('send', file, '--to', url, '--keep-host')).toMatchObject({ status: 0 })
    expect(asked).toEqual(['POST a.example /p caf\u00c3\u00a9'])
  })

  test('a 304 is the 200 that a browser had in its cache; of what it did not ask for conditionally it is not', async () => {
    const { url } = await serve((_, response) => response.writeHead(304, { etag: '"1"' }).end())
    const headers = [
      { name: 'Content-Type', value: 'text/plain' },
      { name: 'ETag', value: '"1"' },
    ]
    const conditional = { headers: [{ name: 'If-None-Match', value: '"1"' }] }
    const file = harOf(
      entry('http://a/1', { request: conditional, response: { headers } }),
      entry('http://a/2', { response: { headers } }),
      entry('http://a/3', { request: conditional, response: { headers: [{ name: 'ETag', value: '"2"' }] } }),
    )
    const { status, text } = await replay('send', file, '--to', url, '--concurrency', '1', '--json')
    const results = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { result: string }).result)
    expect([status, ...results.slice(0, 3)]).toEqual([1, 'same', 'different', 'different'])
  })

  test('the bytes that are in the file, mistakes and all', async () => {
    let got = ''
    const server = createTcpServer((socket) => {
      socket.on('data', (piece) => {
        got += piece.toString('latin1')
        if (/(?:b\n\n|0\r\n\r\n)$/.test(got)) socket.write(answer('ok'))
      })
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const to = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const sent = [
      'GET  /a HTTP/1.1\nHost : b\n\n',
      'POST /c HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n00\r\n\r\n',
    ]
    const turns = sent.flatMap((one): ['request' | 'response', string][] => [
      ['request', one],
      ['response', answer('ok')],
    ])
    const file = fileOf(pcap(packets(conversation(turns, 10))))
    expect(await replay('send', file, '--to', to, '--raw', '--concurrency', '1')).toEqual({
      status: 0,
      text: '2 as recorded, 0 different, 0 unanswered, 0 not sent, in time\n',
    })
    expect(got).toBe(sent.join(''))
    const raw = fileOf(sent.join(''))
    got = ''
    expect(await replay('send', raw, '--to', to, '--raw', '--concurrency', '1')).toMatchObject({ status: 0 })
    expect(got).toBe(sent.join(''))
    expect(await replay('send', raw, '--to', to, '--raw', '--keep', '20')).toMatchObject({
      text: expect.stringContaining('its bytes are not all in the file') as string,
    })
    expect(await replay('send', harOf(entry('http://a/')), '--to', to, '--raw')).toMatchObject({
      text: expect.stringContaining('its bytes are not all in the file') as string,
    })
  })

  test('what is in a capture, in its order', async () => {
    const { url, asked } = await serve((request, response, body) => response.end(`${request.url} ${body}`))
    const file = fileOf(
      pcap(
        packets(
          conversation([
            ['request', 'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
            ['response', answer('/a abc')],
            ['request', 'GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n'],
            ['response', answer('/b ')],
            ['request', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'],
            ['response', 'HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n'],
          ]),
        ),
      ),
    )
    expect(await replay('send', file, '--to', url, '--concurrency', '1')).toEqual({
      status: 0,
      text: '3  CONNECT a:1: skipped\n    it asks for a tunnel\n2 as recorded, 0 different, 0 unanswered, 1 not sent, in time\n',
    })
    expect(asked.map((one) => one.replace(/127\S+ /, ''))).toEqual(['POST /a abc', 'GET /b '])
  })

  test('answers that do not come', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/cut')
        response.writeHead(200, { 'content-length': 9 }).write('x', () => request.socket.destroy())
      else if (request.url !== '/never') response.setHeader('content-type', 'text/plain').end('ok')
    })
    const file = harOf(...['/cut', '/never', '/'].map((path) => entry(`http://a.example${path}`)))
    const { status, text } = await replay('send', file, '--to', url, '--timeout', '0.3', '--concurrency', '1', '--json')
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect([status, lines.map(({ result }) => result)]).toEqual([1, ['unanswered', 'unanswered', 'same', undefined]])
    expect(lines.at(-1)).toMatchObject({ same: 1, different: 0, unanswered: 2, skipped: 0 })
    await expect(replay('send', harOf(entry('http://a/')), '--to', 'http://127.0.0.1:1')).resolves.toMatchObject({
      status: 1,
    })
  })

  test('a connection that is closed behind each answer, and one until whose end an answer goes', async () => {
    const { url, asked } = await serve((request, response) => {
      request.socket.end('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nok')
      response.destroy()
    })
    expect(await replay('send', harOf(entry('http://a/1'), entry('http://a/2')), '--to', url)).toMatchObject({
      status: 0,
    })
    expect(asked).toHaveLength(2)
  })
})

describe('list, show and har', () => {
  const file = fileOf('GET /a HTTP/1.1\r\nHost: a\r\n\r\nPOST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx')
  test('list', async () => {
    expect((await replay('list', file)).text).toBe(
      '    1  ---  GET     http://a/a  0 B\n    2  ---  POST    http://a/b  0 B\n',
    )
    expect(JSON.parse((await replay('list', file, '--json', '--only', 'post')).text)).toMatchObject({
      number: 2,
      url: 'http://a/b',
    })
  })
  test('show', async () => {
    expect((await replay('show', file, '2')).text).toContain('# 2  http://a/b\n\n> POST /b HTTP/1.1\n> Host: a')
    await expect(replay('show', file, '3')).rejects.toThrow('does not have all of these transactions')
  })
  test('har is read as what it was made from', async () => {
    const har = fileOf((await replay('har', file)).text)
    expect((await replay('list', har)).text.replaceAll(/\d\d:\S+ {2}/g, '')).toBe((await replay('list', file)).text)
    expect((await replay('show', har, '2')).text).toBe((await replay('show', file, '2')).text)
  })
})

describe('the command line', () => {
  test.each([
    [[], 'Say what to do'],
    [['lost', 'x'], 'There is no command lost. Did you mean list?'],
    [['zzz', 'x'], 'There is no command zzz. There are list, show, send, har'],
    [['list'], 'list needs a file'],
    [['list', 'a', 'b'], 'list takes one file'],
    [['show', 'a'], 'show needs the number'],
    [['show', 'a', '0'], '0 is not the number of a transaction'],
    [['send', 'a'], 'send needs --to URL'],
    [['send', 'a', '--to', 'ftp://x'], '--to takes a URL such as'],
    [['send', 'a', '--to', 'a.example'], '--to takes a URL such as'],
    [['send', 'a', '--to', 'http://a/path'], '--to takes scheme, host and port only'],
    [['send', 'a', '--to', 'http://u@a'], '--to takes scheme, host and port only'],
    [['send', 'a', '--to', 'http://a', '--rate', '1', '--speed', '1'], '--rate and --speed exclude each other'],
    [['send', 'a', '--to', 'http://a', '--rate', 'x'], '--rate takes a number'],
    [['send', 'a', '--to', 'http://a', '--concurrency', '0'], '--concurrency takes a whole number from 1'],
    [['send', 'a', '--to', 'http://a', '--concurrency', '1.5'], '--concurrency takes a whole number from 1'],
    [['send', 'a', '--to', 'http://a', '--timeout', '-1'], '--timeout'],
    [['list', 'a', '--nope'], '--nope'],
  ])('%j', (args, message) => {
    expect(() => readArguments(args)).toThrow(UsageError)
    expect(() => readArguments(args)).toThrow(message)
  })
})
