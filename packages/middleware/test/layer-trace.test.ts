import { channel } from 'node:diagnostics_channel'
import { HttpError, channels } from '@spillway/core'
import { inject } from '@spillway/core/testing'
import { type LayerRun, type Middleware, compose, wrap } from '@spillway/middleware'
import { compression } from '@spillway/middleware/compression'
import { type LoggedLine, logger } from '@spillway/middleware/logger'
import { type RouteAsked, router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'
import { afterEach, expect, test, vi } from 'vitest'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** What is told on a channel from now on. */
function heard<T>(name: string): T[] {
  const all: T[] = []
  const listener = (message: unknown): void => void all.push(message as T)
  channel(name).subscribe(listener)
  stops.push(() => channel(name).unsubscribe(listener))
  return all
}

/** A promise, and what fulfils it. */
function held(): { readonly asked: Promise<void>; readonly go: () => void } {
  let go!: () => void
  const asked = new Promise<void>((resolve) => (go = resolve))
  return { asked, go: () => go() }
}

const outer: Middleware = async (_, next) => {
  await new Promise((resolve) => setImmediate(resolve))
  return next()
}

test('tells of each layer and of the handler, by name, the outermost first, when it begins and when it ends', async () => {
  const runs = heard<LayerRun>('spillway.layer')
  const app = router()
    .use(compose(outer, compression()), secureHeaders())
    .get('/', function home(c) {
      return c.text('x')
    })
  await inject(app, '/')
  expect(runs.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'layer ',
    'layer outer',
    'layer compression',
    'layer secureHeaders',
    'handler home',
  ])
  // Each runs within the one in front of it.
  const begun = runs.map(({ startedAt }) => startedAt)
  const ended = runs.map(({ endedAt }) => endedAt!)
  expect(begun).toEqual(begun.toSorted((a, b) => a - b))
  expect(ended).toEqual(ended.toSorted((a, b) => b - a))
})

test('a run that has not ended says so, and one that failed says with what', async () => {
  const runs = heard<LayerRun>('spillway.layer')
  const { asked, go } = held()
  const app = router()
    .use(async function wait(_, next) {
      await asked
      return next()
    })
    .get('/:id', () => {
      throw new HttpError(409, 'taken')
    })
  const reply = inject(app, '/7')
  await vi.waitFor(() => expect(runs).toMatchObject([{ name: 'wait' }]))
  expect(runs[0]!.endedAt).toBeUndefined()
  go()
  expect((await reply).status).toBe(409)
  expect(runs.map(({ error }) => (error as HttpError).message)).toEqual(['taken', 'taken'])
})

test('what is mounted runs within its mount, and a handler without layers is told, too', async () => {
  const runs = heard<LayerRun>('spillway.layer')
  const inner = router()
    .use(secureHeaders())
    .get('/users', function users(c) {
      return c.text('x')
    })
  await inject(router().use(compression()).mount('/api', inner), '/api/users')
  expect(runs.map(({ name }) => name)).toEqual(['compression', 'mount /api', 'secureHeaders', 'users'])
  runs.length = 0
  await inject(
    router().get('/', function bare(c) {
      return c.text('x')
    }),
    '/',
  )
  expect(runs).toMatchObject([{ kind: 'handler', name: 'bare' }])
})

test('the context is that of the exchange, whatever view a layer hands on', async () => {
  const contexts: unknown[] = []
  const begun = ({ context }: { context: unknown }): void => void contexts.push(context)
  channels.request.subscribe(begun)
  stops.push(() => channels.request.unsubscribe(begun))
  const runs = heard<LayerRun>('spillway.layer')
  const { viewOf } = await import('../src/lib/layers/context-view.ts')
  const view: Middleware = (c, next) => next(viewOf(viewOf(c, { search: '?a' }), { search: '?b' }))
  await inject(
    wrap([view], (c) => c.text(c.search)),
    '/',
  )
  expect(contexts).toHaveLength(1)
  expect(runs.map(({ context }) => context === contexts[0])).toEqual([true, true])
})

test('nothing is told, and nothing else is different, while nobody listens', async () => {
  const silent: unknown[] = []
  const app = router()
    .use(compression())
    .get('/', (c) => c.text('x'))
  expect(await (await inject(app, '/')).text()).toBe('x')
  const runs = heard<LayerRun>('spillway.layer')
  expect(await (await inject(app, '/')).text()).toBe('x')
  expect([silent.length, runs.length]).toEqual([0, 2])
})

test('a router that is asked says why its route wins, when it is asked for that', async () => {
  const asked = heard<RouteAsked>('spillway.route')
  const app = router()
    .use(compression())
    .get('/:page', (c) => c.text('page'))
    .mount(
      '/api',
      router().get('/users', (c) => c.text('users')),
    )
    .get('/about', (c) => c.text('about'))
  await inject(app, '/about?x=1')
  await inject(app, '/api/users')
  await inject(app, '/none/such')
  // Once for each request, whatever is mounted.
  expect(asked).toHaveLength(3)
  expect(asked.map(({ explain }) => explain())).toMatchObject([
    { routes: [{ pattern: '/about' }, { pattern: '/:page' }], layers: ['compression'] },
    { routes: [{ pattern: '/api/users' }] },
    { routes: [], status: 404 },
  ])
})

test('what the logger says of a request is told, wherever it goes', async () => {
  const lines = heard<LoggedLine>('spillway.log')
  const written: string[] = []
  const write = (line: string): void => void written.push(line)
  await inject(
    wrap([logger({ write, format: 'common' })], (c) => c.text('x')),
    '/a',
  )
  expect(lines.map(({ line }) => `${line}\n`)).toEqual(written)
  await inject(
    wrap([logger({ sink: { info() {} } })], (c) => c.text('x')),
    '/b',
  )
  expect(lines[1]!.line).toContain('/b')
})

test('what is told of a request below a mount is told of its exchange', async () => {
  const lines = heard<LoggedLine>('spillway.log')
  let exchange: unknown
  const app = router()
    .use((c, next) => {
      exchange = c
      return next()
    })
    .mount(
      '/api',
      router()
        .use(logger({ write() {} }))
        .get('/a', (c) => c.text('x')),
    )
  await inject(app, '/api/a')
  expect(lines).toHaveLength(1)
  expect(lines[0]!.context).toBe(exchange)
})
