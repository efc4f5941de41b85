import { describe, expect, it } from 'vitest'
import { type Context, type Reply } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { get, muteErrors, post, postChunked, replies, request, turn, withoutDate } from '../support.ts'

muteErrors()

/** Says all that it was sent. */
async function echo(c: Context): Promise<Reply> {
  const content = await c.body.text()
  const fields = [...c.headers].map(([name, value]) => `${name}=${value}`).join()
  return c.text(`${c.method} ${c.target} [${fields}] ${content} ${JSON.stringify(c.body.trailers)}`)
}

/** Answers without reading, in the same turn. */
function ignore(c: Context): Reply {
  return c.text(`${c.method} ${c.target}`)
}

const cases: readonly (readonly [name: string, wire: string, count: number])[] = [
  ['GET', get('/path?query', 'X-Field: value\r\nX-Other:\tvalue \r\n'), 1],
  ['GET behind empty lines', `\r\n\r\n${get('/path')}`, 1],
  ['POST with a length', post('some content', '/path'), 1],
  [
    'POST in chunks with extensions and trailers',
    postChunked(['abc', 'defghijklmnopq'], '/', 'X-Sum: 1\r\nX-B: 2\r\n\r\n').replace('3\r\n', '3;a="\\"b"\r\n'),
    1,
  ],
  ['HTTP/1.0, kept', get('/', 'Connection: keep-alive\r\n', '1.0') + get('/b', '', '1.0'), 2],
  [
    'pipelined',
    get('/1') + post('content', '/2') + postChunked(['a', 'b'], '/3') + request('PUT', '/4') + get('/5'),
    5,
  ],
  ['pipelined to a close', get('/1') + get('/2', 'Connection: close\r\n') + get('/never'), 2],
  ['garbage behind a request', `${get('/1')}GET /\x01 HTTP/1.1\r\n\r\n${get('/never')}`, 2],
  [
    'broken chunks behind a request',
    `${get('/1')}${postChunked(['abc'], '/2').replace('abc', 'abcd')}${get('/never')}`,
    2,
  ],
]

/** What the server sends for pieces that come one by one. */
async function send(
  handler: (c: Context) => Reply | Promise<Reply>,
  pieces: readonly string[],
): Promise<{ received: string; state: string }> {
  const t = testServer(handler)
  const client = t.connect()
  for (const piece of pieces) {
    client.send(piece)
    await turn(1)
  }
  await turn(2)
  return { received: withoutDate(client.received), state: client.state }
}

/** Content that is broken where nobody reads it: the error may come before or after the reply. */
const unread = cases.filter(([name]) => !name.startsWith('broken chunks'))

describe.each([
  ['read', echo, cases],
  ['not read', ignore, unread],
] as const)('content that is %s: where the bytes are cut makes no difference (RFC 9112 §2.2)', (_, handler, rows) => {
  it.each(rows)('%s', async (__, wire, count) => {
    const whole = await send(handler, [wire])
    expect(replies(whole.received)).toHaveLength(count)
    expect(await send(handler, wire.split(''))).toEqual(whole)
    const cuts = Array.from({ length: wire.length - 1 }, (___, i) => [wire.slice(0, i + 1), wire.slice(i + 1)])
    const seen = await Promise.all(cuts.map((pieces) => send(handler, pieces)))
    const different = seen.findIndex(({ received, state }) => received !== whole.received || state !== whole.state)
    expect({ cutBehind: cuts[different]?.[0], ...seen[different] }).toEqual({ cutBehind: undefined })
  })
})
