import { type Server, serve } from '@spillway/core'
import { type ReadinessOptions, health, readiness } from '@spillway/middleware/health'
import { router } from '@spillway/middleware/router'
import { expect, onTestFinished, test, vi } from 'vitest'
import { start } from './server.ts'

async function ask(url: string): Promise<unknown[]> {
  const reply = await fetch(url)
  expect(reply.headers.get('cache-control')).toBe('no-store')
  return [reply.status, await reply.json()]
}

/** A server that is ready by these checks. */
async function ready(options: Omit<ReadinessOptions, 'server'>): Promise<string> {
  let server: Server | undefined
  server = await start(router().get('/', readiness({ server: () => server, ...options })))
  return server.url
}

test('readiness follows the server from its start to its end, health does not', async () => {
  let server: Server | undefined
  const app = router()
    .get('/ready', readiness({ server: () => server }))
    .get('/alive', health())
  const running = await serve(app, { port: 0, host: '127.0.0.1' })
  onTestFinished(() => running.close({ deadline: 0 }).then(() => {}))
  const { url } = running
  expect(await ask(`${url}/ready`)).toEqual([503, { status: 'starting' }])
  server = running
  expect(await ask(`${url}/ready`)).toEqual([200, { status: 'ready' }])
  const closed = server.close({ announce: 4000 })
  // Still accepting, on connections old and new.
  expect(await ask(`${url}/ready`)).toEqual([503, { status: 'closing' }])
  expect(await ask(`${url}/alive`)).toEqual([200, { status: 'alive' }])
  await closed
  await expect(fetch(`${url}/ready`)).rejects.toThrow('fetch failed')
}, 60_000)

test('readiness needs every check, and says nothing of why one failed', async () => {
  const url = await ready({
    checks: {
      fine: () => true,
      later: async () => undefined,
      no: () => false,
      thrown: () => {
        throw new Error('secret')
      },
      rejected: () => Promise.reject(new Error('secret')),
    },
  })
  const checks = { fine: 'ok', later: 'ok', no: 'failed', thrown: 'failed', rejected: 'failed' }
  expect(await ask(url)).toEqual([503, { status: 'failing', checks }])
  expect(await ask(await ready({ checks: { fine: () => true } }))).toEqual([
    200,
    { status: 'ready', checks: { fine: 'ok' } },
  ])
})

test('a check that takes too long is told so, and not waited for', async () => {
  const signals: AbortSignal[] = []
  const url = await ready({
    checks: {
      stuck: (signal) => {
        signals.push(signal)
        return new Promise(() => {})
      },
    },
    timeout: 20,
  })
  expect(await ask(url)).toEqual([503, { status: 'failing', checks: { stuck: 'timeout' } }])
  expect(signals[0]!.reason).toMatchObject({ name: 'TimeoutError' })
})

test('many probes run a check once, until its result is old', async () => {
  let runs = 0
  const check = async (): Promise<void> => {
    runs++
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const kept = await ready({ checks: { check }, interval: 60_000 })
  await Promise.all(Array.from({ length: 20 }, () => ask(kept)))
  await ask(kept)
  expect(runs).toBe(1)
  const fresh = await ready({ checks: { check }, interval: 0 })
  await ask(fresh)
  await ask(fresh)
  expect(runs).toBe(3)
})

test('a check that recovers makes the server ready again', async () => {
  let up = false
  const url = await ready({ checks: { db: () => up }, interval: 10 })
  expect((await fetch(url)).status).toBe(503)
  up = true
  await vi.waitFor(async () => expect((await fetch(url)).status).toBe(200))
})
