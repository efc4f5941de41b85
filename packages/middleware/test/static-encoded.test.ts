import { randomBytes } from 'node:crypto'
import * as zlib from 'node:zlib'
import { memoryFiles, staticFiles } from '@spillway/middleware/static'
import { describe, expect, test } from 'vitest'
import { codings } from '../src/lib/http/codings.ts'
import { send, start } from './server.ts'

const script = 'console.log("spillway")\n'.repeat(200)
const files = new Map<string, string | Uint8Array>([
  ['app.js', script],
  ['short.css', 'a{}'],
  ['image.png', script],
  ['noise.txt', randomBytes(5000)],
  ['large.txt', 'x'.repeat(1024 * 1024 + 1)],
  ['edge.txt', 'x'.repeat(1024)],
  ['below.txt', 'x'.repeat(1023)],
])

const decoders: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  br: zlib.brotliDecompressSync,
  gzip: zlib.gunzipSync,
  deflate: zlib.inflateSync,
  zstd: (zlib as unknown as { zstdDecompressSync: (bytes: Uint8Array) => Uint8Array }).zstdDecompressSync,
}
const server = () => start(staticFiles(memoryFiles(files), { compress: true }))

describe('RFC 9110 §12.5.3: files are compressed', () => {
  test.each(codings.map(({ name }) => name))('in %s, the same bytes for everybody', async (name) => {
    const at = await server()
    const ask = () => send(at, 'GET', '/app.js', [`Accept-Encoding: ${name}`])
    // together, and from memory
    const replies = [...(await Promise.all([ask(), ask(), ask()])), await ask()]
    for (const reply of replies) {
      expect(reply).toMatchObject({ status: 200, complete: true })
      expect(reply.headers.get('content-encoding')).toBe(name)
      expect(reply.headers.get('vary')).toBe('Accept-Encoding')
      expect(reply.headers.has('content-location')).toBe(false)
      expect(reply.headers.get('etag')).toBe(replies[0]!.headers.get('etag'))
      expect(Buffer.from(decoders[name]!(reply.content)).toString()).toBe(script)
    }
  })

  test.each([
    ['/app.js', 'br;q=0.1, gzip;q=0.9', 'gzip'],
    ['/app.js', 'identity, gzip;q=0.5', undefined],
    ['/app.js', '', undefined],
    ['/edge.txt', 'gzip', 'gzip'],
    ['/below.txt', 'gzip', undefined],
    ['/short.css', 'gzip', undefined],
    ['/image.png', 'gzip', undefined],
    ['/noise.txt', 'gzip', undefined],
    ['/large.txt', 'gzip', undefined],
  ])('%s with %j: %s', async (path, accept, expected) => {
    const at = await server()
    for (let i = 0; i < 2; i++) {
      const reply = await send(at, 'GET', path, [`Accept-Encoding: ${accept}`])
      expect(reply).toMatchObject({ status: 200, complete: true })
      expect(reply.headers.get('content-encoding')).toBe(expected)
    }
  })

  test('with a tag and ranges of their own, and HEAD says the same', async () => {
    const at = await server()
    const ask = (method: string, ...fields: string[]) =>
      send(at, method, '/app.js', ['Accept-Encoding: gzip', ...fields])
    const [plain, gzip] = [await send(at, 'GET', '/app.js'), await ask('GET')]
    const etag = gzip.headers.get('etag')!
    expect(etag).not.toBe(plain.headers.get('etag'))
    expect(plain.headers.get('vary')).toBe('Accept-Encoding')
    expect(await ask('GET', `If-None-Match: ${etag}`)).toMatchObject({ status: 304 })
    const part = await ask('GET', 'Range: bytes=2-5', `If-Range: ${etag}`)
    expect(part.status).toBe(206)
    expect(part.content.equals(gzip.content.subarray(2, 6))).toBe(true)
    const head = await ask('HEAD')
    for (const name of ['etag', 'content-length', 'content-encoding'])
      expect(head.headers.get(name)).toBe(gzip.headers.get(name))
  })

  test('anew when the file has changed', async () => {
    const map = new Map([['a.txt', 'one '.repeat(500)]])
    const at = await start(staticFiles(memoryFiles(map), { compress: true, recheckAfter: 0 }))
    const content = async () =>
      zlib.gunzipSync((await send(at, 'GET', '/a.txt', ['Accept-Encoding: gzip'])).content).toString()
    expect(await content()).toBe('one '.repeat(500))
    map.set('a.txt', 'two '.repeat(500))
    expect(await content()).toBe('two '.repeat(500))
  })

  test('but not where there is a file for it', async () => {
    const map = new Map<string, string | Uint8Array>([
      ['a.txt', script],
      ['a.txt.gz', zlib.gzipSync('precompressed')],
    ])
    const at = await start(staticFiles(memoryFiles(map), { compress: true, precompressed: true }))
    const ask = (accept: string) => send(at, 'GET', '/a.txt', [`Accept-Encoding: ${accept}`])
    expect(zlib.gunzipSync((await ask('gzip')).content).toString()).toBe('precompressed')
    expect(zlib.brotliDecompressSync((await ask('br')).content).toString()).toBe(script)
  })

  test('though the cache has no room', async () => {
    const at = await start(staticFiles(memoryFiles(files), { compress: true, cacheBytes: 0 }))
    for (let i = 0; i < 2; i++) {
      const reply = await send(at, 'GET', '/app.js', ['Accept-Encoding: gzip'])
      expect(zlib.gunzipSync(reply.content).toString()).toBe(script)
    }
  })
})
