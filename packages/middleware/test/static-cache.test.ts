import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Context, Reply } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { router } from '@spillway/middleware/router'
import { type FileSource, memoryFiles, staticFiles } from '@spillway/middleware/static'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { FileCache } from '../src/lib/static/file-cache.ts'
import { send, start } from './server.ts'

const folder = mkdtempSync(join(tmpdir(), 'spillway-cache-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string) => join(folder, name)

function withoutParameters(c: Context<any>): Context {
  c.params = {}
  return c
}

/** A clock that only the test moves. */
function stoppedClock(): (ms: number) => void {
  let now = 1000
  vi.spyOn(FileCache, 'now').mockImplementation(() => now)
  return (ms) => (now += ms)
}

describe('a file in memory', () => {
  test('is sent in the same turn, and is the same buffer every time', async () => {
    writeFileSync(file('a.txt'), 'content')
    const handler = staticFiles(folder)
    const replies: (Reply | Promise<Reply>)[] = []
    const client = testServer((c) => {
      const reply = handler(c)
      replies.push(reply)
      return reply
    }).connect()
    const request = 'GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n'
    client.send(request)
    await replies[0]
    client.send(request)
    client.send(request)
    const [first, second, third] = [await replies[0]!, replies[1], replies[2]]
    expect(second).toBeInstanceOf(Reply)
    expect((second as Reply).body).toBe(first.body)
    // What middleware does to one reply does not show in the next.
    ;(second as Reply).headers.set('X-Seen', '1').delete('ETag')
    expect((third as Reply).headers.has('X-Seen')).toBe(false)
    expect((third as Reply).headers.has('ETag')).toBe(true)
  })

  test.each([0, 50, 1000])('is never older than %i ms', async (recheckAfter) => {
    const pass = stoppedClock()
    const server = await start(staticFiles(folder, { recheckAfter }))
    const get = async () => (await send(server, 'GET', '/b.txt')).content.toString()
    for (let version = 0; version < 20; version++) {
      // The same length, so that only times and inode tell.
      writeFileSync(file('b.new'), `version ${100 + version}`)
      renameSync(file('b.new'), file('b.txt'))
      pass(recheckAfter)
      expect(await get()).toBe(`version ${100 + version}`)
      if (version % 2 === 1) continue
      writeFileSync(file('b.txt'), `written ${100 + version}`)
      pass(recheckAfter)
      expect(await get()).toBe(`written ${100 + version}`)
    }
  })

  test('is used until then', async () => {
    const pass = stoppedClock()
    writeFileSync(file('c.txt'), 'one')
    const server = await start(staticFiles(folder))
    const get = async () => (await send(server, 'GET', '/c.txt')).content.toString()
    expect(await get()).toBe('one')
    writeFileSync(file('c.txt'), 'two')
    pass(999)
    expect(await get()).toBe('one')
    pass(1)
    expect(await get()).toBe('two')
  })

  test('is gone when it was removed, or leads outside', async () => {
    const pass = stoppedClock()
    const outside = mkdtempSync(join(tmpdir(), 'spillway-outside-'))
    writeFileSync(file('d.txt'), 'inside')
    const server = await start(staticFiles(folder))
    expect(await send(server, 'GET', '/d.txt')).toMatchObject({ status: 200 })
    // The very same file, moved out of the root.
    renameSync(file('d.txt'), join(outside, 'd.txt'))
    symlinkSync(join(outside, 'd.txt'), file('d.txt'))
    pass(1000)
    expect(await send(server, 'GET', '/d.txt')).toMatchObject({ status: 404 })
    rmSync(outside, { recursive: true })
    rmSync(file('d.txt'))
  })

  test('is that of the release to which the name of the root leads', async () => {
    const pass = stoppedClock()
    const place = mkdtempSync(join(tmpdir(), 'spillway-releases-'))
    onTestFinished(() => rmSync(place, { recursive: true }))
    for (const name of ['one', 'two']) {
      mkdirSync(join(place, name))
      writeFileSync(join(place, name, 'index.html'), name)
      writeFileSync(join(place, name, `${name}.txt`), name)
    }
    const current = join(place, 'current')
    const lead = (to: string): void => {
      rmSync(current, { force: true })
      symlinkSync(to, current)
      pass(1000)
    }
    lead('one')
    const server = await start(staticFiles(current, { listing: true }))
    const get = async (path: string) => (await send(server, 'GET', path)).content.toString()
    expect([await get('/'), await get('/one.txt')]).toEqual(['one', 'one'])
    lead('two')
    expect([await get('/'), await get('/two.txt')]).toEqual(['two', 'two'])
    expect(await send(server, 'GET', '/one.txt')).toMatchObject({ status: 404 })
    rmSync(current)
    pass(1000)
    expect(await send(server, 'GET', '/two.txt')).toMatchObject({ status: 404 })
    lead('one')
    rmSync(join(place, 'two'), { recursive: true })
    expect([await get('/'), await get('/one.txt')]).toEqual(['one', 'one'])
    rmSync(join(place, 'one', 'index.html'))
    pass(1000)
    expect(await get('/')).toContain('one.txt')
  })

  test('is looked at, not read, when its last change is long ago', async () => {
    const pass = stoppedClock()
    writeFileSync(file('e.txt'), 'old')
    utimesSync(file('e.txt'), 1e9, 1e9)
    const server = await start(staticFiles(folder))
    const first = await send(server, 'GET', '/e.txt')
    pass(5000)
    const second = await send(server, 'GET', '/e.txt')
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'))
  })
})

test('many requests for one file read it once', async () => {
  writeFileSync(file('f.txt'), 'x')
  const handler = staticFiles(folder)
  const replies: Promise<Reply>[] = []
  const server = testServer((c) => {
    const reply = Promise.resolve(handler(c))
    replies.push(reply)
    return reply
  })
  for (let i = 0; i < 20; i++) server.connect().send('GET /f.txt HTTP/1.1\r\nHost: x\r\n\r\n')
  const bodies = (await Promise.all(replies)).map(({ body }) => body)
  expect(bodies).toHaveLength(20)
  expect(new Set(bodies).size).toBe(1)
})

const version = (i: number) => Buffer.alloc(1000 + i * 37, `${i},`)

test('files that are replaced under load never mix', async () => {
  const server = await start(staticFiles(folder, { recheckAfter: 1 }))
  const tags = new Map<string, string>()
  const load = { running: true }
  const write = async () => {
    for (let i = 0; i < 100; i++) {
      writeFileSync(file('g.new'), version(i))
      renameSync(file('g.new'), file('g.txt'))
      await new Promise((resolve) => setImmediate(resolve))
    }
    load.running = false
  }
  const read = async () => {
    while (load.running) {
      const { status, content, complete, headers } = await send(server, 'GET', '/g.txt')
      expect({ status, complete }).toEqual({ status: 200, complete: true })
      expect(content.equals(version((content.length - 1000) / 37))).toBe(true)
      const etag = headers.get('etag')!
      expect(tags.get(etag) ?? content.toString()).toBe(content.toString())
      tags.set(etag, content.toString())
    }
  }
  writeFileSync(file('g.txt'), version(0))
  await Promise.all([write(), read(), read(), read()])
  expect((await send(server, 'GET', '/g.txt')).status).toBe(200)
})

test('one handler in two places does not mix them up', async () => {
  mkdirSync(file('sub'))
  writeFileSync(file('index.html'), 'root')
  writeFileSync(file('sub/index.html'), 'sub')
  const handler = staticFiles(folder)
  const app = router().get('/sub/:path*', (c) => (c.search === '?all' ? handler(withoutParameters(c)) : handler(c)))
  const server = await start(app)
  for (let i = 0; i < 2; i++) {
    expect((await send(server, 'GET', '/sub/')).content.toString()).toBe('root')
    expect((await send(server, 'GET', '/sub/?all')).content.toString()).toBe('sub')
  }
})

const entry = (cost: number) => ({ cost, checked: 0 })

describe('the cache', () => {
  test('keeps to its bytes, whatever comes', () => {
    const cache = new FileCache<{ cost: number; checked: number }>(1000, 1000)
    for (let i = 0; i < 500; i++) {
      cache.set(`file ${i % 70}`, entry(1 + ((i * 7919) % 400)))
      if (i % 3 === 0) cache.delete(`file ${(i * 31) % 70}`)
      expect(cache.bytes).toBeLessThanOrEqual(1000)
    }
    cache.set('huge', entry(1001))
    expect(cache.stale('huge')).toBeUndefined()
  })

  test('gives up what was not used for longest', () => {
    const cache = new FileCache<{ cost: number; checked: number }>(300, 1000)
    for (const key of ['a', 'b', 'c']) cache.set(key, entry(100))
    cache.stale('a')
    cache.set('d', entry(100))
    expect(['a', 'b', 'c', 'd'].map((key) => cache.stale(key) !== undefined)).toEqual([true, false, true, true])
  })
})

/** A source that notes what it is asked for. */
function watched(files: Record<string, string>): { source: FileSource; asked: string[] } {
  const asked: string[] = []
  const inner = memoryFiles(files)
  return {
    asked,
    source: {
      open(path) {
        asked.push(path)
        return inner.open(path)
      },
    },
  }
}

describe('a name without a file', () => {
  test('is looked for once a second at most, whatever stands in for it', async () => {
    const pass = stoppedClock()
    const { source, asked } = watched({ 'about.html': 'about', 'app.html': 'app', '404.html': 'no' })
    const server = await start(staticFiles(source, { cleanUrls: true, fallback: 'app.html', notFound: '404.html' }))
    const all = async (): Promise<string[]> => {
      const seen: string[] = []
      for (const path of ['/about', '/elsewhere', '/none.js', '/docs/'])
        seen.push((await send(server, 'GET', path, ['Accept: text/html'])).content.toString())
      return seen
    }
    const expected = ['about', 'app', 'no', 'app']
    expect(await all()).toEqual(expected)
    const names = asked.splice(0)
    expect(names).toEqual(expect.arrayContaining(['about', 'about.html', 'elsewhere', 'none.js', 'docs/index.html']))
    expect(new Set(names).size).toBe(names.length)
    pass(999)
    expect(await all()).toEqual(expected)
    expect(asked.splice(0)).toEqual([])
    pass(1)
    expect(await all()).toEqual(expected)
    expect(asked).toEqual(expect.arrayContaining(['about', 'elsewhere', 'none.js', 'docs/index.html']))
  })

  test('gets one, and is a directory, within a second', async () => {
    const pass = stoppedClock()
    const server = await start(staticFiles(folder, { cleanUrls: true }))
    const get = async (): Promise<string> => {
      const { status, content } = await send(server, 'GET', '/new')
      return `${status} ${content.toString()}`.trim()
    }
    expect(await get()).toBe('404 Not Found')
    writeFileSync(file('new.html'), 'page')
    expect(await get()).toBe('404 Not Found')
    pass(1000)
    expect(await get()).toBe('200 page')
    writeFileSync(file('new'), 'file')
    pass(1000)
    expect(await get()).toBe('200 file')
    rmSync(file('new'))
    mkdirSync(file('new'))
    writeFileSync(join(file('new'), 'index.html'), 'index')
    pass(1000)
    expect(await get()).toBe('301')
  })
})
