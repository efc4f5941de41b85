import { type LoadShedOptions, loadShed } from '@spillway/middleware/load-shed'
import { router } from '@spillway/middleware/router'
import { expect, onTestFinished, test, vi } from 'vitest'

import { open, readReply } from './wire.ts'
import { send, start } from './server.ts'

test('refuses requests beyond those at a time, until one of them is over', async () => {
  const ends: (() => void)[] = []
  const app = router()
    .use(loadShed({ concurrency: 2, retryAfter: 1.5 }))
    .get('/now', (c) => c.text('now'))
    .get('/wait', (c) => new Promise((resolve) => ends.push(() => resolve(c.text('waited')))))
    .get('/fail', () => {
      throw new Error('broken')
    })
  const server = await start(app, { onError: (_, c) => c?.text('sorry', 500) })
  // What is over does not count, however it ended.
  for (const [path, status] of [
    ['/now', 200],
    ['/fail', 500],
    ['/none', 404],
  ] as const)
    expect((await send(server, 'GET', path)).status).toBe(status)
  const first = send(server, 'GET', '/wait')
  const gone = open(server, 'GET /wait')
  await vi.waitFor(() => expect(ends).toHaveLength(2))
  const refused = await send(server, 'GET', '/now')
  expect(refused).toMatchObject({ status: 503 })
  expect(refused.headers.get('retry-after')).toBe('2')
  expect(JSON.parse(refused.content.toString())).toMatchObject({ code: 'OVERLOADED' })
  gone.resetAndDestroy()
  await vi.waitFor(async () => expect((await send(server, 'GET', '/now')).status).toBe(200))
  ends[0]!()
  expect((await first).content.toString()).toBe('waited')
})

test('counts a request until its last byte is gone', async () => {
  let end: (() => void) | undefined
  const app = router()
    .use(loadShed({ concurrency: 1 }))
    .get('/', (c) => c.text('x'))
    .get('/stream', (c) =>
      c.stream(
        (async function* () {
          yield 'a'
          await new Promise<void>((resolve) => (end = resolve))
        })(),
      ),
    )
  const server = await start(app)
  const streaming = open(server, 'GET /stream')
  onTestFinished(() => void streaming.destroy())
  const chunks: Buffer[] = []
  streaming.on('data', (chunk: Buffer) => chunks.push(chunk))
  await vi.waitFor(() => expect(end).toBeDefined())
  expect((await send(server, 'GET', '/')).status).toBe(503)
  end!()
  await vi.waitFor(() => expect(readReply(Buffer.concat(chunks)).complete).toBe(true))
  await vi.waitFor(async () => expect((await send(server, 'GET', '/')).status).toBe(200))
})

test('refuses requests while the event loop is late, and takes them again when it is not', async () => {
  const app = router()
    .get('/block', (c) => {
      const until = performance.now() + 400
      while (performance.now() < until);
      return c.text('blocked')
    })
    .group('/app', (group) => group.use(loadShed({ delay: 100 })).get('/', (c) => c.text('x')))
  const server = await start(app)
  const statuses = new Set<number>()
  await vi.waitFor(
    async () => {
      const [, reply] = await Promise.all([send(server, 'GET', '/block'), send(server, 'GET', '/app')])
      statuses.add(reply.status)
      expect(statuses).toContain(503)
    },
    { timeout: 30_000 },
  )
  await vi.waitFor(async () => expect((await send(server, 'GET', '/app')).status).toBe(200), { timeout: 30_000 })
}, 60_000)

test.each([{}, { delay: 0 }, { concurrency: -1 }, { concurrency: Number.NaN }, { delay: 1, retryAfter: 0 }])(
  'refuses %j',
  (options: LoadShedOptions) => {
    expect(() => loadShed(options)).toThrow(/option|limit is needed/)
  },
)
