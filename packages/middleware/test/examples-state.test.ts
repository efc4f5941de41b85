import { once } from 'node:events'
import type { Handler } from '@spillway/core'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { start } from './server.ts'

async function run(app: Handler, path: string, init?: RequestInit): Promise<Response> {
  return fetch((await start(app)).url + path, init)
}

const cookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')

describe('examples of the README', () => {
  test('cookies', async () => {
    const { app } = await import('./examples/cookies.ts')
    const cookie = cookieOf(await run(app, '/theme/dark', { method: 'POST' }))
    expect(await (await run(app, '/', { headers: { cookie } })).text()).toBe('Theme dark, seat 12A')
    const forged = cookie.replace('12A', '1A')
    expect(await (await run(app, '/', { headers: { cookie: forged } })).text()).toBe('Theme dark, seat undefined')
  })

  test('sessions', async () => {
    const { app } = await import('./examples/sessions.ts')
    let cookie = ''
    const post = async (path: string): Promise<unknown> => {
      const response = await run(app, path, { method: 'POST', headers: cookie ? { cookie } : {} })
      cookie = cookieOf(response) || cookie
      return response.status === 204 ? cookie : response.json()
    }
    await post('/cart/1')
    expect(await post('/cart/2')).toEqual(['1', '2'])
    expect(await post('/login/ali')).toEqual({ user: 'ali', cart: ['1', '2'] })
    expect(await post('/logout')).toBe('__Host-session=')
  })

  test('cors', async () => {
    const { app } = await import('./examples/cors.ts')
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'PUT' }
    expect(await run(app, '/api/books', { method: 'OPTIONS', headers })).toMatchObject({ status: 204 })
    const response = await run(app, '/api/books', { headers: { origin: 'https://app.example' } })
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example')
  })

  test('csrf', async () => {
    const { app } = await import('./examples/csrf.ts')
    const post = async (origin: string): Promise<number> =>
      (await run(app, '/transfer', { method: 'POST', headers: { origin } })).status
    expect([await post('https://admin.example'), await post('https://evil.example')]).toEqual([200, 403])
  })

  test('secure-headers', async () => {
    const { app } = await import('./examples/secure-headers.ts')
    const policy = (await run(app, '/')).headers.get('content-security-policy')
    expect(policy).toMatch(/script-src 'nonce-[^']+' 'strict-dynamic';.* img-src 'self' https:\/\/images\.example;/)
  })

  test('auth', async () => {
    const { app } = await import('./examples/auth.ts')
    const basic = { authorization: `Basic ${btoa('admin:for development only')}` }
    expect(await (await run(app, '/admin', { headers: basic })).text()).toBe('Hello, admin')
    const bearer = { authorization: 'Bearer token-of-the-build' }
    expect(await (await run(app, '/api', { headers: bearer })).text()).toBe('Hello, build')
    expect(await run(app, '/api', { headers: basic })).toMatchObject({ status: 401 })
  })

  test('jwt', async () => {
    const { app } = await import('./examples/jwt.ts')
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('ali')
      .setIssuer('https://login.example')
      .setAudience('books')
      .setExpirationTime('1m')
      .sign(new TextEncoder().encode('for development only, 32 bytes or more'))
    expect(await (await run(app, '/', { headers: { authorization: `Bearer ${token}` } })).text()).toBe('Hello, ali')
    expect(await run(app, '/')).toMatchObject({ status: 401 })
  })

  test('sse', async () => {
    const { app } = await import('./examples/sse.ts')
    const response = await run(app, '/ticks', { headers: { 'last-event-id': '1' } })
    expect(await response.text()).toBe(
      'event: tick\nid: 2\ndata: {"count":2}\n\nevent: tick\nid: 3\ndata: {"count":3}\n\n',
    )
  })

  test('websocket', async () => {
    const { app } = await import('./examples/websocket.ts')
    const url = (await start(app)).url.replace('http', 'ws')
    const [one, two] = [new WebSocket(`${url}/rooms/a`), new WebSocket(`${url}/rooms/a`)]
    await Promise.all([once(one, 'open'), once(two, 'open')])
    const heard = Promise.all([once(one, 'message'), once(two, 'message')])
    one.send('hello')
    expect((await heard).map(([data]) => String(data))).toEqual(['hello', 'hello'])
    one.close()
    two.close()
    await Promise.all([once(one, 'close'), once(two, 'close')])
  })
})
