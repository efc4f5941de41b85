import { expect, test } from 'vitest'
import { start } from './server.ts'

test('cache', async () => {
  const { app } = await import('./examples/cache.ts')
  const { url } = await start(app)
  const get = async (path: string) => (await fetch(url + path)).headers.get('cache-status')
  expect(await get('/rates')).toBe('spillway; fwd=uri-miss; fwd-status=200; stored')
  expect(await get('/rates')).toMatch(/^spillway; hit; ttl=\d+$/)
  await fetch(`${url}/rates`, { method: 'POST', body: '{"USD":1.1}' })
  expect(await (await fetch(`${url}/rates`)).json()).toEqual({ EUR: 1, USD: 1.1 })
  expect(await get('/me')).toBe('spillway; fwd=uri-miss; fwd-status=200')
})
