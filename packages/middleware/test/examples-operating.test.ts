import type { Handler } from '@spillway/core'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { start } from './server.ts'

async function run(app: Handler, path: string, init?: RequestInit): Promise<Response> {
  return fetch((await start(app)).url + path, init)
}

describe('examples of the README', () => {
  test('client', async () => {
    const { app } = await import('./examples/client.ts')
    const headers = { forwarded: 'for=evil, for="[2001:db8::7]";proto=https;host=shop.example, for=10.1.2.3' }
    expect(await run(app, '/', { headers })).toMatchObject({ status: 400 })
    headers.forwarded = headers.forwarded.replace('evil', '127.0.0.1')
    expect(await (await run(app, '/', { headers })).text()).toBe('2001:db8::7 asked for https://shop.example')
  })

  test('ip', async () => {
    const { app } = await import('./examples/ip.ts')
    expect(await run(app, '/')).toMatchObject({ status: 200 })
    expect(await run(app, '/admin')).toMatchObject({ status: 403 })
  })

  test('rate-limit', async () => {
    const { app } = await import('./examples/rate-limit.ts')
    const { url } = await start(app)
    expect((await fetch(url)).headers.get('ratelimit-policy')).toBe('"default";q=100;w=60')
    const replies = []
    for (let i = 0; i < 6; i++) replies.push(await fetch(`${url}/login`, { method: 'POST' }))
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429])
    expect(await replies[5]!.json()).toMatchObject({ code: 'RATE_LIMITED', 'violated-policies': ['login'] })
  })

  test('request-id', async () => {
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    onTestFinished(() => stdout.mockRestore())
    const { app } = await import('./examples/request-id.ts')
    expect(await (await run(app, '/', { headers: { 'x-request-id': 'abc' } })).text()).toBe('This is request abc')
    await vi.waitFor(() => expect(stdout.mock.calls.join('')).toContain('"id":"abc"'))
  })

  test('server-timing', async () => {
    const { app } = await import('./examples/server-timing.ts')
    expect((await run(app, '/books')).headers.get('server-timing')).toMatch(
      /^db;dur=[\d.]+, render;desc="the list";dur=[\d.]+, total;dur=[\d.]+$/,
    )
  })

  test('health', async () => {
    const { main } = await import('./examples/health.ts')
    const server = await main(0)
    onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
    expect(await (await fetch(`${server.url}/live`)).json()).toEqual({ status: 'alive' })
    expect(await (await fetch(`${server.url}/ready`)).json()).toEqual({ status: 'ready', checks: { db: 'ok' } })
  })

  test('metrics', async () => {
    const { app } = await import('./examples/metrics.ts')
    const { url } = await start(app)
    await fetch(`${url}/books/1`)
    await vi.waitFor(async () => {
      const page = await (await fetch(`${url}/metrics`)).text()
      expect(page).toContain('spillway_requests_total{method="GET",status="200",route="/books/:id"} 1\n')
    })
  })

  test('timeout', async () => {
    const { app } = await import('./examples/timeout.ts')
    expect(await (await run(app, '/slow')).json()).toMatchObject({ status: 503, code: 'TIMEOUT' })
  })

  test('load-shed', async () => {
    const { app } = await import('./examples/load-shed.ts')
    expect(await run(app, '/live')).toMatchObject({ status: 200 })
    await vi.waitFor(async () => expect(await run(app, '/')).toMatchObject({ status: 200 }))
  })

  test('trace', async () => {
    const { app } = await import('./examples/trace.ts')
    const headers = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }
    expect(await (await run(app, '/', { headers })).text()).toBe('This is trace 4bf92f3577b34da6a3ce929d0e0e4736')
  })

  test('following a request', async () => {
    const log = vi.spyOn(console, 'log').mockReturnValue()
    onTestFinished(() => log.mockRestore())
    const { app } = await import('./examples/following.ts')
    await (await run(app, '/books')).text()
    expect(log.mock.calls).toEqual([['/books: layer compression'], ['/books: handler books']])
  })

  test('opentelemetry, without an SDK', async () => {
    const { app } = await import('./examples/opentelemetry.ts')
    expect(await (await run(app, '/books/1')).text()).toBe('Book 1')
  })
})
