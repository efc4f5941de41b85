import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Handler } from '@spillway/core'
import { strToU8, zipSync } from 'fflate'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { start } from './server.ts'

const examples = new URL('examples/', import.meta.url)
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

/** The pages that the README leads to, by the name of their file. */
const pages = new Map(
  readdirSync(new URL('../docs/', import.meta.url)).map((name) => [
    name,
    readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8'),
  ]),
)

async function run(app: Handler, path: string, init?: RequestInit): Promise<Response> {
  return fetch((await start(app)).url + path, init)
}

test('shows the examples as they are tested here, and no others', () => {
  const blocks = [...[...pages.values(), readme].join('\n').matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code)
  const files = readdirSync(examples).map((name) => readFileSync(new URL(name, examples), 'utf8'))
  expect(new Set(blocks)).toEqual(new Set(files))
})

// what GitHub makes of a heading
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')

test('leads to every section of every page, in order', () => {
  const links = [...readme.matchAll(/\[([^\]]+)\]\(docs\/([\w-]+\.md)#([^)]+)\)/g)]
  expect(new Set(links.map(([, , page]) => page))).toEqual(new Set(pages.keys()))
  for (const [page, text] of pages) {
    const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title!)
    const here = links.filter(([, , name]) => name === page)
    expect(here.map(([, title]) => title)).toEqual(sections)
    expect(here.map(([, , , anchor]) => anchor)).toEqual(sections.map(anchorOf))
  }
})

test('is short enough for npm to show it whole', () => {
  expect(readme.length).toBeLessThan(64 * 1024)
  for (const text of pages.values()) expect(text.length).toBeLessThan(20_000)
})

describe('examples', () => {
  test('WebSocket in memory', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    onTestFinished(() => log.mockRestore())
    await import('./examples/websocket-client.ts')
    await vi.waitFor(() => expect(log).toHaveBeenCalledWith('hello'))
  })

  test('HTML and negotiation', async () => {
    const { app } = await import('./examples/html.ts')
    const page = await run(app, '/books?q=not', { headers: { accept: 'text/html' } })
    expect(await page.text()).toContain('<li title="&lt;b&gt;not bold&lt;/b&gt;">&lt;b&gt;not bold&lt;/b&gt;</li>')
    expect(await (await run(app, '/books', { headers: { accept: 'application/json' } })).json()).toHaveLength(2)
  })

  test('guards', async () => {
    const { app } = await import('./examples/guards.ts')
    const statuses = ['/admin/users', '/admin', '/admin/login', '/about'].map(
      async (path) => (await run(app, path)).status,
    )
    expect(await Promise.all(statuses)).toEqual([401, 401, 200, 200])
  })

  test('router', async () => {
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    onTestFinished(() => stdout.mockRestore())
    const { app } = await import('./examples/router.ts')
    expect(await (await run(app, '/books/1')).json()).toEqual({ id: '1', title: 'TCP/IP Illustrated' })
    expect(await run(app, '/books/2')).toMatchObject({ status: 404 })
    expect((await run(app, '/books', { method: 'DELETE' })).headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect(await (await run(app, '/native')).json()).toEqual({ fetch: 'style' })
    await vi.waitFor(() => expect(stdout.mock.calls.join('')).toMatch(/ GET \/books\/1 200 /))
  })

  test('middleware', async () => {
    const { app } = await import('./examples/middleware.ts')
    expect((await run(app, '/')).headers.get('server-timing')).toMatch(/^app;dur=/)
    expect(await run(app, '/account')).toMatchObject({ status: 401 })
    expect(await run(app, '/account/none')).toMatchObject({ status: 401 })
    const headers = { authorization: 'Bearer sesame' }
    expect(await (await run(app, '/account', { headers })).text()).toBe('Hello, Ali')
  })

  test('source', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-source-'))
    const before = process.cwd()
    onTestFinished(() => {
      process.chdir(before)
      rmSync(folder, { recursive: true })
    })
    writeFileSync(join(folder, 'docs.zip'), zipSync({ 'guide.md': strToU8('# Guide') }))
    process.chdir(folder)
    process.env['FILES_AT'] = (await start((c) => (c.path === '/a.css' ? c.text('a{}') : c.empty(404)))).url
    const { app } = await import('./examples/source.ts')
    expect(await (await run(app, '/docs/guide.md')).text()).toBe('# Guide')
    expect(await (await run(app, '/docs/')).text()).toContain('guide.md')
    expect((await run(app, '/a.css')).headers.get('content-type')).toBe('text/css; charset=utf-8')
    expect(await run(app, '/b.css')).toMatchObject({ status: 404 })
    expect(await run(app, '/https:localhost/a.css')).toMatchObject({ status: 404 })
  })

  test('static', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-readme-'))
    const before = process.cwd()
    onTestFinished(() => {
      process.chdir(before)
      rmSync(folder, { recursive: true })
    })
    process.chdir(folder)
    mkdirSync('public/assets', { recursive: true })
    writeFileSync('public/index.html', '<h1>home</h1>')
    writeFileSync('public/assets/app.js', 'run()')
    expect(existsSync('public/index.html')).toBe(true)
    const { app } = await import('./examples/static.ts')
    expect(await (await run(app, '/')).text()).toBe('<h1>home</h1>')
    expect((await run(app, '/assets/app.js')).headers.get('cache-control')).toContain('immutable')
    expect(await run(app, '/api/time')).toMatchObject({ status: 200 })
  })

  test('single files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-single-'))
    const before = process.cwd()
    onTestFinished(() => {
      process.chdir(before)
      rmSync(folder, { recursive: true })
    })
    process.chdir(folder)
    mkdirSync('public')
    writeFileSync('public/may.pdf', 'pdf')
    const { app } = await import('./examples/send-files.ts')
    const invoice = await run(app, '/invoices/may.pdf?key=mine')
    expect(await invoice.text()).toBe('pdf')
    expect(invoice.headers.get('content-disposition')).toBe('attachment; filename="Invoice may.pdf"')
    expect([
      (await run(app, '/invoices/may.pdf')).status,
      (await run(app, '/invoices/june.pdf?key=mine')).status,
    ]).toEqual([403, 404])
    expect((await run(app, '/export')).headers.get('content-disposition')).toContain(
      `filename*=UTF-8''Gr%C3%B6%C3%9Fen.csv`,
    )
  })

  test('logger', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    onTestFinished(() => stderr.mockRestore())
    const { app } = await import('./examples/logger.ts')
    await run(app, '/')
    await vi.waitFor(() => expect(stderr.mock.calls.join('')).toContain('"target":"/"'))
  })
})
