import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Reply, type Server } from '@spillway/core'
import { type SendFileOptions, attachment, sendFiles, staticFiles } from '@spillway/middleware/static'
import { router } from '@spillway/middleware/router'
import { describe, expect, onTestFinished, test } from 'vitest'
import { send, start } from './server.ts'

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), 'spillway-send-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'open', '2025'), { recursive: true })
  writeFileSync(join(root, 'open', '2025', 'may.pdf'), 'x'.repeat(100))
  writeFileSync(join(root, 'open', 'page.html'), '<p>')
  writeFileSync(join(root, 'open', '.secret'), 'secret')
  writeFileSync(join(root, 'outside'), 'secret')
  symlinkSync(join(root, 'outside'), join(root, 'open', 'link'))
  symlinkSync('.secret', join(root, 'open', 'linked-secret'))
  mkdirSync(join(root, 'open', '.git'))
  writeFileSync(join(root, 'open', '.git', 'config'), 'secret')
  symlinkSync('.git/config', join(root, 'open', 'linked-config'))
  symlinkSync('.git', join(root, 'open', 'linked-git'))
  // As Kubernetes hangs in a ConfigMap.
  mkdirSync(join(root, 'open', '..2025_01'))
  writeFileSync(join(root, 'open', '..2025_01', 'site.txt'), 'mapped')
  symlinkSync('..2025_01', join(root, 'open', '..data'))
  symlinkSync('..data/site.txt', join(root, 'open', 'site.txt'))
  return join(root, 'open')
}

async function serving(path: string, options?: SendFileOptions): Promise<Server> {
  const sender = sendFiles(folder())
  return start(router().get('/report', (c) => sender(c, path, options)))
}

describe('one file from a handler', () => {
  test('with its type, tag, ranges and conditions', async () => {
    const server = await serving('2025/may.pdf')
    const { status, headers, content } = await send(server, 'GET', '/report')
    expect([status, content.length, headers.get('content-type')]).toEqual([200, 100, 'application/pdf'])
    expect(headers.get('cache-control')).toBe('no-cache')
    const tag = headers.get('etag')!
    expect((await send(server, 'GET', '/report', [`If-None-Match: ${tag}`])).status).toBe(304)
    const part = await send(server, 'GET', '/report', ['Range: bytes=10-19'])
    expect([part.status, part.content.length, part.headers.get('content-range')]).toEqual([206, 10, 'bytes 10-19/100'])
    expect((await send(server, 'HEAD', '/report')).headers.get('content-length')).toBe('100')
  })

  test('as an attachment, of another type and for caches', async () => {
    const server = await serving('page.html', { attachment: true, type: 'text/plain', cacheControl: 'private' })
    const { headers } = await send(server, 'GET', '/report')
    expect(headers.get('content-disposition')).toBe('attachment; filename="page.html"')
    expect([headers.get('content-type'), headers.get('cache-control')]).toEqual(['text/plain', 'private'])
  })

  test.each([
    'none',
    '.secret',
    '../outside',
    'link',
    'linked-secret',
    'linked-config',
    'linked-git/config',
    '..data/site.txt',
    '2025',
    '',
    '/etc/passwd',
    '2025/../page.html',
    '2025//may.pdf',
    '2025\\may.pdf',
  ])('%j is a 404', async (path) => {
    const { status, content } = await send(await serving(path), 'GET', '/report')
    expect([status, content.toString()]).toEqual([404, 'Not Found\n'])
  })

  test('a file that a cluster has hung in by links is sent', async () => {
    expect((await send(await serving('site.txt'), 'GET', '/report')).content.toString()).toBe('mapped')
  })

  test('a directory that there is not is said at once', () => {
    expect(() => sendFiles('/none/at/all')).toThrow(/ENOENT/)
  })

  test.each([undefined, null, 7, {}])('what has no files is said at once: %j', (root) => {
    expect(() => sendFiles(root as never)).toThrow(/has a method `open`/)
    expect(() => staticFiles(root as never)).toThrow(/has a method `open`/)
  })
})

const named = (name?: string): string | null => attachment(new Reply('x'), name).headers.get('content-disposition')

describe('attachment', () => {
  test.each<[string | undefined, string]>([
    [undefined, 'attachment'],
    ['a b.txt', 'attachment; filename="a b.txt"'],
    ['größe.csv', `attachment; filename="gr__e.csv"; filename*=UTF-8''gr%C3%B6%C3%9Fe.csv`],
    ['a"b\'c.txt', `attachment; filename="a_b'c.txt"; filename*=UTF-8''a%22b%27c.txt`],
    ['100%41.txt', `attachment; filename="100_41.txt"; filename*=UTF-8''100%2541.txt`],
    ['😀.txt', `attachment; filename="_.txt"; filename*=UTF-8''%F0%9F%98%80.txt`],
    ['../../etc/passwd', 'attachment; filename="passwd"'],
    ['C:\\dir\\a.txt', 'attachment; filename="a.txt"'],
    ['\ud800.txt', `attachment; filename="_.txt"; filename*=UTF-8''%EF%BF%BD.txt`],
  ])('%s', (name, expected) => {
    expect(named(name)).toBe(expected)
  })

  test.each(['a\r\nX: y', 'a\0', 'a\x7f'])('refuses %j', (name) => {
    expect(() => named(name)).toThrow(TypeError)
  })
})
