import { router } from '@spillway/middleware/router'
import { type ServerTimingOptions, serverTiming } from '@spillway/middleware/server-timing'
import { expect, test } from 'vitest'
import { send, start } from './server.ts'

const broken = (): never => {
  throw new Error('broken')
}

async function timed(path: string, options: ServerTimingOptions = {}): Promise<string | undefined> {
  const app = router()
    .use(serverTiming(options))
    .get('/', (c) => c.text('x'))
    .get('/all', async (c) => {
      const { timing } = c.state
      timing.add('cache', undefined, 'hit "L1"')
      timing.add('queue', 1.23456)
      const stop = timing.start('db', 'two queries')
      stop()
      expect(timing.measure('sync', () => 1)).toBe(1)
      expect(await timing.measure('async', async () => 2)).toBe(2)
      return c.text('x')
    })
    .get('/fail', (c) => c.state.timing.measure('work', broken) as never)
    .get('/name', (c) => c.text(String(c.state.timing.add('a b'))))
    .get('/nan', (c) => c.text(String(c.state.timing.add('a', NaN))))
    .get('/before', (c) => c.text(String(c.state.timing.add('a', -1))))
    .get('/endless', (c) => c.text(String(c.state.timing.add('a', Infinity))))
    .get('/description', (c) => c.text(String(c.state.timing.add('a', 1, 'a\r\nb'))))
  const server = await start(app, { onError: (_, c) => c?.text('sorry', 500) })
  return (await send(server, 'GET', path)).headers.get('server-timing')
}

test('sends what was measured, and the total', async () => {
  expect(await timed('/')).toMatch(/^total;dur=[\d.]+$/)
  expect(await timed('/all')).toMatch(
    /^cache;desc="hit \\"L1\\"", queue;dur=1\.235, db;desc="two queries";dur=[\d.]+, sync;dur=[\d.]+, async;dur=[\d.]+, total;dur=[\d.]+$/,
  )
})

test('sends it with errors, too, and nothing that is no token', async () => {
  expect(await timed('/fail')).toMatch(/^work;dur=[\d.]+, total;dur=[\d.]+$/)
  for (const path of ['/name', '/description', '/nan', '/before', '/endless'])
    expect(await timed(path)).toMatch(/^total;dur=[\d.]+$/)
})

test('shows it to whom it may concern', async () => {
  expect(await timed('/', { show: (c) => c.headers.has('x-debug') })).toBeUndefined()
})
