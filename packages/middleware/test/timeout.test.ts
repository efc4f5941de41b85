import { AbortedError } from '@spillway/core'
import { router } from '@spillway/middleware/router'
import { type TimeoutOptions, timeout } from '@spillway/middleware/timeout'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { open } from './wire.ts'
import { send, start } from './server.ts'

/** A promise and the end of it. */
function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((fulfil, fail) => ([resolve, reject] = [fulfil, fail]))
  return { promise, resolve, reject }
}

describe('timeout', () => {
  test('aborts the work with a reason and answers 503', async () => {
    const reasons: unknown[] = []
    const app = router()
      .use(timeout(20))
      .get('/', (c) => {
        const { signal } = c
        return new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason)
            reject(signal.reason as Error)
          })
        })
      })
    const { status, content, headers } = await send(await start(app), 'GET', '/')
    expect([status, headers.get('content-type')]).toEqual([503, 'application/problem+json'])
    expect(JSON.parse(content.toString())).toMatchObject({ status: 503, code: 'TIMEOUT' })
    expect(reasons).toHaveLength(1)
    expect(reasons[0]).toBeInstanceOf(AbortedError)
    expect(reasons[0]).toMatchObject({ by: 'timeout', message: 'No reply within 20 ms' })
  })

  test('leaves alone what is in time, also when it takes longer to stream', async () => {
    const signals: AbortSignal[] = []
    const app = router()
      .use(timeout(200), (c, next) => (signals.push(c.signal), next()))
      .get('/now', (c) => c.text('now'))
      .get('/soon', async (c) => c.text('soon'))
      .get('/stream', async (c) =>
        c.stream(
          (async function* () {
            yield 'a'
            await new Promise((resolve) => setTimeout(resolve, 400))
            yield 'b'
          })(),
        ),
      )
      .get('/fail', () => Promise.reject(new Error('broken')))
    const server = await start(app, { onError: (_, c) => c?.text('sorry', 500) })
    const contents: string[] = []
    for (const path of ['/now', '/soon', '/stream', '/fail'])
      contents.push((await send(server, 'GET', path)).content.toString())
    expect(contents).toEqual(['now', 'soon', 'ab', 'sorry'])
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false, false])
  })

  test('drops the reply that comes too late, and cancels its stream', async () => {
    const late = deferred<void>()
    const cancelled = deferred<unknown>()
    const app = router()
      .use(timeout(20, { status: 504 }))
      .get('/', async (c) => {
        await late.promise
        return c.stream(new ReadableStream({ cancel: cancelled.resolve }))
      })
    const { status } = await send(await start(app), 'GET', '/')
    expect(status).toBe(504)
    late.resolve()
    expect(await cancelled.promise).toMatchObject({ by: 'timeout' })
  })

  test('fails content that is still read, and keeps what is behind it out of the next request', async () => {
    const failed = deferred<unknown>()
    const app = router()
      .use(timeout(50))
      .post('/', async (c) => {
        try {
          return c.text(await c.body.text())
        } catch (error) {
          failed.resolve(error)
          throw error
        }
      })
    const server = await start(app)
    const socket = open(server, 'POST /', ['Content-Length: 10'])
    onTestFinished(() => void socket.destroy())
    let received = ''
    socket.write('half')
    socket.setEncoding('latin1').on('data', (text: string) => (received += text))
    expect(await failed.promise).toMatchObject({ by: 'timeout' })
    await vi.waitFor(() => expect(received).toMatch(/^HTTP\/1\.1 503 [^]*TIMEOUT/))
  })

  test('reports what late work fails with, unless it is the abort', async () => {
    const works = [deferred<never>(), deferred<never>(), deferred<never>()]
    const onError = vi.fn<NonNullable<TimeoutOptions['onError']>>()
    const app = router()
      .use(timeout(10, { onError }))
      .get('/:i', (c) => works[Number(c.params.i)]!.promise)
    const server = await start(app)
    const statuses: number[] = []
    for (const path of ['/0', '/1', '/2']) statuses.push((await send(server, 'GET', path)).status)
    expect(statuses).toEqual([503, 503, 503])
    works[0]!.reject(new DOMException('This operation was aborted', 'AbortError'))
    works[1]!.reject(new AbortedError('timeout', 'another one'))
    const error = new Error('broken')
    works[2]!.reject(error)
    await vi.waitFor(() => expect(onError).toHaveBeenCalled())
    expect(onError.mock.calls.map(([reported, c]) => [reported, c.path])).toEqual([[error, '/2']])
  })

  test('ends with a client that has gone, without a reply', async () => {
    const begun = deferred<void>()
    const aborted = deferred<unknown>()
    const outcome = deferred<unknown>()
    const app = router()
      .use(timeout(60_000))
      .get('/', (c) => {
        begun.resolve()
        c.done(outcome.resolve)
        c.signal.addEventListener('abort', () => aborted.resolve(c.signal.reason))
        return new Promise<never>(() => {})
      })
    const socket = open(await start(app), 'GET /')
    await begun.promise
    socket.resetAndDestroy()
    expect(await aborted.promise).toMatchObject({ by: 'peer' })
    expect(await outcome.promise).toMatchObject({ kind: 'aborted', by: 'peer' })
  })

  test.each([0, -1, Number.NaN, Infinity, 2 ** 31])('refuses %d ms', (ms) => {
    expect(() => timeout(ms)).toThrow(RangeError)
  })
})
