import { router } from '@spillway/middleware/router'
import { type FileSource, memoryFiles, staticFiles } from '@spillway/middleware/static'
import { strToU8, unzipSync, zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { send, start } from './server.ts'

describe('files in memory', () => {
  const files = { 'index.html': 'home', 'a/b.js': 'run()', 'a/c/d.txt': 'd', 'é.txt': 'ü' }
  const server = (options = {}) => start(staticFiles(memoryFiles(files), options))

  test.each([
    ['/', 200, 'text/html; charset=utf-8', 'home'],
    ['/a/b.js', 200, 'text/javascript; charset=utf-8', 'run()'],
    ['/%C3%A9.txt', 200, 'text/plain; charset=utf-8', 'ü'],
    ['/a/c/../b.js', 200, 'text/javascript; charset=utf-8', 'run()'],
    ['/nothing', 404, 'text/plain; charset=utf-8', 'Not Found'],
    ['/a/', 404, 'text/plain; charset=utf-8', 'Not Found'],
  ])('%s is %i', async (path, status, type, content) => {
    const reply = await send(await server(), 'GET', path)
    expect([reply.status, reply.headers.get('content-type'), reply.content.toString()]).toEqual([status, type, content])
  })

  test('have tags, conditions and ranges like others', async () => {
    const at = await server()
    const etag = (await send(at, 'GET', '/a/b.js')).headers.get('etag')!
    expect(await send(at, 'GET', '/a/b.js', [`If-None-Match: ${etag}`])).toMatchObject({ status: 304 })
    const part = await send(at, 'GET', '/a/b.js', ['Range: bytes=1-2'])
    expect([part.status, part.content.toString()]).toEqual([206, 'un'])
  })

  test('are listed', async () => {
    const at = await server({ listing: true })
    expect(await send(at, 'GET', '/a')).toMatchObject({ status: 301 })
    const { entries } = JSON.parse((await send(at, 'GET', '/a/', ['Accept: application/json'])).content.toString()) as {
      entries: unknown
    }
    expect(entries).toEqual([
      { name: 'c', type: 'directory' },
      { name: 'b.js', type: 'file', size: 5 },
    ])
  })

  test('may be given other content, and be taken away', async () => {
    const map = new Map<string, string>([['a.txt', 'one']])
    const at = await start(staticFiles(memoryFiles(map), { recheckAfter: 0 }))
    const content = async () => (await send(at, 'GET', '/a.txt')).content.toString()
    expect(await content()).toBe('one')
    map.set('a.txt', 'two')
    expect(await content()).toBe('two')
    map.delete('a.txt')
    expect(await content()).toBe('Not Found')
  })
})

test('a zip archive is served by the same code', async () => {
  const archive = zipSync({ 'index.html': strToU8('zipped'), docs: { 'a.css': strToU8('a{}') } })
  const server = await start(router().get('/site/:path*', staticFiles(memoryFiles(unzipSync(archive)))))
  expect((await send(server, 'GET', '/site/')).content.toString()).toBe('zipped')
  const css = await send(server, 'GET', '/site/docs/a.css')
  expect([css.headers.get('content-type'), css.content.toString()]).toEqual(['text/css; charset=utf-8', 'a{}'])
})

function byte(i: number): number {
  return i % 251
}

describe('a source of one’s own', () => {
  const size = 3_000_000
  /** Numbers, far too many to be kept. */
  function numbers(events: string[]): FileSource {
    return {
      open: (path) =>
        path === 'numbers.bin'
          ? {
              size,
              etag: '"n"',
              bytes: () => undefined,
              async *stream(first, end) {
                for (let at = first; at <= end; at += 70_000)
                  yield Uint8Array.from({ length: Math.min(70_000, end + 1 - at) }, (_, i) => byte(at + i))
              },
              close: () => void events.push('closed'),
            }
          : undefined,
    }
  }

  test('streams what is large, whole and in parts, and hears when it is done', async () => {
    const events: string[] = []
    const server = await start(staticFiles(numbers(events)))
    const whole = await send(server, 'GET', '/numbers.bin')
    expect(whole).toMatchObject({ status: 200, complete: true })
    expect(whole.headers.get('etag')).toBe('"n"')
    expect(whole.content.length).toBe(size)
    expect(whole.content.every((value, i) => value === byte(i))).toBe(true)
    const part = await send(server, 'GET', '/numbers.bin', ['Range: bytes=1000-1003'])
    expect([...part.content]).toEqual([1000, 1001, 1002, 1003].map(byte))
    const parts = await send(server, 'GET', '/numbers.bin', ['Range: bytes=0-0,100000-100001'])
    expect(parts.headers.get('content-type')).toMatch(/^multipart\/byteranges/)
    expect(parts.complete).toBe(true)
    expect(await send(server, 'HEAD', '/numbers.bin')).toMatchObject({ status: 200 })
    expect(await send(server, 'GET', '/numbers.bin', ['If-None-Match: "n"'])).toMatchObject({ status: 304 })
    await expect.poll(() => events.length).toBeGreaterThanOrEqual(5)
  })

  test('that fails midway cuts the reply', async () => {
    const broken: FileSource = {
      open: () => ({
        size,
        bytes: () => undefined,
        async *stream() {
          yield new Uint8Array(10)
          throw new Error('broken')
        },
      }),
    }
    const server = await start(staticFiles(broken), { onError: () => {} })
    expect((await send(server, 'GET', '/any')).complete).toBe(false)
  })

  test('that fails to open is a 500', async () => {
    const server = await start(staticFiles({ open: () => Promise.reject(new Error('disk')) }), { onError: () => {} })
    expect((await send(server, 'GET', '/any')).status).toBe(500)
  })
})
