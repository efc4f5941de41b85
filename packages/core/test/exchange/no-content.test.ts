import { Readable } from 'node:stream'
import { allocatedBy } from '@spillway/vitest-config/allocation'
import { describe, expect, it } from 'vitest'
import { type BodySource, type Context, Reply } from '../../src/index.ts'
import { jsonOf } from '../../src/exchange/json.ts'
import { testServer } from '../../src/testing.ts'
import { get, muteErrors, onlyReply, replies, request, turn, withoutDate } from '../support.ts'

muteErrors()

const sources: readonly (readonly [string, () => BodySource])[] = [
  ['nothing', () => null],
  ['text', () => 'hello'],
  ['text beyond ASCII', () => 'héllo'],
  ['bytes', () => new Uint8Array(5)],
  ['large content', () => 'x'.repeat(400_000)],
  ['ReadableStream', () => new Response('abc').body],
  ['Readable', () => Readable.from(['abc'])],
]

async function send(handler: (c: Context) => Reply, wire: string): Promise<{ received: string; state: string }> {
  const client = testServer(handler).connect()
  client.send(wire)
  await turn(6)
  return client
}

/** A reply that says how long its content would be. */
function announced(status: number): () => Reply {
  return () => new Reply(null, { status, headers: { 'content-length': '5' } })
}

const headOf = (wire: string): string => wire.slice(0, wire.indexOf('\r\n\r\n') + 4)

describe('HEAD is GET without the content (RFC 9110 §9.3.2)', () => {
  it.each(sources)('%s', async (_, source) => {
    const handler = (): Reply => new Reply(source(), { status: 203, headers: { 'x-a': '1' } })
    const asGet = await send(handler, get())
    const asHead = await send(handler, request('HEAD', '/'))
    const expected = withoutDate(headOf(asGet.received))
    // A handler that gave nothing to HEAD has not said how much GET would get (RFC 9110 §8.6).
    expect(withoutDate(asHead.received)).toBe(expected.replace('Content-Length: 0\r\n', ''))
    expect(asHead.state).toBe('open')
  })

  it('a length without content is for HEAD alone', async () => {
    const head = await send(announced(200), request('HEAD', '/'))
    expect(onlyReply(head.received, 'HEAD').fields.get('content-length')).toBe('5')
    const asGet = await send(announced(200), get())
    expect(onlyReply(asGet.received).status).toBe(500)
  })

  it('the next reply follows at once', async () => {
    const client = await send((c) => c.text('abc'), request('HEAD', '/') + get() + request('HEAD', '/'))
    expect(replies(client.received, ['HEAD', 'GET', 'HEAD']).map((m) => m.body)).toEqual(['', 'abc', ''])
  })

  it('the source of the content is cancelled unread', async () => {
    let pulled = 0
    let cancelled = 0
    const stream = new ReadableStream<Uint8Array>(
      { pull: () => void pulled++, cancel: () => void cancelled++ },
      { highWaterMark: 0 },
    )
    await send((c) => c.stream(stream), request('HEAD', '/'))
    expect([pulled, cancelled]).toEqual([0, 1])
  })

  it('errors as well', async () => {
    const client = await send(
      () => {
        throw new Error('x')
      },
      request('HEAD', '/') + get(),
    )
    expect(replies(client.received, ['HEAD', 'GET']).map((m) => m.status)).toEqual([500, 500])
  })
})

describe.each([204, 304])('%i has no content (RFC 9110 §15.3.5, §15.4.5)', (status) => {
  it.each(sources)('%s', async (_, source) => {
    const client = await send(() => new Reply(source(), status), get() + get())
    const both = replies(client.received)
    expect(both.map((m) => m.status)).toEqual([status, status])
    expect(both[0]!.fields.has('content-length')).toBe(false)
    expect(both[0]!.fields.has('transfer-encoding')).toBe(false)
    expect(client.state).toBe('open')
  })
})

describe('Content-Length set on replies without content', () => {
  it('204 never has one (RFC 9110 §8.6)', async () => {
    const client = await send(announced(204), get())
    expect(onlyReply(client.received).fields.has('content-length')).toBe(false)
  })

  it('304 may say what 200 would have (RFC 9110 §8.6)', async () => {
    const client = await send(announced(304), get() + get())
    expect(replies(client.received).map((m) => m.fields.get('content-length'))).toEqual(['5', '5'])
  })
})

describe('205 has no content, and says so (RFC 9110 §15.3.6)', () => {
  it('without content', async () => {
    const client = await send(() => new Reply(null, 205), get() + get())
    expect(replies(client.received).map((m) => m.fields.get('content-length'))).toEqual(['0', '0'])
  })
})

describe('helpers', () => {
  it.each<[string, (c: Context) => Reply, number, string | undefined, string]>([
    ['text', (c) => c.text('a'), 200, 'text/plain; charset=utf-8', 'a'],
    ['html', (c) => c.html('<p>', 404), 404, 'text/html; charset=utf-8', '<p>'],
    ['json', (c) => c.json({ a: [1, null] }), 200, 'application/json', '{"a":[1,null]}'],
    ['empty', (c) => c.empty(), 204, undefined, ''],
    ['empty with a status', (c) => c.empty(200), 200, undefined, ''],
    ['empty with fields', (c) => c.empty({ headers: { 'x-a': '1' } }), 204, undefined, ''],
    ['type of the handler', (c) => c.text('a', { headers: { 'content-type': 'text/css' } }), 200, 'text/css', 'a'],
  ])('%s', async (_, handler, status, type, body) => {
    const reply = onlyReply((await send(handler, get())).received)
    expect([reply.status, reply.fields.get('content-type'), reply.body]).toEqual([status, type, body])
  })

  it('redirect (RFC 9110 §15.4)', async () => {
    const reply = onlyReply((await send((c) => c.redirect('/to?a=1', 308), get())).received)
    expect([reply.status, reply.fields.get('location'), reply.body]).toEqual([308, '/to?a=1', ''])
    const standard = onlyReply((await send((c) => c.redirect('/'), get())).received)
    expect(standard.status).toBe(302)
  })

  it('json of what has no JSON form is an error', async () => {
    const client = await send((c) => c.json(undefined), get())
    expect(onlyReply(client.received).status).toBe(500)
  })
})

const later = (): any => Promise.resolve('later')
const failing = (): any => Promise.reject(new Error('lost'))

describe('a forgotten `await` is an error where it was forgotten', () => {
  it.each<[string, (c: Context) => Reply, string]>([
    ['text', (c) => c.text(later()), 'not an object (Promise): is an `await` missing?'],
    ['html', (c) => c.html(later()), 'not an object (Promise): is an `await` missing?'],
    ['a reply', () => new Reply(later()), 'not an object (Promise): is an `await` missing?'],
    ['json', (c) => c.json(later()), 'A promise has no JSON form: is an `await` missing?'],
    ['a member', (c) => c.json({ id: 1, user: later() }), 'the member user is one. Is an `await` missing?'],
    ['one of a list', (c) => c.json(['now', later()]), 'the member 1 is one. Is an `await` missing?'],
    ['a value', (c) => c.text({ a: 1 } as never), 'not an object (Object): c.json(…) sends values'],
    ['a number', (c) => c.text(5 as never), 'not 5'],
    ['no text', (c) => c.json(() => {}), 'a function (without a name) has no JSON form'],
  ])('%s', async (_, handler, says) => {
    let thrown: unknown
    const { received } = await send((c) => {
      try {
        return handler(c)
      } catch (error) {
        thrown = error
        return c.empty(500)
      }
    }, get())
    expect(onlyReply(received).status).toBe(500)
    expect(String(thrown)).toContain(says)
  })

  it('and one that is rejected ends no process', async () => {
    for (const handler of [
      (c: Context) => c.text(failing()),
      (c: Context) => c.json({ a: failing() }),
      (c: Context) => c.json([failing(), failing()]),
    ])
      expect(onlyReply((await send(handler, get())).received).status).toBe(500)
  })

  it('the first is named, and only those that would be written count', () => {
    expect(() => jsonOf({ a: {}, b: failing(), c: failing() })).toThrow('the member b is one')
    expect(() => jsonOf([{}, 1, failing()])).toThrow('the member 2 is one')
    expect(jsonOf(Object.assign(Object.create({ later: later() }), { a: {} }))).toBe('{"a":{}}')
    expect(jsonOf({ a: {}, [Symbol('later')]: later() })).toBe('{"a":{}}')
  })

  it('what has a JSON form of its own is no promise, nor is an empty object', () => {
    const query = Object.assign(later(), { toJSON: () => 'a query' })
    expect(jsonOf({ a: {}, query })).toBe('{"a":{},"query":"a query"}')
    const [name, value] = ['then', 1]
    expect(jsonOf({ [name]: value, a: {} })).toBe('{"then":1,"a":{}}')
    expect(jsonOf(null)).toBe('null')
    expect(jsonOf('{}')).toBe('"{}"')
  })
})

it('looking for forgotten promises allocates nothing', () => {
  for (const value of [{}, { a: {}, b: 1, c: ['x'] }, [], [{}, 1, 'x']])
    expect(allocatedBy(() => jsonOf(value)) - allocatedBy(() => JSON.stringify(value))).toBeLessThan(8)
})

describe('json of a big integer', () => {
  it.each<[string, unknown, string]>([
    ['a member', { id: 1n }, 'the member id is one'],
    ['deep inside', { items: [{ a: 1 }, { b: { 'x y': 2n } }] }, 'the member items[1].b["x y"] is one'],
    ['in a list', [[], [1n]], 'the member [1][0] is one'],
    ['the value', 1n, 'the value is one'],
    ['made by toJSON', { at: { toJSON: () => ({ n: 1n }) } }, 'the member at.n is one'],
  ])('names %s', (_, value, message) => {
    expect(() => jsonOf(value)).toThrow(message)
  })

  it('tells what is circular as it was', () => {
    const circular: { self?: unknown } = {}
    circular.self = circular
    expect(() => jsonOf(circular)).toThrow(/circular/)
  })
})

const bigIntegers = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
const withoutSecrets = (key: string, value: unknown): unknown => (key === 'secret' ? undefined : value)
const onlyFirst = (key: string, value: unknown): unknown => (key === 'a' ? String(value) : value)

describe('json with a replacer', () => {
  it('is written as JSON.stringify writes it, with the status that was given', async () => {
    const client = await send((c) => c.json({ a: 1, secret: 2, in: [{ secret: 3 }] }, 201, withoutSecrets), get())
    const { status, body } = onlyReply(client.received)
    expect([status, body]).toEqual([201, '{"a":1,"in":[{}]}'])
  })

  it('is told where a value is', () => {
    const seen: unknown[] = []
    const value = { a: [5] }
    jsonOf(value, function look(this: unknown, key: string, member: unknown) {
      seen.push([this, key, member])
      return member
    })
    expect(seen).toEqual([
      [{ '': value }, '', value],
      [value, 'a', [5]],
      [[5], '0', 5],
    ])
  })

  it('may write what has no form of its own; what is left is named', () => {
    expect(jsonOf({ id: 1n }, bigIntegers)).toBe('{"id":"1"}')
    expect(() => jsonOf({ a: 1n, b: [{ c: 2n }] }, onlyFirst)).toThrow('the member b[0].c is one')
  })

  it.each<[string, unknown, RegExp]>([
    [
      'throws',
      () => {
        throw new Error('on purpose')
      },
      /on purpose/,
    ],
    ['answers with a promise', async () => Promise.reject(new Error('later')), /must return a value, not a promise/],
    ['is a list', ['a'], /is a function, not an array/],
    ['makes nothing', () => undefined, /no JSON form/],
  ])('that %s is an error', (_, replacer, message) => {
    expect(() => jsonOf({ a: 1 }, replacer as never)).toThrow(message)
  })
})
