import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Handler, Server } from '@spillway/core'
import { router } from '@spillway/middleware/router'
import { memoryFiles, staticFiles } from '@spillway/middleware/static'
import { execFileSync, findTool } from '@spillway/vitest-config/tools'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { send, start } from './server.ts'

const mkfifo = findTool('mkfifo')
const unix = process.platform !== 'win32'
const secret = 'top secret'

/** What a hostile path is made of. */
const hostile = `
  .. ../ ..%2f ..%5c %2e%2e/ %2e%2e%2f ..\\ ..;/ ....// ..%c0%af ..%252f %252e%252e/ %E2%80%A5 %uff0e %00 . %2e / // /./
  secret.txt public-not public docs up etc passwd files/ .env .git/config outside.txt C: %5c%5c ::$DATA ~ /proc/self/environ
`
/** Content from outside of the root: our secrets, and a line of the password file. */
const outsiders = /top secret|root:x:0/
let folder: string
let root: string

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-static-')))
  root = join(folder, 'public')
  const files: Record<string, string> = {
    'index.html': '<h1>home</h1>',
    'a.txt': 'plain',
    'empty.css': '',
    'caf\u00e9 1.txt': 'coffee',
    '100%.txt': 'percent',
    'a%2Fb.txt': 'not a slash',
    'docs/index.html': '<h1>docs</h1>',
    'docs/guide.md': '# guide',
    'docs/a:b/index.html': 'colon',
    'bare/x.txt': 'x',
    '.env': secret,
    '.git/config': secret,
    'docs/.hidden': secret,
    '.well-known/security.txt': 'contact',
    '.well-known/.secret': secret,
    '../secret.txt': secret,
    '../public-not/index.html': secret,
  }
  for (const [name, content] of Object.entries(files)) write(name, content)
  write('big.bin', bigContent)
  if (!unix) return
  symlinkSync('a.txt', join(root, 'inside.txt'))
  symlinkSync('.git', join(root, 'dotted'))
  symlinkSync('../secret.txt', join(root, 'outside.txt'))
  symlinkSync('..', join(root, 'up'))
  symlinkSync('/etc', join(root, 'etc'))
  symlinkSync('../public-not', join(root, 'sibling'))
  symlinkSync('loop', join(root, 'loop'))
  symlinkSync('/dev/zero', join(root, 'zero'))
  if (!mkfifo.isMissing) execFileSync(mkfifo.path, [join(root, 'fifo')])
})
afterAll(() => rmSync(folder, { recursive: true }))

const bigContent = Buffer.alloc(2_500_000, '0123456789abcdef\n')

function write(name: string, content: string | Buffer): void {
  mkdirSync(join(root, name, '..'), { recursive: true })
  writeFileSync(join(root, name), content)
}

/** Three ways to put files into an application; `prefix` is where they are. */
const mounts: readonly (readonly [name: string, prefix: string, app: () => Handler])[] = [
  ['a handler', '', () => staticFiles(root)],
  ['middleware', '', () => router().use(staticFiles(root))],
  ['below a catch-all', '/files', () => router().get('/files/:path*', staticFiles(root))],
]

const fields = (headers: ReadonlyMap<string, string>) => [...headers].filter(([name]) => name !== 'date')
const descriptors = () => readdirSync('/proc/self/fd').length

describe.each(mounts)('as %s', (_, prefix, app) => {
  let server: Server
  beforeAll(async () => {
    server = await (await import('@spillway/core')).serve(app(), { port: 0 })
    return () => server.close({ deadline: 0 }).then(() => {})
  })

  test.each([
    ['/', 'text/html; charset=utf-8', '<h1>home</h1>'],
    ['/index.html', 'text/html; charset=utf-8', '<h1>home</h1>'],
    ['/a.txt', 'text/plain; charset=utf-8', 'plain'],
    ['/%61.txt?q=../x', 'text/plain; charset=utf-8', 'plain'],
    ['/docs/../a.txt', 'text/plain; charset=utf-8', 'plain'],
    ['/empty.css', 'text/css; charset=utf-8', ''],
    ['/caf%C3%A9%201.txt', 'text/plain; charset=utf-8', 'coffee'],
    ['/100%25.txt', 'text/plain; charset=utf-8', 'percent'],
    ['/a%252Fb.txt', 'text/plain; charset=utf-8', 'not a slash'],
    ['/docs/', 'text/html; charset=utf-8', '<h1>docs</h1>'],
    ['/docs/guide.md', 'text/markdown; charset=utf-8', '# guide'],
    ...(unix ? [['/inside.txt', 'text/plain; charset=utf-8', 'plain']] : []),
  ])('%s is served as %s', async (path, type, content) => {
    const get = await send(server, 'GET', prefix + path)
    expect(get).toMatchObject({ status: 200, complete: true })
    expect(get.content.toString()).toBe(content)
    expect(get.headers.get('content-type')).toBe(type)
    expect(get.headers.get('cache-control')).toBe('no-cache')
    expect(get.headers.get('x-content-type-options')).toBe('nosniff')
    const head = await send(server, 'HEAD', prefix + path)
    expect(head.content).toHaveLength(0)
    expect(fields(head.headers)).toEqual(fields(get.headers))
  })

  test.each([
    ['/docs', './docs/'],
    ['/docs?a=1', './docs/?a=1'],
    ['/docs/a:b', './a:b/'],
    ['/x/../docs', './docs/'],
  ])('%s leads to %s', async (path, location) => {
    const reply = await send(server, 'GET', prefix + path)
    expect(reply).toMatchObject({ status: 301 })
    expect(reply.headers.get('location')).toBe(location)
    expect(new URL(location, `http://test${prefix}${path}`).host).toBe('test')
  })

  test.each([
    '/none.txt',
    // A link to what begins with a dot.
    '/dotted/config',
    '/a.txt/',
    '/a.txt/x',
    '/bare',
    '/bare/',
    '/.env',
    '/.git/config',
    '/docs/.hidden',
    '/.well-known/.secret',
    '/docs/.well-known/x',
    '//a.txt',
    '/docs//guide.md',
    '/docs%2Fguide.md',
    '/docs%5Cguide.md',
    '/..%2Fsecret.txt',
    '/%2e%2e/secret.txt',
    '/../public-not/',
    `/${'a'.repeat(300)}`,
    `/${'a/'.repeat(3000)}`,
    ...(unix
      ? [
          '/outside.txt',
          '/up/secret.txt',
          '/up/public-not/',
          '/etc/passwd',
          '/etc',
          '/sibling/',
          '/loop',
          '/zero',
          '/fifo',
        ]
      : []),
  ])('%s is not there', async (path) => {
    const { status, content } = await send(server, 'GET', prefix + path)
    expect(content.toString()).not.toContain(secret)
    expect(status).toBe(404)
  })

  test.each(['/a.txt%00', '/%', '/%ff.txt', '/docs\\guide.md'])('%s is malformed', async (path) => {
    expect(await send(server, 'GET', prefix + path)).toMatchObject({ status: 400 })
  })

  test('/.well-known is served', async () => {
    expect(await send(server, 'GET', `${prefix}/.well-known/security.txt`)).toMatchObject({ status: 200 })
  })

  test('a large file arrives whole, in blocks', async () => {
    const { content, complete } = await send(server, 'GET', `${prefix}/big.bin`)
    expect(complete && content.equals(bigContent)).toBe(true)
  })
})

describe('what is asked of it', () => {
  test('an SVG runs no scripts, whatever its name', async () => {
    const served = await start(staticFiles(memoryFiles({ 'a.svg': '<svg/>', 'b.SVG': '<svg/>', 'c.png': 'x' })))
    const policies = await Promise.all(
      ['a.svg', 'b.SVG', 'c.png'].map(async (name) => (await fetch(`${served.url}/${name}`)).headers),
    )
    expect(policies.map((headers) => headers.get('content-security-policy'))).toEqual([
      "script-src 'none'",
      "script-src 'none'",
      null,
    ])
  })

  test('hostile paths never leave the root', async () => {
    const server = await start(router().get('/files/**:path', staticFiles(root)).use(staticFiles(root)))
    const piece = fc.constantFrom(...hostile.trim().split(/\s+/))
    const pieces = fc.sample(fc.array(piece, { minLength: 1, maxLength: 7 }), { numRuns: 300, seed: 42 })
    for (const path of pieces.map((list) => `/${list.join('')}`)) {
      const { status, content, headers } = await send(server, 'GET', path)
      expect([200, 301, 400, 404]).toContain(status)
      expect(`${path}: ${content.toString()}`).not.toMatch(outsiders)
      const base = `http://test${path.replace(/^\/+/, '/')}`
      expect(new URL(headers.get('location') ?? '', base).host).toBe('test')
    }
  })

  test('conditional requests', async () => {
    const server = await start(staticFiles(pathToFileURL(root), { recheckAfter: 0 }))
    const first = await send(server, 'GET', '/a.txt')
    const etag = first.headers.get('etag')!
    const modified = first.headers.get('last-modified')!
    expect(etag).toMatch(/^"[\w-]{27}"$/)
    const ask = (...lines: string[]) => send(server, 'GET', '/a.txt', lines)
    const same = await ask(`If-None-Match: "x", ${etag}`)
    expect(same).toMatchObject({ status: 304 })
    expect(same.content).toHaveLength(0)
    expect(same.headers.get('etag')).toBe(etag)
    expect(same.headers.get('last-modified')).toBe(modified)
    expect(same.headers.get('cache-control')).toBe('no-cache')
    expect(same.headers.has('content-type')).toBe(false)
    expect(await ask(`If-Modified-Since: ${modified}`)).toMatchObject({ status: 304 })
    expect(await ask(`If-None-Match: "x"`, `If-Modified-Since: ${modified}`)).toMatchObject({ status: 200 })
    expect(await ask(`If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT`)).toMatchObject({ status: 200 })
    expect(await send(server, 'HEAD', '/a.txt', [`If-None-Match: ${etag}`])).toMatchObject({ status: 304 })
    utimesSync(join(root, 'a.txt'), 1e9, 1e9)
    // Only the time is another one: clients that have these bytes need not get them again.
    expect(await ask(`If-None-Match: ${etag}`)).toMatchObject({ status: 304 })
    const changed = await ask(`If-None-Match: "x"`)
    expect(changed).toMatchObject({ status: 200 })
    expect(changed.headers.get('last-modified')).toBe('Sun, 09 Sep 2001 01:46:40 GMT')
    utimesSync(join(root, 'a.txt'), 4e9, 4e9)
    expect(Date.parse((await ask()).headers.get('last-modified')!)).toBeLessThanOrEqual(Date.now())
  })

  test('fetch sees what a browser would', async () => {
    const server = await start(staticFiles(root))
    const home = await fetch(`${server.url}/docs`)
    expect(home.url).toBe(`${server.url}/docs/`)
    expect(await home.text()).toBe('<h1>docs</h1>')
  })

  test.each([
    ['POST', 405],
    ['DELETE', 405],
  ])('%s is %i', async (method, status) => {
    const reply = await send(await start(staticFiles(root)), method, '/a.txt')
    expect(reply).toMatchObject({ status })
    expect(reply.headers.get('allow')).toBe('GET, HEAD')
  })

  test('middleware passes on what it has no file for', async () => {
    const app = router()
      .use(staticFiles(root, { cacheControl: 'public, max-age=60' }))
      .get('/bare', (c) => c.text('route'))
      .post('/a.txt', (c) => c.text('posted'))
    const server = await start(app)
    expect((await send(server, 'GET', '/bare')).content.toString()).toBe('route')
    expect((await send(server, 'POST', '/a.txt')).content.toString()).toBe('posted')
    expect((await send(server, 'GET', '/a.txt')).headers.get('cache-control')).toBe('public, max-age=60')
  })

  test.each([
    ['no such directory', () => join(folder, 'none'), /^There is no directory .+none \(ENOENT\)$/],
    ['none here', () => 'none/at/all', `: "none/at/all" is looked for in ${process.cwd()} (ENOENT)`],
    ['a file', () => join(root, 'index.html'), 'Not a directory'],
  ])('refuses a root that is %s', (_, path, message) => {
    expect(() => staticFiles(path())).toThrow(message)
  })

  test.runIf(unix)('does not leak descriptors, whatever is asked', async () => {
    const server = await start(staticFiles(root))
    await send(server, 'GET', '/big.bin')
    const before = descriptors()
    for (const path of ['/big.bin', '/a.txt', '/docs', '/fifo', '/zero', '/outside.txt', '/bare/'])
      for (const method of ['GET', 'HEAD']) await send(server, method, path)
    const reply = await fetch(`${server.url}/big.bin`)
    await reply.body!.cancel()
    await expect.poll(descriptors).toBeLessThanOrEqual(before + 2)
  })
})
