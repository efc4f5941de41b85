import { trace, context as otelContext } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import type { Handler } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { compose } from '@spillway/middleware'
import { compression } from '@spillway/middleware/compression'
import { logger } from '@spillway/middleware/logger'
import { spans } from '@spillway/middleware/opentelemetry'
import { router } from '@spillway/middleware/router'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ExchangeNote } from '../src/model/notes.ts'
import { Recorder, type RecorderOptions } from '../src/record/recorder.ts'
import { inspectedSpans } from '../src/record/spans.ts'

const recorders: Recorder[] = []
afterEach(() => {
  for (const recorder of recorders.splice(0)) recorder.stop()
})

/** Sends requests to a handler and gives what was noted of them. */
async function notesOf(
  handler: Handler,
  requests: readonly string[],
  options?: RecorderOptions,
): Promise<ExchangeNote[]> {
  const recorder = record(handler, options)
  const client = recorder.connect()
  for (const request of requests) {
    const before = recorder.recorder.state.totals.replies
    client.send(request)
    while (recorder.recorder.state.totals.replies === before) await client.changed()
  }
  const [connection] = recorder.recorder.state.open.keys()
  return [...recorder.recorder.wire(connection!).notes]
}

function record(
  handler: Handler,
  options?: RecorderOptions,
): { recorder: Recorder; connect: ReturnType<typeof testServer>['connect'] } {
  const tested = testServer(handler)
  const recorder = new Recorder(() => {}, options)
  recorder.watch(tested.server)
  recorders.push(recorder)
  return { recorder, connect: (peer) => tested.connect(peer) }
}

/** A promise, and what fulfils it. */
function held(): { readonly asked: Promise<void>; readonly go: () => void } {
  let go!: () => void
  const asked = new Promise<void>((resolve) => (go = resolve))
  return { asked, go: () => go() }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const post = (path: string, content: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${content.length}\r\n\r\n${content}`

describe('what is noted of an exchange', () => {
  it('is where its time went, layer by layer, on the clock of its events', async () => {
    const app = router()
      .use(compression())
      .use(async function slow(_, next) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return next()
      })
      .get('/', function home(c) {
        return c.text('x')
      })
    const [note] = await notesOf(app, [get('/')])
    expect(note!.layers.map(({ name, kind, depth }) => [name, kind, depth])).toEqual([
      ['compression', 'layer', 0],
      ['slow', 'layer', 1],
      ['home', 'handler', 2],
    ])
    const [outer, slow, home] = note!.layers
    // What a layer waits for by itself is its own, and not of those around it.
    expect(slow!.own! / outer!.ms!).toBeGreaterThan(0.5)
    expect(outer!.own! + slow!.own! + home!.own!).toBeCloseTo(outer!.ms!, 3)
    expect(outer!.at).toBeLessThanOrEqual(slow!.at)
  })

  it('is what a layer failed with, and that content was never read', async () => {
    const app = router()
      .use(compression())
      .post('/fails', () => {
        throw new Error('on purpose')
      })
      .post('/reads', async (c) => c.text(await c.body.text()))
    const silent = vi.spyOn(console, 'error').mockImplementation(() => {})
    const notes = await notesOf(app, [post('/reads', 'abc'), post('/fails', 'abc'), get('/none')])
    silent.mockRestore()
    expect(notes.map(({ unread = false }) => unread)).toEqual([false, true, false])
    expect(notes[1]!.layers.map(({ failed }) => failed)).toEqual(['Error: on purpose', 'Error: on purpose'])
  })

  it('is the route and what it has won against, with their places', async () => {
    const app = router()
      .get('/:page', (c) => c.text('page'))
      .get('/about', (c) => c.text('about'))
    const [about, none] = await notesOf(app, [get('/about'), get('/a/b')])
    expect(about!.route!.routes.map(({ method, pattern }) => `${method} ${pattern}`)).toEqual([
      'GET /about',
      'GET /:page',
    ])
    expect(about!.route!.routes[0]!.place).toMatch(/exchange-notes\.test\.ts:\d+/)
    expect(none!.route).toEqual({ routes: [], status: 404 })
  })

  it('is what the logger says of it, and what is written to the console for it when that is heard', async () => {
    const app = compose(logger({ write: () => {}, format: 'common' }), (c) => {
      console.log('looking for %s', c.path)
      return c.text('x')
    })
    const handler: Handler = (c) => app(c, () => c.text(''))
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const silent = await notesOf(handler, [get('/a')])
    expect(silent[0]!.lines).toEqual([expect.stringContaining('GET /a HTTP/1.1')])
    const heard = await notesOf(handler, [get('/b'), get('/c')], { console: true })
    expect(heard.map(({ lines }) => lines[0])).toEqual(['looking for /b', 'looking for /c'])
    // It was written all the same.
    expect(log.mock.calls.map(([, path]) => path as unknown)).toEqual(['/a', '/b', '/c'])
    for (const recorder of recorders) recorder.stop()
    expect(console.log).toBe(log)
    log.mockRestore()
  })

  it('is bounded: layers, lines and their lengths', async () => {
    const app = router()
      .use(...Array.from({ length: 100 }, () => compression()))
      .get('/', (c) => {
        for (let i = 0; i < 100; i++) console.log('x'.repeat(1000))
        return c.text('x')
      })
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const [note] = await notesOf(app, [get('/')], { console: true })
    log.mockRestore()
    expect([note!.layers.length, note!.lines.length, note!.lines[0]!.length]).toEqual([64, 40, 400])
  })

  it('is still told while the exchange goes on', async () => {
    const { asked, go } = held()
    const { recorder, connect } = record(
      router().get('/', async function waits(c) {
        await asked
        return c.text('x')
      }),
    )
    const client = connect()
    client.send(get('/'))
    const [connection] = recorder.state.open.keys()
    expect(recorder.wire(connection!).notes[0]!.layers).toMatchObject([{ name: 'waits' }])
    expect(recorder.wire(connection!).notes[0]!.layers[0]!.ms).toBeUndefined()
    go()
    while (recorder.state.totals.replies === 0) await client.changed()
    expect(recorder.wire(connection!).notes[0]!.layers[0]!.ms).toBeDefined()
  })
})

describe('with OpenTelemetry', () => {
  beforeAll(() => {
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [inspectedSpans()] }))
    otelContext.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  })
  afterAll(() => {
    trace.disable()
    otelContext.disable()
  })

  it('is the trace, with the spans that were made for the request', async () => {
    const app = router()
      .use(spans())
      .get('/', async (c) => {
        await Promise.resolve()
        trace.getTracer('test').startSpan('query').end()
        return c.text('x')
      })
    const { recorder, connect } = record(app)
    // Whether OpenTelemetry is there is found out later.
    await new Promise((resolve) => setImmediate(resolve))
    await vi.waitFor(async () => {
      const client = connect()
      const before = recorder.state.totals.replies
      client.send(get('/'))
      while (recorder.state.totals.replies === before) await client.changed()
      const last = [...recorder.state.open.keys()].at(-1)!
      const { trace: told } = recorder.wire(last).notes[0]!
      expect(told!.id).toMatch(/^[\da-f]{32}$/)
      expect(told!.spans.map(({ name }) => name)).toEqual(['GET /', 'query'])
      const [server, query] = told!.spans
      expect(query!.parent).toBe(server!.id)
      expect(server!.ms).toBeGreaterThanOrEqual(query!.ms!)
    })
  })
})
