// oxlint-disable unicorn/no-thenable -- handlers may return what they like
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  AbortedError,
  type Context,
  type Handler,
  HttpError,
  Reply,
  type ServerOptions,
  abortedIn,
} from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { type Message, get, muteErrors, onlyReply, replies, turn } from '../support.ts'

const errors = muteErrors()

async function answer(handler: Handler, options: ServerOptions = {}): Promise<Message> {
  const client = testServer(handler, options).connect()
  client.send(get('/where'))
  await turn(4)
  expect(client.state).toBe('open')
  return onlyReply(client.received)
}

function fails(): never {
  throw new Error('fails')
}

/** A handler that fails in each of the ways there are. */
const ways: readonly (readonly [string, (error: unknown) => Handler])[] = [
  [
    'thrown',
    (error) => () => {
      throw error
    },
  ],
  [
    'rejected',
    (error) => async () => {
      throw error
    },
  ],
  [
    'rejected later',
    (error) => async () => {
      await turn()
      throw error
    },
  ],
]

describe.each(ways)('an error, %s', (_, failing) => {
  it('becomes 500 without details, and is printed', async () => {
    const error = new Error('secret')
    const reply = await answer(failing(error))
    expect(reply.status).toBe(500)
    expect(reply.body).toBe('Internal Server Error\n')
    expect(reply.fields.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(errors.calls.flat()).toContain(error)
    expect(errors.calls.flat().join(' ')).toContain('GET /where')
  })

  it.each([undefined, null, 'text', 42, Symbol('s'), {}, { status: 200 }, { status: '404' }, { status: 404.5 }, []])(
    'that is %s: 500 without details',
    async (thrown) => {
      const reply = await answer(failing(thrown))
      expect([reply.status, reply.body]).toEqual([500, 'Internal Server Error\n'])
    },
  )

  it.each<[string, () => unknown]>([
    ['has a status that fails', () => Object.defineProperty({}, 'status', { get: fails })],
    ['cannot be printed', () => Object.defineProperty(new Error('x'), 'stack', { get: fails })],
    ['cannot be looked at', () => new Proxy({}, { get: fails, getPrototypeOf: fails })],
  ])('that %s: 500, not the end of the process', async (__, make) => {
    const reply = await answer(failing(make()))
    expect([reply.status, reply.body]).toEqual([500, 'Internal Server Error\n'])
  })

  it('HttpError: its status, message and fields', async () => {
    const error = new HttpError(429, 'Slow down')
    error.headers.set('Retry-After', '5')
    const reply = await answer(failing(error))
    expect([reply.status, reply.body, reply.fields.get('retry-after')]).toEqual([429, 'Slow down\n', '5'])
    expect(errors.calls).toEqual([])
  })

  it('HttpError with fields of its own type', async () => {
    const error = new HttpError(404, '{}')
    error.headers.set('content-type', 'application/json')
    expect((await answer(failing(error))).fields.get('content-type')).toBe('application/json')
  })

  it('HttpError of a server error: no message unless it is exposed, and printed', async () => {
    const hidden = await answer(failing(new HttpError(503, 'database down')))
    expect([hidden.status, hidden.body]).toEqual([503, 'Service Unavailable\n'])
    expect(errors.calls).toHaveLength(1)
    const shown = await answer(failing(new HttpError(503, 'Back soon', { expose: true })))
    expect(shown.body).toBe('Back soon\n')
  })

  it('HttpError of a client error that is not to be exposed', async () => {
    const reply = await answer(failing(new HttpError(404, 'no row 5', { expose: false })))
    expect([reply.status, reply.body]).toEqual([404, 'Not Found\n'])
  })

  it('of the same shape from elsewhere is understood', async () => {
    const reply = await answer(failing(Object.assign(new Error('from a copy'), { status: 409, expose: true })))
    expect([reply.status, reply.body]).toEqual([409, 'from a copy\n'])
  })
})

describe('HttpError', () => {
  it.each([200, 399, 600, 0, Number.NaN])('%d is no error status', (status) => {
    expect(() => new HttpError(status)).toThrow(RangeError)
    expect(() => new HttpError(String(status) as never)).toThrow(TypeError)
  })

  it('has a code, a cause, and exposes messages below 500 only', () => {
    const cause = new Error('why')
    const error = new HttpError(404, 'x', { cause })
    expect(error).toMatchObject({ name: 'HttpError', code: 'HTTP_404', status: 404, message: 'x', expose: true, cause })
    expect(new HttpError(500, 'x')).toMatchObject({ expose: false })
    expect(new HttpError(404)).toMatchObject({ expose: false, message: 'HTTP 404' })
    expect(new HttpError(404, 'x', { code: 'NO_ROW', expose: false })).toMatchObject({ code: 'NO_ROW', expose: false })
    expect(error).toBeInstanceOf(Error)
  })

  it('AbortedError says who and is an answer, too', () => {
    const statuses = (['peer', 'timeout', 'handler', 'shutdown'] as const).map((by) => new AbortedError(by, 'x').status)
    expect(statuses).toEqual([400, 408, 500, 503])
    expect(new AbortedError('peer', 'x')).toMatchObject({ name: 'AbortError', by: 'peer', code: 'ABORTED_BY_PEER' })
  })
})

describe('a result that is no reply', () => {
  it.each([undefined, null, 'text', 42, {}, { status: 200 }, []])('%j: 500', async (result) => {
    expect((await answer((() => result) as unknown as Handler)).status).toBe(500)
    expect((await answer((async () => result) as unknown as Handler)).status).toBe(500)
    expect(errors.calls.flat().join(' ')).toContain('neither a Reply nor a Response')
  })

  it.each<[string, () => unknown]>([
    ['whose `then` throws', () => ({ then: fails })],
    ['whose `then` cannot be read', () => Object.defineProperty({}, 'then', { get: fails })],
    ['that cannot be looked at', () => new Proxy({}, { get: fails, getPrototypeOf: fails })],
    [
      'whose `then` rejects and throws',
      () => ({
        then: (_: unknown, no: (e: unknown) => void) => {
          no('x')
          fails()
        },
      }),
    ],
  ])('%s: 500, not the end of the process', async (_, make) => {
    expect((await answer(make as unknown as Handler)).status).toBe(500)
    expect((await answer((async () => make()) as unknown as Handler)).status).toBe(500)
  })

  it('a thenable that calls back twice is answered once', async () => {
    const client = testServer(((c: Context) => ({
      then: (yes: (reply: Reply) => void) => {
        yes(c.text(c.path))
        yes(c.text('again'))
      },
    })) as unknown as Handler).connect()
    client.send(get('/1') + get('/2'))
    await turn(4)
    expect(replies(client.received).map(({ body }) => body)).toEqual(['/1', '/2'])
  })

  it('a thenable is awaited', async () => {
    const thenable = { then: (resolve: (reply: Reply) => void) => resolve(new Reply('then')) }
    expect((await answer((() => thenable) as unknown as Handler)).body).toBe('then')
  })

  it('a Response is a reply', async () => {
    const reply = await answer(() => new Response('abc', { status: 201, headers: { 'x-a': '1' } }))
    expect([reply.status, reply.body, reply.fields.get('x-a')]).toEqual([201, 'abc', '1'])
    expect((await answer(async () => Response.json({ a: 1 }))).body).toBe('{"a":1}')
  })

  it('Response.error() is none: 500', async () => {
    expect((await answer(() => Response.error())).status).toBe(500)
  })
})

const broken: Handler = () => {
  throw new HttpError(404, 'gone')
}

describe('onError', () => {
  const handlers: readonly (readonly [
    string,
    (reply: (c: Context) => Reply) => NonNullable<ServerOptions['onError']>,
  ])[] = [
    ['sync', (reply) => (_, c) => reply(c!)],
    ['async', (reply) => async (_, c) => reply(c!)],
  ]

  it.each(handlers)('%s: its reply is the answer', async (_, make) => {
    const onError = make((c) => c.json({ path: c.path }, 418))
    const reply = await answer(broken, { onError })
    expect([reply.status, reply.body]).toEqual([418, '{"path":"/where"}'])
    expect(errors.calls).toEqual([])
  })

  it('is told the error and the context', async () => {
    const seen: unknown[] = []
    await answer(broken, { onError: (error, c) => void seen.push((error as HttpError).code, c?.path) })
    expect(seen).toEqual(['HTTP_404', '/where'])
  })

  it.each<[string, NonNullable<ServerOptions['onError']>]>([
    ['sync', () => {}],
    ['async', async () => {}],
  ])('%s: nothing leaves it to the default', async (_, onError) => {
    const reply = await answer(broken, { onError })
    expect([reply.status, reply.body]).toEqual([404, 'gone\n'])
  })

  it('a Response of it is an answer', async () => {
    const reply = await answer(broken, { onError: () => new Response('r', { status: 410 }) })
    expect([reply.status, reply.body]).toEqual([410, 'r'])
  })

  it.each<[string, NonNullable<ServerOptions['onError']>]>([
    [
      'sync',
      () => {
        throw new Error('second')
      },
    ],
    ['async', () => Promise.reject(new Error('second'))],
  ])('%s: one that fails itself is a 500, printed', async (_, onError) => {
    const reply = await answer(broken, { onError })
    expect([reply.status, reply.body]).toEqual([500, 'Internal Server Error\n'])
    expect(errors.calls.flat()).toContainEqual(new Error('second'))
  })

  it('a reply of it that cannot be sent is a 500', async () => {
    expect((await answer(broken, { onError: () => new Reply('x', 1000) })).status).toBe(500)
  })
})

describe('errors stay where they happened', () => {
  it('the connection goes on, and the requests behind are answered', () => {
    const client = testServer((c) => {
      if (c.path === '/bad') throw new Error('x')
      return c.text('good')
    }).connect()
    client.send(get('/bad') + get('/good') + get('/bad') + get('/good'))
    expect(replies(client.received).map((m) => m.status)).toEqual([500, 200, 500, 200])
    expect(client.state).toBe('open')
  })

  it('an error after the reply has begun never writes a second head (RFC 9112 §9.3)', async () => {
    const t = testServer((c) =>
      c.stream(
        (async function* () {
          yield 'a'
          await turn()
          throw new HttpError(404, 'too late')
        })(),
      ),
    )
    const client = t.connect()
    client.send(get())
    await turn(6)
    expect(onlyReply(client.received)).toMatchObject({ status: 200, body: 'a', complete: false })
    expect(client.state).toBe('closed')
  })

  it('a rejection after the client has gone is nobody’s', async () => {
    const t = testServer(async () => {
      await turn()
      throw new Error('late')
    })
    const client = t.connect()
    client.send(get())
    client.reset()
    await turn(6)
    expect(client.received).toBe('')
    expect(t.server.stats.open).toBe(0)
  })
})

const wait = (signal: AbortSignal): Promise<unknown> => sleep(60_000, undefined, { signal })

describe('what a function of Node throws because `c.signal` has aborted', () => {
  it.each<[string, Handler]>([
    ['by a handler', async (c) => c.text(String(await wait(c.signal)))],
    [
      'by content',
      (c) =>
        new Reply(
          (async function* () {
            yield 'a'
            await wait(c.signal)
          })(),
        ),
    ],
  ])('%s is no error when the client has gone', async (_, handler) => {
    const told: unknown[] = []
    const t = testServer(handler, { onError: (error) => void told.push(error) })
    const client = t.connect()
    client.send(get())
    await turn(4)
    client.end()
    await turn(6)
    expect(client.state).toBe('closed')
    expect(told).toEqual([])
  })

  it('is what it stands for: the answer, and no failure that is printed', async () => {
    const { status, body } = await answer(async (c) => {
      c.abort(new AbortedError('timeout', 'Too late'))
      return c.text(String(await wait(c.signal)))
    })
    expect([status, body]).toEqual([408, 'Too late\n'])
    expect(errors.calls).toEqual([])
  })

  it('is told from other errors', () => {
    const aborted = new AbortedError('peer', 'gone')
    const named = Object.assign(new Error('aborted', { cause: aborted }), { name: 'AbortError' })
    expect(abortedIn(aborted)).toBe(aborted)
    expect(abortedIn(named)).toBe(aborted)
    const foreign = {
      get name() {
        throw new Error('foreign')
      },
    }
    const others = [new Error('failed', { cause: aborted }), new DOMException('mine', 'AbortError'), foreign, null, 1]
    for (const other of others) expect(abortedIn(other)).toBe(undefined)
  })
})
