import { connect } from 'node:net'
import { type LoggerOptions, logger } from '@spillway/middleware/logger'
import { router } from '@spillway/middleware/router'
import { describe, expect, test, vi } from 'vitest'
import { formatJson, formatText } from '../src/lib/logger/format.ts'
import { send, start } from './server.ts'

/** An application that logs into an array. */
async function logged(options: Pick<LoggerOptions, 'format'> = {}) {
  const lines: string[] = []
  const app = router()
    .use(logger({ ...options, write: (line) => lines.push(line) }))
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

describe('logger', () => {
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
    await send(server, 'GET', '/ok')
    await settled(1)
    expect(JSON.parse(lines[0]!)).toEqual({
      time: expect.stringMatching(/^\d{4}-/),
      peer: '127.0.0.1',
      method: 'GET',
      target: '/ok',
      httpVersion: '1.1',
      status: 200,
      bytes: expect.any(Number),
      ms: expect.any(Number),
      outcome: 'sent',
    })
  })

  test('logs an exchange that the client left as aborted', async () => {
    const { lines, server, settled } = await logged({ format: 'json' })
    const socket = connect(server.port, '127.0.0.1', () => socket.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n'))
    socket.once('data', () => socket.destroy())
    await settled(1)
    expect(JSON.parse(lines[0]!)).toMatchObject({ status: 200, outcome: 'aborted', by: 'peer' })
  })
})

describe('a line', () => {
  const entry = {
    time: new Date(0),
    peer: '::1',
    method: 'GET',
    target: '/a\r\nb\u001b[31m\u009b\u2028"',
    httpVersion: '1.1',
    ms: 1.25,
    outcome: { kind: 'sent', status: 200, bytes: 10 },
  } as const

  test('cannot be forged by a request', () => {
    const escaped = '/a\\u000d\\u000ab\\u001b[31m\\u009b\\u2028"'
    expect(formatText(entry, false)).toBe(`1970-01-01T00:00:00.000Z ::1 GET ${escaped} 200 10 B 1.3 ms`)
    const json = formatJson(entry)
    // eslint-disable-next-line no-control-regex
    expect(json).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028]/)
    expect(JSON.parse(json)).toMatchObject({ target: entry.target })
  })

  test.each([
    [200, '\u001b[32m200\u001b[39m'],
    [304, '\u001b[36m304\u001b[39m'],
    [404, '\u001b[33m404\u001b[39m'],
    [500, '\u001b[31m500\u001b[39m'],
  ])('colours %i', (status, text) => {
    expect(formatText({ ...entry, outcome: { ...entry.outcome, status } }, true)).toContain(` ${text} `)
  })

  test('says when no reply began, and who ended the exchange', () => {
    const outcome = { kind: 'aborted', by: 'timeout', status: 0, bytes: 0 } as const
    const aborted = { ...entry, target: '/', outcome }
    expect(formatText(aborted, false)).toBe('1970-01-01T00:00:00.000Z ::1 GET / - aborted by timeout 0 B 1.3 ms')
    expect(JSON.parse(formatJson(aborted))).toMatchObject({ status: null, outcome: 'aborted', by: 'timeout' })
  })
})
