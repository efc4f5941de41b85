import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { serve } from '@spillway/core'
import { expect, it, onTestFinished, vi } from 'vitest'
import { application } from '../src/application.ts'
import { readArguments } from '../src/arguments.ts'
import { settingsOf } from '../src/options.ts'
import { folderWith } from './program.ts'

const site = {
  'index.html': '<h1>home</h1>',
  'about.html': 'about',
  'app.js': 'run()',
  '.env': 'SECRET=1',
  '404.html': 'gone',
}

/** Serves a folder with what a command line says. */
async function start(
  line = '',
  files: Readonly<Record<string, string>> = site,
): Promise<{ url: string; folder: string }> {
  const folder = folderWith(files)
  const { given } = readArguments(line.split(' ').filter((word) => word !== ''))
  const { handler, close } = await application(settingsOf(folder, { log: 'none', ...given }, 1), false)
  const server = await serve(handler, { port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    close()
    await server.close({ deadline: 0 })
  })
  return { url: server.url, folder }
}

it('serves files by their clean names, and nothing that is hidden', async () => {
  const { url } = await start()
  const statuses = await Promise.all(
    ['/', '/about', '/app.js', '/.env', '/..%2f', '/missing'].map(async (path) => (await fetch(url + path)).status),
  )
  expect(statuses).toEqual([200, 200, 200, 404, 404, 404])
  const missing = await fetch(`${url}/missing`, { headers: { accept: 'text/html' } })
  expect([missing.status, await missing.text()]).toEqual([404, 'gone'])
})

it('--spa answers navigation with the page, and scripts that are missing with 404', async () => {
  const { url } = await start('--spa')
  const html = { headers: { accept: 'text/html' } }
  expect(await (await fetch(`${url}/users/7`, html)).text()).toBe('<h1>home</h1>')
  expect((await fetch(`${url}/chunk.js`)).status).toBe(404)
})

it('--cors and --header add fields, also to what is missing', async () => {
  const { url } = await start('--cors --header X-Robots-Tag:noindex')
  for (const path of ['/', '/missing']) {
    const { headers } = await fetch(url + path, { headers: { origin: 'http://other.example' } })
    expect([headers.get('access-control-allow-origin'), headers.get('x-robots-tag')]).toEqual(['*', 'noindex'])
  }
})

it('--cors lets scripts read everything, ask for parts, and ask again', async () => {
  const { url } = await start('--cors')
  const origin = 'http://other.example'
  const { headers } = await fetch(`${url}/app.js`, { headers: { origin, range: 'bytes=0-1' } })
  expect(headers.get('access-control-expose-headers')).toBe('*')
  for (const wanted of ['range', 'if-none-match', 'authorization', 'x-mine']) {
    const preflight = await fetch(`${url}/app.js`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': wanted },
    })
    expect(preflight.status).toBe(204)
    const allowed = preflight.headers.get('access-control-allow-headers')!.toLowerCase().split(/, */)
    expect(allowed.some((name) => name === wanted || (name === '*' && wanted !== 'authorization'))).toBe(true)
  }
})

it('--proxy sets no limit of its own, and the page stays of the same origin', async () => {
  const upstream = await serve(
    async (c) => {
      c.body.limit = Infinity
      return c.json({ host: c.headers.get('host'), bytes: (await c.body.bytes()).length })
    },
    { port: 0, host: '127.0.0.1' },
  )
  onTestFinished(() => upstream.close({ deadline: 0 }).then(() => {}))
  const { url } = await start(`--proxy /api=${upstream.url}`)
  const response = await fetch(`${url}/api`, { method: 'POST', body: new Uint8Array(3_000_000) })
  expect(await response.json()).toEqual({ host: new URL(url).host, bytes: 3_000_000 })
})

it('--auth lets in whoever knows the password', async () => {
  const { url } = await start('--auth alice:wonder:land')
  const ask = async (pair?: string): Promise<number> =>
    (await fetch(url, pair === undefined ? {} : { headers: { authorization: `Basic ${btoa(pair)}` } })).status
  expect(await Promise.all([ask(), ask('alice:x'), ask('bob:wonder:land'), ask('alice:wonder:land')])).toEqual([
    401, 401, 401, 200,
  ])
})

it('--proxy takes what is below a path from another server', async () => {
  const upstream = await serve((c) => c.text(`${c.method} ${c.path}${c.search}`), { port: 0, host: '127.0.0.1' })
  onTestFinished(() => upstream.close({ deadline: 0 }).then(() => {}))
  const { url } = await start(`--proxy /api=${upstream.url} --proxy /old/=${upstream.url}/v1`)
  const ask = async (path: string, method = 'GET'): Promise<string> => (await fetch(url + path, { method })).text()
  expect(await ask('/api/users?id=1', 'POST')).toBe('POST /api/users?id=1')
  expect(await ask('/old/users')).toBe('GET /v1/users')
  expect(await ask('/about')).toBe('about')
  expect((await fetch(`${url}/apis`)).status).toBe(404)
})

it('--listing shows what is in a folder, and without it nobody sees', async () => {
  const files = { 'docs/a.txt': 'a', 'docs/.hidden': 'b' }
  const { url } = await start('--listing', files)
  const page = await (await fetch(`${url}/docs/`)).text()
  expect(page).toContain('a.txt')
  expect(page).not.toContain('.hidden')
  const closed = await start('', files)
  expect((await fetch(`${closed.url}/docs/`)).status).toBe(404)
})

it('compresses what is worth it', async () => {
  const { url } = await start('', { 'big.txt': 'all work and no play '.repeat(500) })
  const response = await fetch(`${url}/big.txt`)
  expect(['zstd', 'br', 'gzip']).toContain(response.headers.get('content-encoding'))
  expect(await response.text()).toHaveLength(21 * 500)
})

it('--live puts a script into documents only, and tells them of changes', async () => {
  const { url, folder } = await start('--live')
  const ask = async (headers: Record<string, string>): Promise<string> => (await fetch(url, { headers })).text()
  const page = await ask({ accept: 'text/html' })
  expect(await ask({ 'sec-fetch-dest': 'document' })).toBe(page)
  for (const fragment of [{}, { 'sec-fetch-dest': 'empty', accept: 'text/html' }])
    expect(await ask(fragment)).toBe('<h1>home</h1>')
  expect(page).toMatch(/^<h1>home<\/h1><script>.*EventSource/)
  expect(await (await fetch(`${url}/app.js`)).text()).toBe('run()')
  expect((await fetch(`${url}/app.js`)).headers.get('cache-control')).toBe('no-store')
  const again = await fetch(url, { headers: { 'if-none-match': '*' } })
  await again.text()

  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let seen = ''
  socket.on('data', (bytes) => (seen += bytes.toString()))
  socket.write('GET /.spillway/live HTTP/1.1\r\nHost: a\r\n\r\n')
  await vi.waitFor(() => expect(seen).toContain('text/event-stream'), { timeout: 20_000 })
  const [, version] = /e\.data==='(\d+)'/.exec(page)!
  await vi.waitFor(() => expect(seen).toContain(`data: ${version}\n`), { timeout: 20_000 })
  writeFileSync(join(folder, 'index.html'), '<h1>changed</h1>')
  await vi.waitFor(() => expect(seen).toContain(`data: ${Number(version) + 1}\n`), { timeout: 20_000 })
  expect(await ask({ accept: 'text/html' })).toContain(`'${Number(version) + 1}'`)
  socket.end()
  await once(socket, 'close')
}, 60_000)

it('--base serves the folder below a path, and leads there', async () => {
  const { url } = await start('--base /docs/')
  expect(await (await fetch(`${url}/docs/about`)).text()).toBe('about')
  for (const path of ['/', '/docs']) {
    const { status, headers } = await fetch(url + path, { redirect: 'manual' })
    expect([path, status, headers.get('location')]).toEqual([path, 302, '/docs/'])
  }
  expect((await fetch(`${url}/about`)).status).toBe(404)
})

it('--rewrite has another file answer, for one path or all below one', async () => {
  const files = { ...site, 'app/index.html': 'the app', 'new.html': 'new' }
  const { url } = await start('--rewrite /old=/new.html --rewrite /app/**=/app/', files)
  const text = async (path: string): Promise<string> => (await fetch(url + path)).text()
  expect(await text('/app/users/7')).toBe('the app')
  expect(await text('/app')).toBe('the app')
  expect(await text('/old')).toBe('new')
  expect((await fetch(`${url}/older`)).status).toBe(404)
  expect((await fetch(`${url}/application`)).status).toBe(404)
})

it('what is missing has a page for people, in which nothing is run', async () => {
  const { url } = await start('', { 'index.html': 'home' })
  const html = { headers: { accept: 'text/html' } }
  const page = await fetch(`${url}/%3Cscript%3Ealert(1)%3C/script%3E`, html)
  expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
  const text = await page.text()
  expect(text).toContain('There is nothing here')
  expect(text).not.toContain('<script>')
  expect(await (await fetch(`${url}/none.js`)).text()).not.toContain('<')
  const own = await start('', site)
  expect(await (await fetch(`${own.url}/none`, html)).text()).toBe('gone')
})
