import { SpanKind, SpanStatusCode, context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { HttpError } from '@spillway/core'
import { client } from '@spillway/middleware/client'
import { spans } from '@spillway/middleware/opentelemetry'
import { router } from '@spillway/middleware/router'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { open } from './wire.ts'
import { send, start } from './server.ts'

const exporter = new InMemorySpanExporter()
// Made before the SDK is there, as in applications whose imports come in any order.
const layer = spans()
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())

beforeEach(() => exporter.reset())
afterAll(() => {
  trace.disable()
  context.disable()
  propagation.disable()
})

const app = router()
  .use(client({ trusted: ['127.0.0.1'], fields: ['x-forwarded-for', 'x-forwarded-proto'] }), layer)
  .get('/', (c) => c.text('x'))
  .get('/books/:id', async (c) => {
    await new Promise((resolve) => setImmediate(resolve))
    trace.getTracer('test').startSpan('query').end()
    return c.text('book')
  })
  .get('/fail', () => Promise.reject(new Error('broken')))
  .get('/refuse', () => {
    throw new HttpError(403, 'no')
  })
  .get('/wait', () => new Promise<never>(() => {}))

const server = (): ReturnType<typeof start> => start(app, { onError: (error) => void error })

/** The spans that are over, once there are so many. */
async function ended(count: number): Promise<ReadableSpan[]> {
  await vi.waitFor(() => expect(exporter.getFinishedSpans()).toHaveLength(count))
  return exporter.getFinishedSpans()
}

test('a request is a span, named by its route, with the attributes of the conventions', async () => {
  const fields = ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https', 'User-Agent: test']
  await send(await server(), 'GET', '/books/7?secret=1', fields)
  const [query, span] = await ended(2)
  expect(span).toMatchObject({ name: 'GET /books/:id', kind: SpanKind.SERVER, status: { code: SpanStatusCode.UNSET } })
  expect(span!.attributes).toEqual({
    'http.request.method': 'GET',
    'http.route': '/books/:id',
    'http.response.status_code': 200,
    'url.scheme': 'https',
    'url.path': '/books/7',
    'server.address': 'test',
    'client.address': '203.0.113.9',
    'network.peer.address': '127.0.0.1',
    'network.protocol.version': '1.1',
    'user_agent.original': 'test',
  })
  // What is made while it is answered is its child, also behind an await.
  expect(query!.parentSpanContext).toEqual(span!.spanContext())
})

test('it is a child of the span that the client tells of', async () => {
  const fields = ['traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', 'tracestate: a=1']
  const running = await server()
  await send(running, 'GET', '/', fields)
  await send(running, 'GET', '/', ['traceparent: nonsense'])
  const [known, unknown] = await ended(2)
  expect(known!.spanContext().traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736')
  expect(known!.parentSpanContext).toMatchObject({ spanId: '00f067aa0ba902b7', isRemote: true })
  expect(known!.spanContext().traceState?.get('a')).toBe('1')
  expect(unknown!.parentSpanContext).toBeUndefined()
})

test('failures of the server are errors, refusals are not', async () => {
  const running = await server()
  for (const path of ['/fail', '/refuse', '/none']) await send(running, 'GET', path)
  await send(running, 'BREW', '/')
  const [failed, refused, missing, other] = await ended(4)
  expect(failed).toMatchObject({ name: 'GET /fail', status: { code: SpanStatusCode.ERROR } })
  expect(failed!.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': '500' })
  expect(failed!.events[0]).toMatchObject({ name: 'exception', attributes: { 'exception.message': 'broken' } })
  expect(refused).toMatchObject({ name: 'GET /refuse', status: { code: SpanStatusCode.UNSET }, events: [] })
  expect(missing).toMatchObject({ name: 'GET' })
  expect(missing!.attributes).not.toHaveProperty('http.route')
  expect(other).toMatchObject({
    name: 'HTTP',
    attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'BREW' },
  })
})

test('an exchange that was cut is an error that says by whom', async () => {
  const running = await server()
  const socket = open(running, 'GET /wait')
  await vi.waitFor(() => expect(running.stats.active).toBe(1))
  socket.resetAndDestroy()
  const [span] = await ended(1)
  expect(span).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'error.type': 'aborted by peer' },
  })
  expect(span!.attributes).not.toHaveProperty('http.response.status_code')
})
