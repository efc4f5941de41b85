import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { router } from '@spillway/middleware/router'
import { type FileSource, type ListedFile, memoryFiles, staticFiles } from '@spillway/middleware/static'
import { execFileSync, findTool } from '@spillway/vitest-config/tools'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { send, start } from './server.ts'

const mkfifo = findTool('mkfifo')
const unix = process.platform !== 'win32'
const folder = mkdtempSync(join(tmpdir(), 'spillway-listing-'))
const root = join(folder, 'root')

beforeAll(() => {
  for (const name of ['Bilder', 'a b', '.git', 'with index', 'empty']) mkdirSync(join(root, name), { recursive: true })
  const files: Record<string, number> = { 'file10.txt': 10, 'file2.txt': 2000, 'b.txt': 1, 'C.txt': 0, '.env': 1 }
  for (const [name, size] of Object.entries(files)) writeFileSync(join(root, name), 'x'.repeat(size))
  writeFileSync(join(root, '<b>&".txt'), 'x')
  writeFileSync(join(root, 'with index/index.html'), 'index')
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  utimesSync(join(root, 'b.txt'), 1e9, 1e9)
  if (!unix) return
  symlinkSync('b.txt', join(root, 'link.txt'))
  symlinkSync('../secret.txt', join(root, 'outside.txt'))
  symlinkSync('gone', join(root, 'dangling'))
  if (!mkfifo.isMissing) execFileSync(mkfifo.path, [join(root, 'fifo')])
})
afterAll(() => rmSync(folder, { recursive: true }))

const json = ['Accept: application/json']
interface Listing {
  path: string
  entries: { name: string; type: string; size?: number; modified?: string }[]
}
const listingOf = (content: Buffer): Listing => JSON.parse(content.toString()) as Listing

describe('a directory without an index', () => {
  test('is a page for browsers, with every name as text and as a link that leads to the file', async () => {
    const server = await start(staticFiles(root, { listing: true }))
    const reply = await send(server, 'GET', '/', ['Accept: text/html,*/*;q=0.8'])
    expect(reply).toMatchObject({ status: 200, complete: true })
    expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(reply.headers.get('vary')).toBe('Accept')
    expect(reply.headers.get('content-security-policy')).toContain("default-src 'none'")
    const page = reply.content.toString()
    expect(page).toContain('&lt;b&gt;&amp;&quot;.txt')
    expect(page).not.toContain('<b>')
    for (const hidden of ['.env', '.git', 'outside.txt', 'dangling', 'fifo']) expect(page).not.toContain(hidden)
    const links = [...page.matchAll(/href="(\.\/[^"]*)"/g)].map(([, href]) => href!.replaceAll('&amp;', '&'))
    expect(links.length).toBeGreaterThan(8)
    for (const link of links) {
      const { pathname } = new URL(link, 'http://a/')
      expect((await send(server, 'GET', pathname)).status).toBe(200)
    }
  })

  test('is JSON for clients that prefer it, with sizes and dates; directories first, numbers in their order', async () => {
    const server = await start(staticFiles(root, { listing: true }))
    const reply = await send(server, 'GET', '/', json)
    expect(reply.headers.get('content-type')).toBe('application/json')
    const { path, entries } = listingOf(reply.content)
    expect(path).toBe('/')
    expect(entries.filter(({ type }) => type === 'directory').map(({ name }) => name)).toEqual([
      'a b',
      'Bilder',
      'empty',
      'with index',
    ])
    const names = entries.map(({ name }) => name).slice(4)
    expect(names.filter((name) => /^[a-z\d.]*$/i.test(name))).toEqual(
      ['b.txt', 'C.txt', 'file2.txt', 'file10.txt', unix ? 'link.txt' : ''].filter(Boolean),
    )
    expect(entries.find(({ name }) => name === 'b.txt')).toEqual({
      name: 'b.txt',
      type: 'file',
      size: 1,
      modified: '2001-09-09T01:46:40.000Z',
    })
  })

  test.each([
    ['size', ['C.txt', 'b.txt', 'file10.txt', 'file2.txt']],
    ['-size', ['file2.txt', 'file10.txt', 'b.txt', 'C.txt']],
    ['-name', ['file10.txt', 'file2.txt', 'C.txt', 'b.txt']],
    ['nonsense', ['b.txt', 'C.txt', 'file2.txt', 'file10.txt']],
  ])('is sorted by %s', async (sort, expected) => {
    const server = await start(staticFiles(root, { listing: true }))
    const { entries } = listingOf((await send(server, 'GET', `/?sort=${sort}`, json)).content)
    expect(entries.map(({ name }) => name).filter((name) => expected.includes(name))).toEqual(expected)
    expect(entries[0]!.type).toBe('directory')
  })

  test('has a tag of its own', async () => {
    const server = await start(staticFiles(root, { listing: true }))
    const etag = (await send(server, 'GET', '/')).headers.get('etag')!
    expect(await send(server, 'GET', '/', [`If-None-Match: ${etag}`])).toMatchObject({ status: 304 })
    expect(await send(server, 'GET', '/', [`If-None-Match: ${etag}`, ...json])).toMatchObject({ status: 200 })
    const head = await send(server, 'HEAD', '/')
    expect([head.status, head.headers.get('etag'), head.content.length]).toEqual([200, etag, 0])
  })

  test('is redirected to its slash; one with an index, one that is empty, and none', async () => {
    const server = await start(staticFiles(root, { listing: true }))
    const redirect = await send(server, 'GET', '/a%20b')
    expect([redirect.status, redirect.headers.get('location')]).toEqual([301, './a%20b/'])
    expect((await send(server, 'GET', '/with%20index/')).content.toString()).toBe('index')
    expect((await send(server, 'GET', '/empty/')).content.toString()).toContain('empty')
    for (const path of ['/none/', '/.git/', '/b.txt/', '/outside.txt/'])
      expect(await send(server, 'GET', path)).toMatchObject({ status: 404 })
  })

  test('is missing unless listings were asked for', async () => {
    const server = await start(staticFiles(root))
    for (const path of ['/', '/a%20b/', '/a%20b'])
      expect(await send(server, 'GET', path)).toMatchObject({ status: 404 })
  })

  test('below a prefix tells its own path', async () => {
    const server = await start(router().get('/files/:path*', staticFiles(root, { listing: true })))
    expect(listingOf((await send(server, 'GET', '/files/a%20b/', json)).content)).toEqual({ path: '/a b', entries: [] })
  })
})

test('whatever a name is, the page has it as text only', async () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !text.includes('/'))
  await fc.assert(
    fc.asyncProperty(name, async (text) => {
      const server = await start(staticFiles(memoryFiles(new Map([[`d/${text}`, '']])), { listing: true }))
      const page = (await send(server, 'GET', '/d/')).content.toString()
      const [body = ''] = /<tbody>[\s\S]*<\/tbody>/.exec(page) ?? []
      const tags = body.match(/<[^>]*>/g) ?? []
      for (const tag of tags) expect(tag).toMatch(/^<\/?(?:tbody|tr|td|a|svg|use|span)\b[^<>]*>$/)
    }),
    { numRuns: 50 },
  )
})

test('sizes have three digits at the most, in decimal units', async () => {
  const sizes = { 999: '999 B', 1000: '1.0 kB', 9949: '9.9 kB', 9950: '10 kB', 999_499: '999 kB', 999_500: '1.0 MB' }
  const files: ListedFile[] = Object.keys(sizes).map((size) => ({ name: size, type: 'file', size: Number(size) }))
  const source: FileSource = { open: (path) => (path === '' ? 'directory' : undefined), list: () => files }
  const server = await start(staticFiles(source, { listing: true }))
  const page = (await send(server, 'GET', '/')).content.toString()
  const shown = [...page.matchAll(/<a href="[^"]*?(\d+)">.*?>([\d.]+ [kM]?B)</gs)].map(([, name, size]) => [name, size])
  expect(Object.fromEntries(shown)).toEqual(sizes)
})
