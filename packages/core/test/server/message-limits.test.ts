import { describe, expect, it } from 'vitest'
import { type Limits, defaultLimits } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { deferred, get, muteErrors, post, replies, request, turn } from '../support.ts'

muteErrors()

const chunked = (size: string, end = '\r\n'): string =>
  `${request('POST', '/', 'Transfer-Encoding: chunked\r\n')}${size}\r\nx\r\n0\r\n${end}`

/** A head of `n` bytes, made of two lines that are within their own limit. */
function headOf(n: number): string {
  const rest = n - get('/', 'X: \r\nY: \r\n').length
  return get('/', `X: ${'x'.repeat(Math.floor(rest / 2))}\r\nY: ${'y'.repeat(Math.ceil(rest / 2))}\r\n`)
}

/** A trailer section of `n` bytes with its empty line. */
const trailersOf = (n: number): string => `X: ${'x'.repeat(n - 'X: \r\n\r\n'.length)}\r\n\r\n`

/** A request that takes `n` of what is limited, and the status when that is too much. */
const messages: readonly (readonly [keyof Limits, number, (n: number) => string])[] = [
  ['emptyLines', 400, (n) => '\r\n'.repeat(n) + get()],
  ['methodBytes', 501, (n) => request('M'.repeat(n), '/')],
  ['targetBytes', 414, (n) => get(`/${'a'.repeat(n - 1)}`)],
  ['fieldLineBytes', 431, (n) => get('/', `X: ${'x'.repeat(n - 3)}\r\n`)],
  // Host is one of them.
  ['fields', 431, (n) => get('/', 'X: 1\r\n'.repeat(n - 1))],
  ['headBytes', 431, headOf],
  ['chunkSizeDigits', 400, (n) => chunked('1'.padStart(n, '0'))],
  ['extensionBytes', 413, (n) => chunked(`1;${'a'.repeat(n - 1)}`)],
  ['trailerBytes', 431, (n) => chunked('1', trailersOf(n))],
  ['trailerFields', 431, (n) => chunked('1', `${'X: 1\r\n'.repeat(n)}\r\n`)],
  ['bodyBytes', 413, (n) => post('x'.repeat(n))],
]

describe.each(messages)('limits.%s', (name, tooMuch, make) => {
  it.each([-1, 0, 1])('its default and %i', async (more) => {
    const t = testServer(async (c) => c.text(`${(await c.body.bytes()).length}`))
    const client = t.connect()
    client.send(make(defaultLimits[name] + more))
    await turn()
    expect(replies(client.received).map(({ status }) => status)).toEqual([more > 0 ? tooMuch : 200])
    // Content over its limit is still framed.
    expect(client.state).toBe(more > 0 && name !== 'bodyBytes' ? 'ended' : 'open')
  })

  it('counts the same when it comes byte by byte', async () => {
    const n = name === 'emptyLines' || name === 'chunkSizeDigits' || name === 'fields' ? 3 : 100
    const t = testServer(async (c) => c.text(`${(await c.body.bytes()).length}`), { limits: { [name]: n } })
    for (const [more, status] of [
      [0, 200],
      [1, tooMuch],
    ] as const) {
      const client = t.connect()
      for (const byte of make(n + more)) client.send(byte)
      await turn()
      expect(replies(client.received).map((reply) => reply.status)).toEqual([status])
    }
  })
})

describe('limits.pipelinedBytes', () => {
  it.each([-1, 0, 1])('bytes that wait behind a request: its default and %i', async (more) => {
    const answer = deferred()
    const t = testServer((c) => answer.promise.then(() => c.text('x')))
    const client = t.connect()
    client.send(get() + 'G'.repeat(defaultLimits.pipelinedBytes + more))
    expect(client.paused).toBe(more > 0)
    answer.resolve()
    await turn()
  })
})

describe('limits.connections', () => {
  it.each([
    [2, 200],
    [3, 200],
    [4, 503],
  ])('of 3, the connection number %i: %i', async (number, status) => {
    const t = testServer((c) => c.text('x'), { limits: { connections: 3 } })
    for (let i = 1; i < number; i++) t.connect()
    const client = t.connect()
    client.send(get())
    await turn()
    expect(replies(client.received)[0]!.status).toBe(status)
  })
})
