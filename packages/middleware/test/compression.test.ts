import zlib, { brotliDecompressSync, createGunzip, gunzipSync, inflateSync } from 'node:zlib'
import type { Transform } from 'node:stream'
import type { Context, Outcome, Reply } from '@spillway/core'
import { wrap } from '@spillway/middleware'
import { type CompressionOptions, compression } from '@spillway/middleware/compression'
import { conditional } from '@spillway/middleware/conditional'
import { staticFiles } from '@spillway/middleware/static'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { codings } from '../src/lib/http/codings.ts'
import { chooseCoding } from '../src/lib/http/negotiate.ts'
import { curl, curlTool } from './curl.ts'
import { start } from './server.ts'
import { ask, open } from './wire.ts'

const text = 'All work and no play makes Jack a dull boy. '.repeat(100)
const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync: (bytes: Uint8Array) => Buffer }
const decoders: Record<string, (bytes: Uint8Array) => Buffer> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: (bytes) => zstdDecompressSync(bytes),
}

function app(handler: (c: Context) => Reply, threshold?: number) {
  return start(wrap([compression(threshold === undefined ? {} : { threshold })], handler))
}

const accept = (codingList: string) => ({ fields: [`Accept-Encoding: ${codingList}`] })

async function* pieces(): AsyncGenerator<string | Uint8Array> {
  for (let i = 0; i < 50; i++) yield i % 2 ? `${i} ` : Buffer.alloc(100_000, i)
  yield ''
}

describe.each(codings.map(({ name }) => name))('%s', (name) => {
  test.each([
    ['short text', text.slice(0, 2000)],
    ['text', `${text}é`.repeat(5)],
    ['long text', text.repeat(400)],
  ])('%s', async (_, content) => {
    const server = await app((c) => c.text(content, { headers: { ETag: '"1"', Vary: 'Origin' } }))
    const reply = await ask(server, 'GET /', accept(name))
    expect(reply.complete).toBe(true)
    expect(reply.headers.get('content-encoding')).toBe(name)
    expect(reply.headers.get('vary')).toBe('Origin, Accept-Encoding')
    expect(reply.headers.get('etag')).toBe('W/"1"')
    expect(reply.headers.has('content-length')).toBe(content.length < 1_000_000)
    expect(reply.content.length).toBeLessThan(content.length / 4)
    expect(String(decoders[name]!(reply.content))).toBe(content)
  })

  test('a stream comes piece by piece', async () => {
    const parts: Buffer[] = []
    for await (const piece of pieces()) parts.push(Buffer.from(piece as string))
    const expected = Buffer.concat(parts)
    for (const source of [() => pieces(), () => ReadableStream.from(pieces() as AsyncIterable<Uint8Array>)]) {
      const server = await app((c) => c.stream(source(), { headers: { 'Content-Type': 'text/plain' } }))
      const reply = await ask(server, 'GET /', accept(name))
      expect(reply.complete).toBe(true)
      expect(decoders[name]!(reply.content).equals(expected)).toBe(true)
    }
  })
})

test.each([
  ['gzip', 'gzip'],
  ['gzip, br', 'br'],
  ['GZIP', 'gzip'],
  ['x-gzip', 'gzip'],
  ['gzip;q=1, br;q=0.5', 'gzip'],
  ['gzip;q=0.001', 'gzip'],
  ['br;q=0.8, gzip;q=0.8', 'br'],
  ['deflate, *;q=0.5', 'deflate'],
  ['*', 'zstd'],
  ['zstd;q=0, *', 'br'],
  ['*;q=0', undefined],
  ['identity', undefined],
  ['identity;q=0', undefined],
  ['identity, gzip;q=0.5', undefined],
  ['identity;q=0.5, gzip', 'gzip'],
  ['identity, gzip', 'gzip'],
  ['gzip;q=0', undefined],
  ['gzip;q=2', undefined],
  ['gzip;q=', undefined],
  ['compress, lzma', undefined],
  ['', undefined],
  [null, undefined],
])('Accept-Encoding: %s gives %s', (header, name) => {
  const all = ['zstd', 'br', 'gzip', 'deflate'].map((each) => ({ name: each }))
  expect(chooseCoding(header, all).coding?.name).toBe(name)
})

// CVE-2016-10539
test.each([
  ['names', 'x'.repeat(15_000)],
  ['members', 'a,'.repeat(7000)],
  ['weights', `gzip${';q=0'.repeat(3000)}`],
  ['blanks', `gzip${' '.repeat(15_000)};q=1`],
  ['quotes', '"'.repeat(15_001)],
])('many %s in Accept-Encoding take linear time', async (_, value) => {
  const reply = await ask(await app((c) => c.text(text)), 'GET /', accept(value))
  expect([reply.status, reply.complete]).toEqual([200, true])
})

describe('leaves alone', () => {
  const cases: [string, (c: Context) => Reply][] = [
    ['short text', (c) => c.text('x'.repeat(1023))],
    ['short text of other letters', (c) => c.text('é'.repeat(511))],
    ['images', (c) => c.text(text, { headers: { 'Content-Type': 'image/png' } })],
    ['content without a type', (c) => c.stream(text)],
    ['no-transform', (c) => c.text(text, { headers: { 'Cache-Control': 'public, No-Transform' } })],
    ['what is encoded', (c) => c.text(text, { headers: { 'Content-Encoding': 'aes128gcm' } })],
    ['parts', (c) => c.text(text, { status: 206, headers: { 'Content-Range': 'bytes 0-4399/5000' } })],
    ['nothing', (c) => c.empty()],
    ['a stream said to be short', (c) => c.stream(once('hi'), { headers: { 'Content-Length': '2', ...plain } })],
  ]
  test.each(cases)('%s', async (_, handler) => {
    const reply = await ask(await app(handler), 'GET /', accept('gzip'))
    expect(reply.headers.get('content-encoding') ?? 'aes128gcm').toBe('aes128gcm')
    expect(reply.headers.has('vary')).toBe(false)
    expect(reply.complete).toBe(true)
  })

  test('304, with whatever it says', async () => {
    const server = await app((c) => c.stream(once(text), { status: 304, headers: { ETag: '"1"', ...plain } }))
    const reply = await ask(server, 'GET /', accept('gzip'))
    expect([reply.status, reply.headers.get('etag'), reply.content.length]).toEqual([304, '"1"', 0])
  })

  test.each([
    ['the compressed one', 'W/"1"', 'W/"1"', 'Accept-Encoding'],
    ['the compressed one among others', '"0", W/"1"', 'W/"1"', 'Accept-Encoding'],
    ['both', 'W/"1", "1"', '"1"', undefined],
    ['the one as it is', '"1"', '"1"', undefined],
    ['any', '*', '"1"', undefined],
  ])('304, but names the version that the client has: %s', async (_, given, etag, vary) => {
    const server = await start(wrap([compression(), conditional()], (c) => c.text(text, { headers: { ETag: '"1"' } })))
    const reply = await ask(server, 'GET /', { fields: ['Accept-Encoding: gzip', `If-None-Match: ${given}`] })
    expect([reply.status, reply.headers.get('etag'), reply.headers.get('vary')]).toEqual([304, etag, vary])
  })

  test.each(['x'.repeat(1024), 'é'.repeat(512)])('nothing from 1024 bytes on', async (content) => {
    const reply = await ask(await app((c) => c.text(content)), 'GET /', accept('gzip'))
    expect(reply.headers.get('content-encoding')).toBe('gzip')
  })

  test('clients that do not ask, but caches are told', async () => {
    const reply = await ask(await app((c) => c.text(text)), 'GET /')
    expect(reply.headers.has('content-encoding')).toBe(false)
    expect(reply.headers.get('vary')).toBe('Accept-Encoding')
    expect(String(reply.content)).toBe(text)
  })
})

const plain = { 'Content-Type': 'text/plain' }

async function* once(content: string): AsyncGenerator<string> {
  yield content
}

const filter = (c: Context): boolean | undefined => ({ '/yes': true, '/no': false })[c.path]

describe('how much is tried, and for what, may be said', () => {
  const varied = Array.from({ length: 4000 }, (_, i) => `${(i * 7919) % 1009} ${i % 13}`).join(',')
  const lengthOf = async (name: string, options: CompressionOptions): Promise<number> => {
    const server = await start(wrap([compression(options)], (c) => c.text(varied)))
    const reply = await ask(server, 'GET /', accept(name))
    expect(String(decoders[name]!(reply.content))).toBe(varied)
    return reply.content.length
  }

  test.each([
    ['br', 0, 11],
    ['gzip', 1, 9],
    ['deflate', 1, 9],
  ])('%s', async (name, least, most) => {
    const [fast, small] = [
      await lengthOf(name, { levels: { [name]: least } }),
      await lengthOf(name, { levels: { [name]: most } }),
    ]
    expect(small).toBeLessThan(fast)
  })

  test.each([{ br: 12 }, { br: -1 }, { gzip: 10 }, { deflate: 1.5 }, { zstd: 0 }, { zstd: 23 }, { gzip: NaN }])(
    'refuses %o',
    (levels) => {
      expect(() => compression({ levels })).toThrow(RangeError)
    },
  )

  test('a filter says yes, no, or nothing', async () => {
    const server = await start(
      wrap([compression({ filter })], (c) =>
        c.text(text, {
          headers: { 'Content-Type': c.path === '/text' || c.path === '/no' ? 'text/plain' : 'image/x-own' },
        }),
      ),
    )
    for (const [path, coding, vary] of [
      ['/yes', 'gzip', 'Accept-Encoding'],
      ['/no', undefined, undefined],
      ['/text', 'gzip', 'Accept-Encoding'],
      ['/image', undefined, undefined],
    ] as const) {
      const { headers } = await ask(server, `GET ${path}`, accept('gzip'))
      expect([path, headers.get('content-encoding'), headers.get('vary')]).toEqual([path, coding, vary])
    }
  })
})

test('a client that refuses content as it is gets everything compressed', async () => {
  const reply = await ask(await app((c) => c.text('short')), 'GET /', accept('gzip, identity;q=0'))
  expect(reply.headers.get('content-encoding')).toBe('gzip')
  expect(String(gunzipSync(reply.content))).toBe('short')
})

test('HEAD has the fields of GET, and no length that is not its', async () => {
  const server = await app((c) => c.text(text, { headers: { ETag: '"1"' } }))
  const [get, head] = [await ask(server, 'GET /', accept('br')), await ask(server, 'HEAD /', accept('br'))]
  for (const name of ['content-type', 'content-encoding', 'vary', 'etag'])
    expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)])
  expect(head.headers.has('content-length')).toBe(false)
  expect(head.content.length).toBe(0)
  const files = await start(wrap([compression()], staticFiles(new URL('..', import.meta.url))))
  const file = await ask(files, 'HEAD /README.md', accept('br'))
  expect([file.status, file.headers.has('content-length')]).toEqual([200, false])
})

test('a file keeps its tag for conditional requests, and no ranges are promised', async () => {
  const server = await start(wrap([compression()], staticFiles(new URL('..', import.meta.url))))
  const reply = await ask(server, 'GET /README.md', accept('gzip'))
  expect(reply.headers.get('content-encoding')).toBe('gzip')
  expect(reply.headers.has('accept-ranges')).toBe(false)
  const again = await ask(server, 'GET /README.md', {
    fields: ['Accept-Encoding: gzip', `If-None-Match: ${reply.headers.get('etag')}`],
  })
  expect(again.status).toBe(304)
})

test('events are sent when they are there', async () => {
  let emit: ((event: string) => void) | undefined
  async function* events(): AsyncGenerator<string> {
    for (;;) yield await new Promise<string>((resolve) => (emit = resolve))
  }
  const server = await app((c) => c.stream(events(), { headers: { 'Content-Type': 'text/event-stream' } }))
  const socket = open(server, 'GET /events', ['Accept-Encoding: gzip'])
  const gunzip = createGunzip()
  let decoded = ''
  gunzip.on('data', (chunk: Buffer) => (decoded += String(chunk)))
  let head: Buffer | undefined = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    if (head) {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      chunk = head.subarray(end + 4)
      head = undefined
    }
    // One event is one chunk here, and small.
    for (let at = 0; at < chunk.length;) {
      const line = chunk.indexOf('\r\n', at)
      const size = parseInt(chunk.toString('latin1', at, line), 16)
      gunzip.write(chunk.subarray(line + 2, line + 2 + size))
      at = line + 4 + size
    }
  })
  for (let i = 1; i <= 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    emit!(`data: ${i}\n\n`)
    await vi.waitFor(() => expect(decoded).toBe(['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n'].slice(0, i).join('')))
  }
  socket.destroy()
  gunzip.destroy()
})

/** What Node keeps outside of its heap for a coder; null once it is freed. */
function handleOf(coder: Transform): unknown {
  return Reflect.get(coder, '_handle')
}

/** Every coder that was made while the test runs. */
function watchCoders(): () => Transform[] {
  const spy = vi.spyOn(
    codings.find(({ name }) => name === 'gzip')!,
    'stream',
  )
  onTestFinished(() => spy.mockRestore())
  return () => spy.mock.results.map(({ value }) => value as Transform)
}

async function* broken(): AsyncGenerator<string> {
  yield text
  throw new Error('broken')
}

describe('when it does not go well', () => {
  test.each<[string, (pulled: () => void) => AsyncGenerator<string>]>([
    [
      'in the middle of much',
      async function* (pulled) {
        for (;;) {
          pulled()
          yield Math.random().toString(36).repeat(5000)
        }
      },
    ],
    [
      'while it waits for an event',
      async function* (pulled) {
        yield 'first'
        pulled()
        await new Promise((resolve) => setTimeout(resolve, 60))
        yield 'second'
      },
    ],
  ])('a client that leaves %s frees the coder and the source', async (_, source) => {
    const coders = watchCoders()
    const outcomes: Outcome[] = []
    let finished = false
    let pulls = 0
    async function* watched(): AsyncGenerator<string> {
      try {
        yield* source(() => void pulls++)
      } finally {
        finished = true
      }
    }
    const server = await app((c) => {
      c.done((outcome) => outcomes.push(outcome))
      return c.stream(watched(), { headers: plain })
    })
    const socket = open(server, 'GET /', ['Accept-Encoding: gzip'])
    await vi.waitFor(() => expect(pulls).toBeGreaterThan(0))
    socket.resetAndDestroy()
    await vi.waitFor(() => expect(finished).toBe(true))
    await vi.waitFor(() => expect(coders().map((coder) => [coder.destroyed, handleOf(coder)])).toEqual([[true, null]]))
    expect(outcomes).toMatchObject([{ kind: 'aborted', by: 'peer' }])
  })

  test('a reply that is sent to its end frees them, too', async () => {
    const coders = watchCoders()
    const server = await app((c) => c.stream(once(text), { headers: plain }))
    for (let i = 0; i < 3; i++) expect(await ask(server, 'GET /', accept('gzip'))).toMatchObject({ complete: true })
    expect(coders().map((coder) => [coder.destroyed, handleOf(coder)])).toEqual(
      Array.from({ length: 3 }, () => [true, null]),
    )
  })

  test('a source that fails cuts the message', async () => {
    const coders = watchCoders()
    vi.spyOn(console, 'error').mockReturnValue()
    onTestFinished(() => void vi.restoreAllMocks())
    const server = await app((c) => c.stream(broken(), { headers: plain }))
    const reply = await ask(server, 'GET /', accept('gzip'))
    expect([reply.status, reply.complete, reply.content.length > 0]).toEqual([200, false, true])
    expect(coders().map((coder) => coder.destroyed)).toEqual([true])
  })

  test('a reader that stops is not read ahead for', async () => {
    let pulled = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        pulled += 65_536
        yield crypto.getRandomValues(new Uint8Array(65_536))
      }
    }
    const server = await app((c) => c.stream(endless(), { headers: plain }))
    const socket = open(server, 'GET /', ['Accept-Encoding: gzip'])
    socket.pause()
    await vi.waitFor(
      async () => {
        const before = pulled
        await new Promise((resolve) => setTimeout(resolve, 200))
        expect(pulled - before).toBe(0)
      },
      { timeout: 5000 },
    )
    // What the kernel holds on both sides, and little more.
    expect(pulled).toBeLessThan(20_000_000)
    socket.destroy()
  })
})

withTools(curlTool)('with curl', () => {
  test('curl reads it', async () => {
    const server = await app((c) => c.stream(once(text), { headers: plain }))
    expect(await curl('--compressed', server.url)).toBe(text)
  })
})
