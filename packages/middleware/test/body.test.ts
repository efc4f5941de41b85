import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import * as zlib from 'node:zlib'
import { body, type BodyKind, type BodyOptions } from '@spillway/middleware/body'
import { router } from '@spillway/middleware/router'
import { AbortedError, type Outcome, type Server } from '@spillway/core'
import { describe, expect, test, vi } from 'vitest'
import { start } from './server.ts'
import { ask, open, readReply, type WireReply } from './wire.ts'

const nodeVersion = Number(process.versions.node.split('.')[0])
const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Buffer }
const json = 'Content-Type: application/json'
const form = 'Content-Type: application/x-www-form-urlencoded'

function echo(kinds: BodyKind | BodyKind[], options: BodyOptions = {}): Promise<Server> {
  return start(router().post('/', [body(kinds, options)], (c) => c.json(c.state.body)))
}

function valueOf(reply: WireReply): unknown {
  return JSON.parse(reply.content.toString())
}

async function refused(server: Server, fields: string[], content: string | Uint8Array = ''): Promise<string> {
  const reply = await ask(server, 'POST /', { fields, content })
  expect(reply.headers.get('content-type')).toBe('application/problem+json')
  const problem = valueOf(reply) as { status: number; code: string; title: string }
  expect(problem.status).toBe(reply.status)
  expect(problem.title).not.toBe('')
  return `${reply.status} ${problem.code}`
}

test.each([['form'], ['JSON'], [['json', 'form']], [undefined]])('the kind %j is refused when it is made', (kinds) => {
  expect(() => body(kinds as never)).toThrow(TypeError)
  expect(() => body(kinds as never)).toThrow(/`kinds\[\d\]` is "json" or "urlencoded" or .*, not/)
})

describe('json', () => {
  test.each([
    ['application/json', '{"a":[1,"é"]}', { a: [1, 'é'] }],
    ['Application/JSON; Charset="UTF-8"', '1', 1],
    ['application/problem+json', 'null', null],
    ['application/json;', '"\\"[{"', '"[{'],
    ['application/json', '\ufeff{"constructor":{"a":1},"prototype":1}', { constructor: { a: 1 }, prototype: 1 }],
  ])('reads %s', async (type, content, value) => {
    const reply = await ask(await echo('json'), 'POST /', { fields: [`Content-Type: ${type}`], content })
    expect([reply.status, valueOf(reply)]).toEqual([200, value])
  })

  test.each([
    ['text/json'],
    ['application/jsonp'],
    ['application/json\ta'],
    ['application/json/x'],
    ['application/json, text/plain'],
    ['text/plain;application/json'],
    ['application/xml+json+zip'],
    [';'],
    ['application/json; charset=latin1'],
    ['application/json; charset'],
    ['application/json; charset=utf-8; charset=utf-16'],
  ])('refuses %s', async (type) => {
    expect(await refused(await echo('json'), [`Content-Type: ${type}`], '1')).toMatch(
      /^415 (?:TYPE|CHARSET)_UNSUPPORTED$/,
    )
  })

  test('refuses content without a type, and with two', async () => {
    const server = await echo('json')
    expect(await refused(server, [], '1')).toBe('415 TYPE_UNSUPPORTED')
    expect(await refused(server, [json, 'Content-Type: text/plain'], '1')).toBe('415 TYPE_UNSUPPORTED')
    expect((await ask(server, 'POST /', { content: '1' })).headers.get('accept')).toBe('application/json')
  })

  test.each([
    ['nothing', ''],
    ['half of it', '{"a":'],
    ['an open string', '"abc\\'],
    ['what is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['closing brackets only', ']]]'],
    ['__proto__', '{"a":[{"__proto__":{"admin":true}}]}'],
    ['__proto__ in disguise', '{"\\u005f_proto\\u005f_":1}'],
    ['the prototype of all', '{"a":[{"constructor":{"prototype":{"admin":true}}}]}'],
    ['the prototype of all in disguise', '{"con\\u0073tructor":{"\\u0070rototype":1}}'],
    ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`],
    ['65 levels behind a string', `["\\"]", ${'{"a":'.repeat(64)}1${'}'.repeat(65)}`],
  ])('refuses %s', async (_, content) => {
    expect(await refused(await echo('json'), [json], content)).toBe('400 JSON_INVALID')
  })

  test('takes 64 levels, and __proto__ as a value', async () => {
    const server = await echo('json')
    for (const content of [`${'['.repeat(64)}${']'.repeat(64)}`, '{"name":"__proto__"}', '["\\u0041"]'])
      expect(await ask(server, 'POST /', { fields: [json], content })).toMatchObject({ status: 200 })
  })

  test('caps the members', async () => {
    const server = await echo('json', { keys: 3 })
    expect(await ask(server, 'POST /', { fields: [json], content: '{"a":1,"b:":{"c":":::"}}' })).toMatchObject({
      status: 200,
    })
    expect(await refused(server, [json], '[{"a":1,"b":2},{"c":3,"d":4}]')).toBe('400 JSON_INVALID')
  })
})

const reviver = (key: string, value: unknown): unknown => (key === 'at' ? new Date(value as string) : value)
const failing = (): never => {
  throw new RangeError('not a date')
}

describe('what is made of JSON', () => {
  test('is the application’s, of its own types as well', async () => {
    const server = await start(
      router().post(
        '/',
        [body('json', { reviver: reviver as never, types: ['application/CSP-report', 'text/plain'] })],
        (c) => c.json((c.state.body as { at: Date }).at.getUTCFullYear()),
      ),
    )
    const content = '{"at":"2025-01-01T00:00:00Z"}'
    for (const type of ['application/json', 'application/csp-report', 'text/plain;charset=UTF-8'])
      expect((await ask(server, 'POST /', { fields: [`Content-Type: ${type}`], content })).content.toString()).toBe(
        '2025',
      )
    expect(await refused(server, ['Content-Type: text/html'], content)).toBe('415 TYPE_UNSUPPORTED')
    expect(await refused(server, ['Content-Type: text/plain; charset=latin1'], content)).toBe('415 CHARSET_UNSUPPORTED')
    expect(() => body('json', { types: ['json'] })).toThrow(TypeError)
  })

  test('and what fails there is the application’s error', async () => {
    const errors: unknown[] = []
    const app = router().post('/', [body('json', { reviver: failing })], (c) => c.empty())
    const server = await start(app, { onError: (error) => void errors.push(error) })
    expect((await ask(server, 'POST /', { fields: [json], content: '{}' })).status).toBe(500)
    expect(errors).toEqual([expect.any(RangeError)])
  })
})

describe('urlencoded', () => {
  test.each(['__proto__=1&__proto__=2', 'a=1&%5f_proto__=x'])('refuses %s', async (content) => {
    expect(await refused(await echo('urlencoded'), [form], content)).toBe('400 FORM_INVALID')
  })

  test('gives plain names without a prototype', async () => {
    let seen: unknown
    const app = router().post('/', [body('urlencoded')], (c) => {
      seen = c.state.body
      return c.empty()
    })
    const content = 'a=1&b=x+y%26&a=2&constructor=p&c[d]=3&&e&a=3&%zz=%ff'
    await ask(await start(app), 'POST /', { fields: [`${form}; charset=utf-8`], content })
    expect(Object.getPrototypeOf(seen)).toBeNull()
    expect(Object.entries(seen as object)).toEqual([
      ['a', ['1', '2', '3']],
      ['b', 'x y&'],
      ['constructor', 'p'],
      ['c[d]', '3'],
      ['e', ''],
      ['%zz', '\ufffd'],
    ])
  })

  test('caps the fields', async () => {
    const server = await echo('urlencoded')
    expect(await refused(server, [form], '&'.repeat(1000))).toBe('400 TOO_MANY_FORM_FIELDS')
    expect(await ask(server, 'POST /', { fields: [form], content: 'a&'.repeat(999) })).toMatchObject({ status: 200 })
  })
})

test('text is read in the charset it says', async () => {
  const server = await echo('text')
  const send = async (type: string, content: Uint8Array): Promise<unknown> =>
    valueOf(await ask(server, 'POST /', { fields: [`Content-Type: ${type}`], content }))
  expect(await send('text/plain', Buffer.from('é'))).toBe('é')
  expect(await send('text/csv; charset=iso-8859-1', Uint8Array.of(0xe9))).toBe('é')
  expect(await send('text/plain; charset="utf-16le"', Buffer.from('é', 'utf16le'))).toBe('é')
  expect(await refused(server, ['Content-Type: text/plain'], Uint8Array.of(0xe9))).toBe('400 CHARSET_INVALID')
  expect(await refused(server, ['Content-Type: text/plain; charset=klingon'])).toBe('415 CHARSET_UNSUPPORTED')
})

test('bytes take any type and none; several kinds share the types among them', async () => {
  const seen: unknown[] = []
  const app = router()
    .post('/', [body('bytes')], (c) => c.text(String(c.state.body.length)))
    .post('/any', [body(['json', 'urlencoded', 'text', 'bytes'])], (c) => {
      seen.push(c.state.body)
      return c.empty()
    })
  const server = await start(app)
  expect((await ask(server, 'POST /', { content: Uint8Array.of(0, 1, 255) })).content.toString()).toBe('3')
  expect((await ask(server, 'POST /')).content.toString()).toBe('0')
  for (const [type, content] of [
    ['application/json', '[1]'],
    ['application/x-www-form-urlencoded', 'a=b'],
    ['text/html', '<p>'],
    ['image/png', 'x'],
  ])
    await ask(server, 'POST /any', { fields: [`Content-Type: ${type}`], content: content! })
  expect(seen).toEqual([[1], Object.assign(Object.create(null), { a: 'b' }), '<p>', expect.any(Uint8Array)])
})

test('a request without content has none', async () => {
  expect(await refused(await echo('json'), [])).toBe('400 CONTENT_MISSING')
})

test('raw bytes check a signature, compressed or not', async () => {
  const app = router().post('/hook', [body('json', { raw: true })], (c) => {
    const signature = createHmac('sha256', 'secret').update(c.state.raw).digest('hex')
    return c.json({ good: c.headers.get('x-signature') === signature, value: c.state.body })
  })
  const server = await start(app)
  const content = '{ "amount" : 1.0 }'
  const signature = `X-Signature: ${createHmac('sha256', 'secret').update(content).digest('hex')}`
  const plain = await ask(server, 'POST /hook', { fields: [json, signature], content })
  const fields = [json, signature, 'Content-Encoding: gzip']
  const compressed = await ask(server, 'POST /hook', { fields, content: gzipSync(content) })
  for (const reply of [plain, compressed]) expect(valueOf(reply)).toEqual({ good: true, value: { amount: 1 } })
})

describe('limits', () => {
  const chunked = ['Transfer-Encoding: chunked', json]

  test('a client that sends all of it reads the 413', async () => {
    const server = await echo('json', { bodyBytes: 10 })
    expect(await refused(server, [json], `"${'x'.repeat(500_000)}"`)).toBe('413 CONTENT_TOO_LARGE')
  })

  test('chunks are counted, and so are those that come late', async () => {
    const server = await echo('json', { bodyBytes: 10 })
    const socket = open(server, 'POST /', chunked)
    const received: Buffer[] = []
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      socket.write('4\r\n1234\r\n')
    }
    await new Promise((resolve) => socket.on('close', resolve))
    expect(readReply(Buffer.concat(received))).toMatchObject({ status: 413, complete: true })
  })

  // CVE-2026-44456
  test('a handler that goes on in spite of the 413 gets no content either', async () => {
    const seen: unknown[] = []
    const app = router().post('/', async (c) => {
      c.body.limit = 10
      for (let i = 0; i < 2; i++)
        seen.push(await c.body.text().catch((error: { status?: number }) => error.status ?? error))
      return c.text('all the same')
    })
    const server = await start(app)
    for (const [field, content] of [
      ['Content-Length: 11', 'x'.repeat(11)],
      ['Transfer-Encoding: chunked', `b\r\n${'x'.repeat(11)}\r\n0\r\n\r\n`],
    ] as const) {
      const socket = open(server, 'POST /', [field])
      socket.write(content)
      expect(String(((await once(socket, 'data')) as [Buffer])[0])).toMatch(/^HTTP\/1.1 200 /)
      expect(seen.splice(0)).toEqual([413, expect.any(TypeError)])
      socket.destroy()
    }
  })

  test('the limit of the server holds without one, and a larger one lifts it', async () => {
    const app = router()
      .post('/', [body('bytes')], (c) => c.text(String(c.state.body.length)))
      .post('/more', [body('bytes', { bodyBytes: 3_000_000 })], (c) => c.text(String(c.state.body.length)))
    const server = await start(app)
    const content = Buffer.alloc(2_000_000)
    expect(await ask(server, 'POST /', { content })).toMatchObject({ status: 413 })
    expect(String((await ask(server, 'POST /more', { content })).content)).toBe('2000000')
  })

  test('a client that leaves is nobody that could be answered', async () => {
    const outcomes: Outcome[] = []
    const handler = vi.fn<() => never>()
    const guarded = body('json')
    const errors: unknown[] = []
    const reached = vi.fn<() => void>()
    const server = await start((c) => {
      reached()
      c.done((outcome) => outcomes.push(outcome))
      return (guarded(c as never, handler) as Promise<never>).catch((error: unknown) => {
        errors.push(error)
        throw error
      })
    })
    const socket = open(server, 'POST /', [json, 'Content-Length: 100'])
    socket.write('{"a":')
    await vi.waitFor(() => expect(reached).toHaveBeenCalled())
    socket.resetAndDestroy()
    await vi.waitFor(() => expect(outcomes).toHaveLength(1))
    expect(outcomes[0]).toMatchObject({ kind: 'aborted', by: 'peer' })
    expect(errors[0]).toBeInstanceOf(AbortedError)
    expect(handler).not.toHaveBeenCalled()
  })
})

describe('content codings', () => {
  const content = JSON.stringify({ text: 'abc'.repeat(100) })
  const codings: [string, Uint8Array][] = [
    ['gzip', gzipSync(content)],
    ['X-GZIP', gzipSync(content)],
    ['deflate', deflateSync(content)],
    ['br', brotliCompressSync(content)],
    ['identity', Buffer.from(content)],
    ...(zstdCompressSync && nodeVersion >= 24
      ? [['zstd', zstdCompressSync(Buffer.from(content))] as [string, Buffer]]
      : []),
  ]

  test.each(codings)('%s', async (coding, bytes) => {
    const server = await echo('json')
    const fields = [json, `Content-Encoding: ${coding}`]
    expect(valueOf(await ask(server, 'POST /', { fields, content: bytes }))).toEqual(JSON.parse(content))
    if (coding === 'identity') return
    expect(await refused(server, fields, bytes.subarray(0, -9))).toBe('400 CONTENT_CODING_INVALID')
    for (const more of ['more', '\0\0\0\0'])
      expect(await refused(server, fields, Buffer.concat([bytes, Buffer.from(more)]))).toBe(
        '400 CONTENT_CODING_INVALID',
      )
    expect(await refused(server, fields, 'no such coding')).toBe('400 CONTENT_CODING_INVALID')
  })

  // Node.js 22 knows zstd, but takes what is left of content that was cut off for all of it.
  test.runIf(nodeVersion < 24)('zstd is not known to a Node.js that does not see its end', async () => {
    const bytes = Buffer.from('28b52ffd20176500003068656c6c6f200100994b11', 'hex')
    const server = await echo('text')
    for (const sent of [bytes, bytes.subarray(0, -3)])
      expect(await refused(server, ['Content-Type: text/plain', 'Content-Encoding: zstd'], sent)).toBe(
        '415 CONTENT_CODING_UNSUPPORTED',
      )
  })

  test('what comes late behind the end of the coded content is not ignored', async () => {
    const bytes = brotliCompressSync(content)
    const socket = open(await echo('json'), 'POST /', [json, 'Content-Encoding: br', 'Transfer-Encoding: chunked'])
    const reply = once(socket, 'data') as Promise<[Buffer]>
    socket.write(`${bytes.length.toString(16)}\r\n`)
    socket.write(bytes)
    // It has been decoded whole by then.
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.write('\r\n4\r\nmore\r\n0\r\n\r\n')
    expect(String((await reply)[0])).toMatch(/^HTTP\/1.1 400 /)
    socket.destroy()
  })

  test('an unknown coding is answered with the known ones, and more than one is refused', async () => {
    const server = await echo('json')
    const reply = await ask(server, 'POST /', { fields: [json, 'Content-Encoding: lzma'], content })
    expect(reply.status).toBe(415)
    expect(reply.headers.get('accept-encoding')).toMatch(/^gzip, deflate, br/)
    const twice = gzipSync(gzipSync(content))
    expect(await refused(server, [json, 'Content-Encoding: gzip, gzip'], twice)).toBe('415 CONTENT_CODING_UNSUPPORTED')
    const lines = [json, 'Content-Encoding: gzip', 'Content-Encoding: gzip']
    expect(await refused(server, lines, twice)).toBe('415 CONTENT_CODING_UNSUPPORTED')
  })

  test('a bomb is put out by its ratio, and by what it is worth', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    expect(await refused(await echo('bytes'), ['Content-Encoding: gzip'], bomb)).toBe('413 CONTENT_TOO_LARGE')
    const server = await echo('bytes', { bodyBytes: 60e6 })
    const before = process.memoryUsage().arrayBuffers
    expect(await refused(server, ['Content-Encoding: gzip'], bomb)).toBe('413 CONTENT_TOO_LARGE')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(45_000_000)
    const endless = gzipSync(Buffer.alloc(70_000_000))
    const unlimited = await echo('bytes', { bodyBytes: Infinity })
    expect(await refused(unlimited, ['Content-Encoding: gzip'], endless)).toBe('413 CONTENT_TOO_LARGE')
  })

  test.each([-1, 0, 1])('what is honest is taken up to the limit, however well it compresses (%i)', async (more) => {
    const limit = 1024 * 1024
    const zeros = gzipSync(`"${'0'.repeat(limit - 2 + more)}"`)
    const fields = [json, 'Content-Encoding: gzip']
    const { status } = await ask(await echo('json'), 'POST /', { fields, content: zeros })
    expect(status).toBe(more > 0 ? 413 : 200)
  })

  test.each([-1, 0, 1])('a ratio counts from half of a large limit on (%i)', async (more) => {
    const limit = 24 * 1024 * 1024
    const zeros = gzipSync(Buffer.alloc(limit / 2 + more))
    const fields = ['Content-Encoding: gzip']
    const echoed = await echo('bytes', { bodyBytes: limit })
    expect((await ask(echoed, 'POST /', { fields, content: zeros })).status).toBe(more > 0 ? 413 : 200)
    const lax = await echo('bytes', { bodyBytes: limit, ratio: Infinity })
    expect((await ask(lax, 'POST /', { fields, content: zeros })).status).toBe(200)
  })

  test('a bomb whose sender then waits is answered all the same', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    const socket = open(await echo('bytes'), 'POST /', ['Content-Encoding: gzip', `Content-Length: ${bomb.length}`])
    socket.write(bomb.subarray(0, 20_000))
    const [first] = await new Promise<Buffer[]>((resolve) => socket.once('data', (chunk: Buffer) => resolve([chunk])))
    expect(first!.toString('latin1')).toMatch(/^HTTP\/1.1 413 /)
    socket.destroy()
  })
})
