import { createHash } from 'node:crypto'
import type { Context, Reply, Server } from '@spillway/core'
import { wrap } from '@spillway/middleware'
import { compression } from '@spillway/middleware/compression'
import { conditional, precondition } from '@spillway/middleware/conditional'
import { router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'
import { describe, expect, test } from 'vitest'
import { start } from './server.ts'
import { ask } from './wire.ts'

const modified = 'Sun, 06 Nov 1994 08:49:37 GMT'

function app(handler: (c: Context) => Reply): Promise<Server> {
  return start(wrap([conditional()], handler))
}

async function statusOf(server: Server, line: string, ...fields: string[]): Promise<number> {
  return (await ask(server, line, { fields })).status
}

describe('conditional', () => {
  test('content at hand gets a tag of its bytes, and is sent once', async () => {
    const server = await app((c) => c.json({ name: 'é' }, { headers: { 'Cache-Control': 'no-cache' } }))
    const etag = `"${createHash('sha1').update('{"name":"é"}').digest('base64url')}"`
    const first = await ask(server, 'GET /')
    expect(first.headers.get('etag')).toBe(etag)
    for (const method of ['GET', 'HEAD']) {
      const again = await ask(server, `${method} /`, { fields: [`If-None-Match: "x", W/${etag}`] })
      expect(again).toMatchObject({ status: 304, complete: true })
      expect(Object.fromEntries(again.headers)).toMatchObject({ etag, 'cache-control': 'no-cache' })
      for (const name of ['content-type', 'content-length']) expect(again.headers.has(name)).toBe(false)
    }
    expect(await statusOf(server, 'GET /', 'If-None-Match: "x"')).toBe(200)
    expect((await ask(server, 'HEAD /')).headers.get('etag')).toBe(etag)
    expect(await statusOf(server, 'GET /', 'If-Match: "x"')).toBe(412)
    expect(await statusOf(server, 'GET /', `If-Match: ${etag}`)).toBe(200)
  })

  test('bytes and text of the same content have the same tag', async () => {
    const text = await ask(await app((c) => c.text('same')), 'GET /')
    const bytes = await ask(await app((c) => c.stream(Buffer.from('same'))), 'GET /')
    expect(bytes.headers.get('etag')).toBe(text.headers.get('etag'))
  })

  test('the validators that a reply brings are the ones that count', async () => {
    const server = await app((c) => c.text('x', { headers: { ETag: 'W/"mine"', 'Last-Modified': modified } }))
    expect(await statusOf(server, 'GET /', 'If-None-Match: "mine"')).toBe(304)
    expect(await statusOf(server, 'GET /', `If-Modified-Since: ${modified}`)).toBe(304)
    expect(await statusOf(server, 'GET /', 'If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT')).toBe(200)
    expect(await statusOf(server, 'GET /', 'If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT')).toBe(412)
    expect(await statusOf(server, 'GET /', 'If-Match: W/"mine"')).toBe(412)
  })

  test('a stream has no tag, and one with a tag is cancelled when it is not needed', async () => {
    let cancelled = 0
    const stream = () => new ReadableStream<Uint8Array>({ cancel: () => void cancelled++ }, { highWaterMark: 0 })
    const server = await app((c) => c.stream(stream(), c.path === '/tag' ? { headers: { ETag: '"s"' } } : 200))
    expect(await statusOf(server, 'GET /tag', 'If-None-Match: "s"')).toBe(304)
    expect(await statusOf(server, 'GET /tag', 'If-Match: "t"')).toBe(412)
    expect(cancelled).toBe(2)
    const head = await ask(server, 'HEAD /')
    expect([head.status, head.headers.has('etag')]).toEqual([200, false])
  })

  test.each<[string, (c: Context) => Reply]>([
    ['POST /', (c) => c.text('made')],
    ['GET /', (c) => c.text('no', 404)],
    ['GET /', (c) => c.empty()],
  ])('other replies are left alone: %s', async (line, handler) => {
    const reply = await ask(await app(handler), line, { fields: ['If-None-Match: *'] })
    expect(reply.headers.has('etag')).toBe(false)
    expect(reply.status).not.toBe(304)
  })

  test('goes with compression on either side', async () => {
    const text = 'tell me again '.repeat(200)
    for (const layers of [
      [compression(), conditional()],
      [conditional(), compression()],
    ] as const) {
      const server = await start(wrap([...layers], (c) => c.text(text)))
      const first = await ask(server, 'GET /', { fields: ['Accept-Encoding: gzip'] })
      expect(first.headers.get('content-encoding')).toBe('gzip')
      const fields = ['Accept-Encoding: gzip', `If-None-Match: ${first.headers.get('etag')}`]
      const again = await ask(server, 'GET /', { fields })
      expect([again.status, again.headers.get('etag')]).toEqual([304, expect.stringContaining('"')])
    }
  })
})

async function store(): Promise<Server> {
  let book: { version: number; title: string } | null = null
  const tag = () => book && { etag: `"${book.version}"` }
  const books = router()
    .get('/book', (c) => precondition(c, tag()) ?? c.json(book))
    .put('/book', async (c) => {
      const refused = precondition(c, tag())
      if (refused) return refused
      book = { version: (book?.version ?? 0) + 1, title: await c.body.text() }
      return c.empty({ headers: { ETag: tag()!.etag } })
    })
  return start(books)
}

describe('precondition', () => {
  test('a lost update is refused, and so is creating twice', async () => {
    const server = await store()
    const put = async (field: string) => (await ask(server, 'PUT /book', { fields: [field], content: 'x' })).status
    expect(await put('If-Match: *')).toBe(412)
    expect(await put('If-None-Match: *')).toBe(204)
    expect(await put('If-None-Match: *')).toBe(412)
    expect(await put('If-Match: "1"')).toBe(204)
    expect(await put('If-Match: "1"')).toBe(412)
    const refused = await ask(server, 'PUT /book', { fields: ['If-Match: "1"'], content: 'x' })
    expect(refused.headers.get('etag')).toBe('"2"')
    expect(JSON.parse(String(refused.content))).toMatchObject({ status: 412, title: 'Precondition Failed' })
    expect(await statusOf(server, 'GET /book', 'If-None-Match: "2"')).toBe(304)
    expect(await statusOf(server, 'GET /book', 'If-None-Match: "1"')).toBe(200)
  })
})

test('files answer the same conditions', async () => {
  const server = await start(staticFiles(new URL('examples', import.meta.url)))
  const { headers } = await ask(server, 'GET /router.ts')
  expect(await statusOf(server, 'GET /router.ts', `If-None-Match: ${headers.get('etag')}`)).toBe(304)
  expect(await statusOf(server, 'GET /router.ts', 'If-Match: "x"')).toBe(412)
  expect(await statusOf(server, 'GET /router.ts', `If-Unmodified-Since: ${modified}`)).toBe(412)
})
