import { connect } from 'node:net'
import { channels } from '@spillway/core'
import { client } from '@spillway/middleware/client'
import { type LoggerOptions, logFailures, logger } from '@spillway/middleware/logger'
import { router } from '@spillway/middleware/router'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type AccessEntry, accessMessage, commonFormat, jsonFormat, textFormat } from '../src/lib/logger/format.ts'
import { send, start } from './server.ts'

/** An application that logs into an array. */
async function logged(options: Pick<LoggerOptions, 'format' | 'sink' | 'redact'> = {}) {
  const lines: string[] = []
  const app = router()
    .use(logger(options.sink ? options : { ...options, write: (line) => lines.push(line) }))
    .use(client({ trusted: ['127.0.0.1'], fields: ['x-forwarded-for'] }))
    .get('/ok', (c) => c.text('hello'))
    .get('/fail', () => {
      throw new Error('broken')
    })
    .get('/endless', (c) =>
      c.stream(
        (async function* () {
          for (;;) yield new Uint8Array(65_536)
        })(),
      ),
    )
  const server = await start(app, { onError: (_, c) => c?.text('sorry', 500) })
  const settled = (count: number) => vi.waitFor(() => expect(lines).toHaveLength(count))
  return { lines, server, settled }
}

function leaveInMidReply(port: number): void {
  const socket = connect(port, '127.0.0.1', () => socket.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n'))
  socket.once('data', () => socket.destroy())
}

/** Sends bytes, and waits for the end of the connection. */
function ask(port: number, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('error', () => {})
    socket.on('close', () => resolve()).resume()
  })
}

describe('logger', () => {
  test.each([
    ['/ok?token=abc&q=1', '/ok?token=...&q=1'],
    ['/ok?q=1&TOKEN=abc;token=d', '/ok?q=1&TOKEN=...;token=...'],
    ['/ok?%74oken=abc', '/ok?%74oken=...'],
    ['/ok?a.b=abc&axb=abc', '/ok?a.b=...&axb=abc'],
    ['/ok?mytoken=abc&token=', '/ok?mytoken=abc&token='],
    ['/ok?%zz=1&token=a=b', '/ok?%zz=1&token=...'],
  ])('keeps out the values that are to be kept out: %s', async (target, seen) => {
    const { lines, server, settled } = await logged({ redact: ['token', 'a.b'] })
    await send(server, 'GET', target)
    await settled(1)
    expect(lines[0]).toContain(` GET ${seen} 200 `)
  })

  test('writes one line for each request, with its status and bytes', async () => {
    const { lines, server, settled } = await logged()
    const { content } = await send(server, 'GET', '/ok?q=1')
    expect(content.toString()).toBe('hello')
    await send(server, 'GET', '/none')
    await send(server, 'GET', '/fail')
    await settled(3)
    expect(lines[0]).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z 127\.0\.0\.1 GET \/ok\?q=1 200 \d{3} B \d+\.\d ms\n$/,
    )
    expect(lines[1]).toContain(' GET /none 404 ')
    expect(lines[2]).toContain(' GET /fail 500 ')
  })

  test('writes JSON', async () => {
    const { lines, server, settled } = await logged({ format: 'json' })
    await send(server, 'GET', '/ok', ['Referer: /a', 'User-Agent: "b"'])
    await settled(1)
    expect(JSON.parse(lines[0]!)).toEqual({
      time: expect.stringMatching(/^\d{4}-/),
      client: '127.0.0.1',
      host: 'test',
      method: 'GET',
      target: '/ok',
      httpVersion: '1.1',
      status: 200,
      bytes: expect.any(Number),
      ms: expect.any(Number),
      outcome: 'sent',
      referer: '/a',
      userAgent: '"b"',
    })
  })

  test('names the client that was found behind a proxy, and the proxy', async () => {
    const { lines, server, settled } = await logged({ format: 'json' })
    await send(server, 'GET', '/ok', ['X-Forwarded-For: 2001:db8::7'])
    await settled(1)
    expect(JSON.parse(lines[0]!)).toMatchObject({ client: '2001:db8::7', peer: '127.0.0.1' })
  })

  test.each([
    ['text', / GET \/endless 200 aborted by peer \d+ B /],
    ['json', /"status":200,"bytes":\d+,"ms":[\d.]+,"outcome":"aborted","by":"peer"/],
    ['common', /"GET \/endless HTTP\/1\.1" 499 \d+\n$/],
  ] as const)('logs an exchange that the client left as aborted: %s', async (format, expected) => {
    const { lines, server, settled } = await logged({ format })
    leaveInMidReply(server.port)
    await settled(1)
    expect(lines[0]).toMatch(expected)
  })

  test('gives records to a logger of pino', async () => {
    const lines: string[] = []
    const sink = pino({ base: null }, { write: (line: string) => void lines.push(line) })
    const { server } = await logged({ sink })
    await send(server, 'GET', '/ok?%1b')
    leaveInMidReply(server.port)
    await vi.waitFor(() => expect(lines).toHaveLength(2))
    expect(JSON.parse(lines[0]!)).toMatchObject({
      level: 30,
      client: '127.0.0.1',
      status: 200,
      outcome: 'sent',
      msg: 'GET /ok?%1b 200',
    })
    expect(JSON.parse(lines[1]!)).toMatchObject({ outcome: 'aborted', msg: 'GET /endless 200 aborted by peer' })
  })

  test.each([{ format: 'xml' }, { sink: console, format: 'json' }, { sink: console, color: true }])(
    'refuses %j',
    (options) => {
      expect(() => logger(options as LoggerOptions)).toThrow(TypeError)
    },
  )
})

describe('logFailures', () => {
  test('logs what cannot be parsed, and clients for whom there is no room, of its server alone, until it is stopped', async () => {
    const lines: string[] = []
    const records: object[] = []
    const server = await start((c) => c.text('hello'), { limits: { connections: 1 } })
    const other = await start((c) => c.text('hello'))
    const stop = logFailures(server, { write: (line) => lines.push(line) })
    const stopRecords = logFailures(server, { sink: { info: (record, message) => records.push([record, message]) } })
    onTestFinished(stop)
    await ask(other.port, 'nonsense\r\n\r\n')
    await ask(server.port, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
    await vi.waitFor(() => expect(lines).toHaveLength(1))
    expect(lines[0]).toMatch(/^\S+Z 127\.0\.0\.1 HOST_REPEATED 400\n$/)
    expect(records).toEqual([
      [
        { client: '127.0.0.1', status: 400, outcome: 'failed', reason: 'HOST_REPEATED' },
        'connection failed: HOST_REPEATED',
      ],
    ])
    stopRecords()
    await vi.waitFor(() => expect(server.stats.open).toBe(0))
    const held = connect(server.port, '127.0.0.1')
    onTestFinished(() => void held.destroy())
    await vi.waitFor(() => expect(server.stats.open).toBe(1))
    await ask(server.port, '')
    await vi.waitFor(() => expect(lines).toHaveLength(2))
    expect(lines[1]).toMatch(/^\S+Z 127\.0\.0\.1 overload 503\n$/)
    expect(records).toHaveLength(1)
    stop()
    expect(channels.refused.hasSubscribers || channels.close.hasSubscribers).toBe(false)
  })

  test('logs a head that does not come in time, and not a connection that was only opened', async () => {
    const lines: string[] = []
    const server = await start((c) => c.text('hello'), { timeouts: { head: 200, linger: 100 } })
    onTestFinished(logFailures(server, { format: 'combined', write: (line) => lines.push(line) }))
    await Promise.all([ask(server.port, 'GET / HT'), ask(server.port, '')])
    await vi.waitFor(() => expect(server.stats.open).toBe(0), { timeout: 10_000 })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^127\.0\.0\.1 - - \[\S+ \+0000\] "-" 408 - "-" "-"\n$/)
  })
})

describe('a line', () => {
  const entry: AccessEntry = {
    time: new Date(0),
    client: '::1',
    method: 'GET',
    target: '/a\r\nb\u001b[31m\u009b\u2028"\\',
    httpVersion: '1.1',
    ms: 1.25,
    outcome: { kind: 'sent', status: 200, bytes: 10 },
    referer: 'http://a/"x',
    userAgent: '\u001b]0;evil\u0007é\u2028',
  }
  const formats = [textFormat(false), commonFormat(false), commonFormat(true), jsonFormat]

  test('cannot be forged by a request', () => {
    const escaped = '/a\\u000d\\u000ab\\u001b[31m\\u009b\\u2028"\\'
    expect(textFormat(false).access(entry)).toBe(`1970-01-01T00:00:00.000Z ::1 GET ${escaped} 200 10 B 1.3 ms`)
    expect(accessMessage(entry)).toBe(`GET ${escaped} 200`)
    expect(JSON.parse(jsonFormat.access(entry))).toMatchObject({ target: entry.target })
    // eslint-disable-next-line no-control-regex
    for (const format of formats) expect(format.access(entry)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028]/)
  })

  test('is that of Apache and nginx', () => {
    const common =
      '::1 - - [01/Jan/1970:00:00:00 +0000] "GET /a\\x0D\\x0Ab\\x1B[31m\\x9B\\u2028\\x22\\x5C HTTP/1.1" 200 10'
    expect(commonFormat(false).access(entry)).toBe(common)
    expect(commonFormat(true).access(entry)).toBe(`${common} "http://a/\\x22x" "\\x1B]0;evil\\x07\\xE9\\u2028"`)
    const nothing: AccessEntry = { ...entry, target: '/', client: '', outcome: { kind: 'sent', status: 204, bytes: 0 } }
    expect(commonFormat(true).access({ ...nothing, referer: undefined, userAgent: undefined })).toBe(
      '- - - [01/Jan/1970:00:00:00 +0000] "GET / HTTP/1.1" 204 - "-" "-"',
    )
  })

  test.each([
    [200, '\u001b[32m200\u001b[39m'],
    [304, '\u001b[36m304\u001b[39m'],
    [404, '\u001b[33m404\u001b[39m'],
    [500, '\u001b[31m500\u001b[39m'],
  ])('colours %i', (status, text) => {
    expect(textFormat(true).access({ ...entry, outcome: { ...entry.outcome, status } })).toContain(` ${text} `)
  })

  test('says when no reply began, and who ended the exchange', () => {
    const outcome = { kind: 'aborted', by: 'timeout', status: 0, bytes: 0 } as const
    const aborted: AccessEntry = { ...entry, target: '/', outcome }
    expect(textFormat(false).access(aborted)).toBe('1970-01-01T00:00:00.000Z ::1 GET / - aborted by timeout 0 B 1.3 ms')
    expect(JSON.parse(jsonFormat.access(aborted))).toMatchObject({ status: null, outcome: 'aborted', by: 'timeout' })
  })
})
