import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type Context, type Handler, Reply } from '@spillway/core'
import { compose, wrap } from '@spillway/middleware'
import { cache } from '@spillway/middleware/cache'
import { client, clientOf } from '@spillway/middleware/client'
import { compression } from '@spillway/middleware/compression'
import { proxy, upstreams } from '@spillway/middleware/proxy'
import { router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'
import { expect, onTestFinished, test, vi } from 'vitest'
import { dateAt, reply, stopTime } from './caching.ts'
import { directoryOf } from './scripts.ts'
import { start } from './server.ts'
import { ask } from './wire.ts'

vi.setConfig({ testTimeout: 60_000 })

const root = directoryOf({ 'large.bin': 'x'.repeat(3 * 1024 * 1024), 'small.txt': 'small' })
const fill = { entryBytes: 8 * 1024 * 1024 }

test('files, validated and refreshed in the background while they are streamed', async () => {
  const setTime = stopTime()
  const files = staticFiles(root, { cacheControl: 'max-age=10, stale-while-revalidate=1000' })
  const server = await start(wrap([cache(fill)], (c) => files(c)))
  const get = async () => {
    const { headers, content, complete } = await ask(server, 'GET /large.bin')
    return { said: headers.get('cache-status')!, content, complete }
  }
  expect(await get()).toMatchObject({ complete: true })
  expect((await get()).said).toContain('hit')
  writeFileSync(join(root, 'large.bin'), 'y'.repeat(3 * 1024 * 1024))
  setTime(11)
  expect(String((await get()).content.subarray(0, 1))).toBe('x')
  await vi.waitFor(async () => {
    const { content, complete } = await get()
    expect([content.length, content.every((byte) => byte === 0x79), complete]).toEqual([3 * 1024 * 1024, true, true])
  }, 30_000)
})

test('compression inside: one form for each coding', async () => {
  let asked = 0
  const handler = wrap([cache(), compression()], (c) => {
    asked++
    const made = c.text('text '.repeat(1000))
    made.headers.set('Cache-Control', 'max-age=100')
    return made
  })
  const server = await start(handler)
  for (let i = 0; i < 3; i++) {
    const coded = await ask(server, 'GET /', { fields: ['Accept-Encoding: gzip'] })
    expect(String(gunzipSync(coded.content))).toHaveLength(5000)
    expect(String((await ask(server, 'GET /')).content)).toHaveLength(5000)
  }
  expect(asked).toBe(2)
})

test('a router with a mount: the background request finds its path and parameters', async () => {
  const setTime = stopTime()
  let asked = 0
  const inner = router().get('/:name', (c) => {
    asked++
    return reply(`${c.params.name} ${c.base} ${c.path}`, 'Cache-Control: max-age=10, stale-while-revalidate=1000')
  })
  const app: Handler = router().use(cache()).mount('/items', inner)
  const server = await start(app)
  await ask(server, 'GET /items/a')
  setTime(11)
  expect(String((await ask(server, 'GET /items/a')).content)).toBe('a /items /a')
  await vi.waitFor(() => expect(asked).toBe(2))
  expect(String((await ask(server, 'GET /items/a')).content)).toBe('a /items /a')
})

test('a proxy: its server is asked once, and answers conditions', async () => {
  const setTime = stopTime()
  const seen: (string | null)[] = []
  const origin = await start((c) => {
    const condition = c.headers.get('if-none-match')
    seen.push(condition)
    const made = reply(
      condition === '"a"' ? null : 'content',
      'ETag: "a"',
      'Cache-Control: max-age=10',
      `Date: ${dateAt(0)}`,
    )
    made.status = condition === '"a"' ? 304 : 200
    return made
  })
  const group = upstreams([origin.url])
  onTestFinished(() => group.close())
  const server = await start(wrap([cache()], proxy(group)))
  const get = async () => {
    const { content, status, complete } = await ask(server, 'GET /')
    return [String(content), status, complete]
  }
  expect(await get()).toEqual(['content', 200, true])
  expect(await get()).toEqual(['content', 200, true])
  setTime(11)
  expect(await get()).toEqual(['content', 200, true])
  expect(seen).toEqual([null, '"a"'])
})

test('hosts that trusted proxies tell are told apart', async () => {
  const layers = [
    client({ trusted: ['127.0.0.1'], fields: ['x-forwarded-host', 'x-forwarded-proto'] }),
    cache(),
  ] as const
  const server = await start(
    wrap(layers, (c) => {
      const { protocol, host } = clientOf(c)
      return reply(`${protocol}://${host}`, 'Cache-Control: max-age=100')
    }),
  )
  const get = async (host: string, protocol = 'http') => {
    const fields = [`X-Forwarded-Host: ${host}`, `X-Forwarded-Proto: ${protocol}`]
    return String((await ask(server, 'GET /', { fields })).content)
  }
  expect(await get('a.example')).toBe('http://a.example')
  expect(await get('b.example')).toBe('http://b.example')
  expect(await get('a.example', 'https')).toBe('https://a.example')
  expect(await get('A.example')).toBe('http://a.example')
})

test('GET with content over HTTP/2, which need not tell its length, is passed on', async () => {
  const view = (content: string): Handler =>
    wrap([(c, next) => next(viewAs(c, content)), shared], () => reply(content, 'Cache-Control: max-age=100'))
  const shared = cache()
  const [first, second] = [await start(view('a')), await start(view('b'))]
  for (const [server, content] of [
    [first, 'a'],
    [second, 'b'],
  ] as const)
    expect(String((await ask(server, 'GET http://same/')).content)).toBe(content)
})

/** A request over HTTP/2 with content of an unknown length. */
function viewAs(c: Context<any, any>, content: string): Context<any, any> {
  const own = new Map<string | symbol, unknown>([
    ['httpVersion', '2.0'],
    ['body', { length: content.length }],
  ])
  return new Proxy(c, { get: (_, key) => own.get(key) ?? (Reflect.get(c, key) as unknown) })
}

test('layers behind one that hands on another view see that one', async () => {
  const server = await start(
    wrap(
      [
        (c, next) =>
          next(new Proxy(c, { get: (_, key) => (key === 'path' ? '/other' : (Reflect.get(c, key) as unknown)) })),
        compose(
          (c, next) => next(),
          (c, next) => (c.path === '/other' ? next() : new Reply('lost')),
        ),
      ],
      (c) => new Reply(c.path),
    ),
  )
  expect(String((await ask(server, 'GET /')).content)).toBe('/other')
})

test('every name in the table of sections is that of a test', () => {
  const here = new URL('.', import.meta.url)
  const tests = ['cache.test.ts', 'cache-validation.test.ts']
    .map((name) => readFileSync(new URL(name, here), 'utf8'))
    .join('')
  const rows = readFileSync(new URL('CACHE.md', here), 'utf8')
    .split('\n')
    .filter((line) => /^\| \d/.test(line))
  const names = rows
    .map((row) =>
      row
        .split(' | ')[2]!
        .replace(/\|?\s*$/, '')
        .replaceAll('\\', ''),
    )
    .filter((cell) => !cell.startsWith('no'))
    .flatMap((cell) => cell.split(/; /))
    .map((name) =>
      name
        .replace(/^[CV]: /, '')
        .replace(/ ….*$/, '')
        .trim(),
    )
  expect(names.length).toBeGreaterThan(40)
  expect(names.filter((name) => !tests.toLowerCase().includes(name.toLowerCase()))).toEqual([])
})
