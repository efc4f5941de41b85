import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { ask } from './memory.ts'
import { start } from './server.ts'

test('old links', async () => {
  const { app } = await import('./examples/old-links.ts')
  const { url } = await start(app)
  const get = async (path: string): Promise<string> => (await fetch(url + path)).text()
  expect(await get('/users/AbC')).toBe('User AbC')
  expect(await get('/Users/AbC?x=Y')).toBe('User AbC')
  const { status, headers } = await fetch(`${url}/USERS/AbC?x=Y`, { redirect: 'manual' })
  expect([status, headers.get('location')]).toEqual([308, '/users/AbC?x=Y'])
  for (const path of ['/Nobody', '/Users', '/users/a/B', '//Users/a']) expect(await get(path)).toBe('Not found')
})

test('mount', async () => {
  const { app } = await import('./examples/mount.ts')
  const { url } = await start(app)
  const headers = { authorization: 'Bearer sesame' }
  const get = async (path: string): Promise<string> => (await fetch(url + path, { headers })).text()
  expect(await get('/books/shops/north')).toBe("Ali's invoices of north, below /books/shops/north")
  expect(await get('/books/shops/north/7')).toBe('Invoice 7 of north')
  expect(await fetch(`${url}/books/shops/north`)).toMatchObject({ status: 401 })
  expect(await get('/none')).toBe('There is no /none')
  expect(await fetch(`${url}/about/?x`, { redirect: 'manual' })).toMatchObject({ status: 308 })
  expect(ask(app, 'GET', '/', 'status.example.com')).toMatchObject({ status: 200, content: 'All is well' })
})

test('connect', async () => {
  const { app } = await import('./examples/connect.ts')
  const { url } = await start(app)
  const first = await fetch(url)
  expect(first.headers.get('strict-transport-security')).toContain('max-age')
  const headers = { cookie: first.headers.get('set-cookie')!.split(';')[0]! }
  expect([await first.text(), await (await fetch(url, { headers })).text()]).toEqual(['Visit 1', 'Visit 2'])
})

test('node', async () => {
  const { server } = await import('./examples/node.ts')
  server.listen(0, '127.0.0.1')
  onTestFinished(() => server.close().closeAllConnections())
  await once(server, 'listening')
  const reply = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hello/Ali`)
  expect(await reply.text()).toBe('Hello, Ali')
})

test('node-server', async () => {
  const { server } = await import('./examples/node-server.ts')
  server.listen(0, '127.0.0.1')
  onTestFinished(() => server.close().closeAllConnections())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  expect(await (await fetch(`http://127.0.0.1:${port}/a`)).text()).toBe('Hello at /a')
  const [greeting] = await once(new WebSocket(`ws://127.0.0.1:${port}`), 'message')
  expect(String(greeting)).toBe('hello')
})

test('fetch', async () => {
  const example = await import('./examples/fetch.ts')
  const { url } = await start(example.app)
  expect(await (await fetch(url)).text()).toBe('ours')
  expect(await (await fetch(`${url}/theirs/x`)).json()).toEqual({ at: '/x' })
  expect(await (await example.fetch(new Request('http://h/theirs/y'))).json()).toEqual({ at: '/y' })
})
