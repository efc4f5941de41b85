import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { start } from './server.ts'
import { ask } from './wire.ts'

const json = { 'content-type': 'application/json' }

test('body', async () => {
  const { app } = await import('./examples/body.ts')
  const { url } = await start(app)
  const post = (path: string, content: string | URLSearchParams, headers: Record<string, string> = json) =>
    fetch(url + path, { method: 'POST', body: content, headers })
  expect(await (await post('/notes', '{"a":1}')).json()).toEqual({ saved: { a: 1 } })
  expect((await post('/notes', '{"a":')).headers.get('content-type')).toBe('application/problem+json')
  expect(await (await post('/contact', new URLSearchParams({ name: 'Ali' }), {})).text()).toBe('Thank you, Ali')
  const signature = createHmac('sha256', 'secret').update('[ 1 ]').digest('hex')
  expect(await post('/hook', '[ 1 ]', { ...json, 'x-signature': signature })).toMatchObject({ status: 204 })
  expect(await post('/hook', '[1]', { ...json, 'x-signature': signature })).toMatchObject({ status: 403 })
})

test('validate', async () => {
  const { app } = await import('./examples/validate.ts')
  const { url } = await start(app)
  expect(await (await fetch(`${url}/books?page=3`)).json()).toEqual({ page: 3 })
  expect(await (await fetch(`${url}/books`)).json()).toEqual({ page: 1 })
  const reply = await fetch(`${url}/books`, { method: 'POST', body: '{"title":""}', headers: json })
  expect(await reply.json()).toMatchObject({ status: 422, errors: [{ in: 'body', pointer: '#/title' }] })
})

test('contract', async () => {
  const { app, titleOf } = await import('./examples/contract.ts')
  expect([await titleOf(1), await titleOf(2)]).toEqual(['TCP/IP Illustrated', 'There is none: 404'])
  const { url } = await start(app)
  const reply = await fetch(`${url}/books`, { method: 'POST', body: '{"id":3,"title":"HTTP"}', headers: json })
  expect([reply.status, await reply.json(), await titleOf(3)]).toEqual([201, { id: 3, title: 'HTTP' }, 'HTTP'])
})

test('openapi', async () => {
  const { app } = await import('./examples/openapi.ts')
  const { url } = await start(app)
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object }
  expect(Object.keys(document.paths)).toEqual(['/books'])
  expect(document.paths).toMatchObject({ '/books': { post: { summary: 'Adds a book', responses: { 201: {} } } } })
  expect(await (await fetch(`${url}/docs`)).text()).toContain('data-document="/openapi.json"')
})

test('multipart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-upload-'))
  const before = process.cwd()
  onTestFinished(() => {
    process.chdir(before)
    rmSync(folder, { recursive: true })
  })
  process.chdir(folder)
  const { app } = await import('./examples/multipart.ts')
  const form = new FormData()
  form.append('title', 'x')
  form.append('photo', new Blob(['y'.repeat(100_000)]), '../p.png')
  const reply = await fetch(`${(await start(app)).url}/upload`, { method: 'POST', body: form })
  const { photo } = (await reply.json()) as { photo: string }
  expect(readFileSync(join(folder, photo), 'utf8')).toBe('y'.repeat(100_000))
})

test('compression', async () => {
  const { app } = await import('./examples/compression.ts')
  const server = await start(app)
  const report = await fetch(`${server.url}/report`)
  expect(report.headers.get('content-encoding')).toMatch(/^(?:br|gzip)$/)
  expect(await report.text()).toHaveLength(21_000)
  const { headers } = await ask(server, 'GET /clock', { fields: ['Accept-Encoding: gzip'] })
  expect(headers.get('content-encoding')).toBe('gzip')
})

test('conditional', async () => {
  const { app } = await import('./examples/conditional.ts')
  const server = await start(app)
  const news = await ask(server, 'GET /news')
  const again = await ask(server, 'GET /news', { fields: [`If-None-Match: ${news.headers.get('etag')}`] })
  expect(again.status).toBe(304)
  const put = async () => (await ask(server, 'PUT /page', { fields: ['If-Match: "1"'], content: 'New' })).status
  expect([await put(), await put()]).toEqual([204, 412])
  expect((await ask(server, 'GET /page', { fields: ['If-None-Match: "2"'] })).status).toBe(304)
})
