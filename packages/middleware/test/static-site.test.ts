import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { router } from '@spillway/middleware/router'
import { type StaticOptions, staticFiles } from '@spillway/middleware/static'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { send, start } from './server.ts'

const folder = mkdtempSync(join(tmpdir(), 'spillway-site-'))
const script = 'run()\n'.repeat(100)
const large = 'x'.repeat(1_500_000)

beforeAll(() => {
  mkdirSync(join(folder, 'docs'))
  const files: Record<string, string | Buffer> = {
    'index.html': 'app',
    '404.html': 'nothing here',
    'about.html': 'about',
    'docs/index.html': 'docs',
    'docs.html': 'other docs',
    'app.js': script,
    'app.js.br': brotliCompressSync(script),
    'app.js.gz': gzipSync(script),
    'app.js.zst': 'zstd of it',
    'half.css': 'b{}',
    'half.css.gz': gzipSync('b{}'),
    'plain.txt': 'plain',
    'large.txt': large,
    'large.txt.gz': gzipSync(large),
    'index-B3x9kQ2z.js': '',
    'main.3f2a1b9c.css': '',
    'my-document.txt': '',
    'report-2024.txt': '',
    'notes-20240131.txt': '',
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
})
afterAll(() => rmSync(folder, { recursive: true }))

const site = (options: StaticOptions) => start(staticFiles(folder, options))

describe('RFC 9110 §12.5.3: precompressed files', () => {
  test.each([
    ['/app.js', 'br', 'br'],
    ['/app.js', 'gzip', 'gzip'],
    ['/app.js', 'zstd', 'zstd'],
    ['/app.js', 'gzip, deflate, br, zstd', 'br'],
    ['/app.js', 'br;q=0.5, gzip', 'gzip'],
    ['/app.js', 'br;q=0, gzip;q=0.1', 'gzip'],
    ['/app.js', 'identity, br;q=0.5', null],
    ['/app.js', 'BR', 'br'],
    ['/app.js', '*', 'br'],
    ['/app.js', '*;q=0', null],
    ['/app.js', 'brotli', null],
    ['/app.js', '', null],
    ['/app.js', undefined, null],
    ['/half.css', 'br, gzip;q=0.2', 'gzip'],
    ['/large.txt', 'br, gzip', 'gzip'],
    ['/large.txt', 'br', null],
  ])('%s for %j is sent in %s', async (path, accept, coding) => {
    const server = await site({ precompressed: true })
    const fields = accept === undefined ? [] : [`Accept-Encoding: ${accept}`]
    // from the disk, and then from memory
    for (let i = 0; i < 2; i++) {
      const reply = await send(server, 'GET', path, fields)
      expect(reply).toMatchObject({ status: 200, complete: true })
      expect(reply.headers.get('content-encoding') ?? null).toBe(coding)
      expect(reply.headers.get('vary')).toBe('Accept-Encoding')
      expect(reply.headers.get('content-type')).toMatch(/^text\//)
      const end = { br: '.br', gzip: '.gz', zstd: '.zst' }[coding ?? ''] ?? ''
      expect(reply.headers.get('content-location')).toBe(coding === null ? undefined : `.${path}${end}`)
      const raw = await send(server, 'GET', path + end)
      expect(reply.content.equals(raw.content)).toBe(true)
    }
  })

  test('have tags and ranges of their own', async () => {
    const server = await site({ precompressed: true })
    const ask = (...fields: string[]) => send(server, 'GET', '/app.js', fields)
    const [plain, gzip] = [await ask(), await ask('Accept-Encoding: gzip')]
    const etag = gzip.headers.get('etag')!
    expect(etag).not.toBe(plain.headers.get('etag'))
    const known = await ask('Accept-Encoding: gzip', `If-None-Match: ${etag}`)
    expect(known).toMatchObject({ status: 304 })
    expect(known.headers.get('vary')).toBe('Accept-Encoding')
    expect(known.headers.has('content-encoding')).toBe(false)
    expect(await ask(`If-None-Match: ${etag}`)).toMatchObject({ status: 200 })
    const part = await ask('Accept-Encoding: gzip', 'Range: bytes=2-5', `If-Range: ${etag}`)
    expect(part).toMatchObject({ status: 206 })
    expect(part.content.equals(gzip.content.subarray(2, 6))).toBe(true)
  })

  test('come and go', async () => {
    const server = await site({ precompressed: true, recheckAfter: 0 })
    const coding = async () =>
      (await send(server, 'GET', '/plain.txt', ['Accept-Encoding: gzip'])).headers.get('content-encoding')
    expect(await coding()).toBeUndefined()
    writeFileSync(join(folder, 'plain.txt.gz'), gzipSync('plain'))
    expect(await coding()).toBe('gzip')
    rmSync(join(folder, 'plain.txt.gz'))
    expect(await coding()).toBeUndefined()
  })

  test('are files like others when they are not asked for', async () => {
    const reply = await send(await site({}), 'GET', '/app.js', ['Accept-Encoding: br'])
    expect(reply.headers.has('vary')).toBe(false)
    expect(reply.content.toString()).toBe(script)
  })
})

test.each([
  ['/index-B3x9kQ2z.js', true],
  ['/main.3f2a1b9c.css', true],
  ['/my-document.txt', false],
  ['/report-2024.txt', false],
  ['/notes-20240131.txt', false],
  ['/index.html', false],
])('RFC 8246: %s is immutable: %s', async (path, immutable) => {
  const server = await site({ immutable: true, cacheControl: (name) => `max-age=${name.length}` })
  const expected = immutable ? 'public, max-age=31536000, immutable' : `max-age=${path.length - 1}`
  expect((await send(server, 'GET', path)).headers.get('cache-control')).toBe(expected)
})

const html = 'Accept: text/html,application/xhtml+xml,*/*;q=0.8'

test.each<[StaticOptions, string, string, number, string]>([
  [{ cleanUrls: true }, '/about', html, 200, 'about'],
  [{ cleanUrls: true }, '/nothing.html', html, 404, 'Not Found'],
  [{ cleanUrls: true }, '/nothing/', html, 404, 'Not Found'],
  [{ cleanUrls: true }, '/docs', html, 301, ''],
  [{}, '/about', html, 404, 'Not Found'],
  [{ fallback: 'index.html' }, '/users/7', html, 200, 'app'],
  [{ fallback: 'index.html' }, '/users/7/', html, 200, 'app'],
  [{ fallback: 'index.html' }, '/users/7', 'Accept: */*', 404, 'Not Found'],
  [{ fallback: 'index.html' }, '/users/7', 'Accept: text/html;q=0', 404, 'Not Found'],
  [{ fallback: 'index.html' }, '/missing.js', html, 404, 'Not Found'],
  [{ fallback: 'none.html' }, '/users/7', html, 404, 'Not Found'],
  [{ notFound: '404.html' }, '/users/7', html, 404, 'nothing here'],
  [{ notFound: '404.html' }, '/missing.js', html, 404, 'nothing here'],
  [{ notFound: '404.html' }, '/users/7', 'Accept: */*', 404, 'Not Found'],
  [{ notFound: '404.html' }, '/users/7', `${html}\r\nIf-None-Match: *\r\nRange: bytes=0-0`, 404, 'nothing here'],
  [{ fallback: 'index.html', notFound: '404.html' }, '/missing.js', html, 404, 'nothing here'],
  [{ fallback: 'index.html', notFound: '404.html' }, '/users', html, 200, 'app'],
])('%j: %s with %j is %i %j', async (options, path, accept, status, content) => {
  const reply = await send(await site(options), 'GET', path, [accept])
  expect(reply).toMatchObject({ status, complete: true })
  expect(reply.content.toString()).toBe(content)
})

test.each([
  ['/about.html', './about'],
  ['/about.html?a=1', './about?a=1'],
  ['/about/', '../about'],
  ['/index.html', './'],
  ['/docs/index.html?q', './?q'],
  ['/docs', './docs/'],
])('with clean URLs there is one for each page: %s leads to %s', async (target, location) => {
  const server = await site({ cleanUrls: true })
  // from the disk, and once the file is in memory
  for (let i = 0; i < 2; i++) {
    const reply = await send(server, 'GET', target)
    expect(reply).toMatchObject({ status: 301, complete: true })
    expect(reply.headers.get('location')).toBe(location)
    expect(reply.headers.get('cache-control')).toBe('no-cache')
    const { pathname } = new URL(location, `http://a${target}`)
    expect(await send(server, 'GET', pathname)).toMatchObject({ status: 200 })
  }
})

test('as middleware, routes come before the fallback', async () => {
  const app = router()
    .use(staticFiles(folder, { fallback: 'index.html' }))
    .get('/users/:id', (c) => c.text('route'))
  const server = await start(app)
  expect((await send(server, 'GET', '/users/7', [html])).content.toString()).toBe('route')
  expect((await send(server, 'GET', '/other', [html])).content.toString()).toBe('app')
  expect((await send(server, 'GET', '/plain.txt', [html])).content.toString()).toBe('plain')
})
