import { AsyncLocalStorage, executionAsyncResource } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT_CONTEXT, context as active } from '@opentelemetry/api'
import { AsyncHooksContextManager, AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { afterEach, describe, expect, it } from 'vitest'
import { type Handler, Reply, type Server, type ServerOptions, channels, serve } from '../../src/index.ts'
import type { Transport } from '../../src/transport/transport.ts'
import { MachineClient } from '../http2/machine-client.ts'
import { type Protocol, ask, protocols } from '../both-protocols.ts'
import { deferred, get, muteErrors, rawClient, turn, until } from '../support.ts'

muteErrors()

const store = new AsyncLocalStorage<string>()

let server: Server | undefined
afterEach(async () => {
  await server?.close({ deadline: 0 })
  server = undefined
})

/** The ways in which something gets into the context of a handler. */
const ways: readonly (readonly [name: string, put: (inner: Handler) => Handler])[] = [
  ['run', (inner) => (c) => store.run('mine', () => inner(c))],
  [
    'enterWith',
    (inner) => (c) => {
      store.enterWith('mine')
      return inner(c)
    },
  ],
  ['run behind an await', (inner) => async (c) => (await sleep(1), store.run('mine', () => inner(c)))],
]

async function* failing(): AsyncGenerator<string> {
  yield 'a'
  await sleep(1)
  throw new Error('x')
}

function threePieces(asked: () => void): ReadableStream<Uint8Array> {
  let left = 3
  const pull = (controller: ReadableStreamDefaultController): void => {
    asked()
    if (left-- > 0) controller.enqueue(Buffer.from('a'))
    else controller.close()
  }
  return new ReadableStream({ pull }, { highWaterMark: 0 })
}

/** A client that leaves when it has seen something of the reply. */
async function leave(protocol: Protocol, handler: Handler, options: ServerOptions = {}): Promise<void> {
  server = await serve(handler, { port: 0, http2: true, ...options })
  if (protocol === 'HTTP/2') {
    const client = new MachineClient(server.port)
    const stream = client.request('GET', '/')
    await until(() => client.got(stream).body !== '')
    client.socket.resetAndDestroy()
    return
  }
  const client = rawClient(server)
  client.send(get())
  await client.saw(/a/)
  client.reset()
}

describe.each(protocols)('what core calls later is called where it was registered, over %s', (protocol) => {
  describe.each(ways)('%s', (way, put) => {
    it('the source of content, its generator and its end', async () => {
      const seen: unknown[] = []
      const note = (): unknown => seen.push(store.getStore())
      const handler = put((c) =>
        c.stream(
          (async function* () {
            note()
            yield 'a'
            note()
            await sleep(1)
            yield 'b'.repeat(600_000)
            note()
          })(),
        ),
      )
      const { body } = await ask(protocol, handler)
      expect([body.length, seen]).toEqual([600_001, ['mine', 'mine', 'mine']])
    })

    it('streams of the web, and trailers', async () => {
      const seen: unknown[] = []
      const handler = put((c) => {
        const reply = c.stream(threePieces(() => seen.push(store.getStore())))
        reply.trailers = () => ({ X: String(store.getStore()) })
        return reply
      })
      expect((await ask(protocol, handler)).trailers.get('x')).toBe('mine')
      expect(seen).toEqual(['mine', 'mine', 'mine', 'mine'])
    })

    it('the outcome, the end of the source and listeners on the signal, when a client leaves', async () => {
      const seen: Record<string, unknown> = {}
      const note = (name: string) => (): void => void (seen[name] = store.getStore())
      const handler = put((c) => {
        c.done(note('done'))
        c.signal.addEventListener('abort', note('listener'))
        // oxlint-disable-next-line unicorn/prefer-add-event-listener -- it is what is tried
        c.signal.onabort = note('onabort')
        c.request.signal.addEventListener('abort', note('request.signal'))
        AbortSignal.any([c.signal]).addEventListener('abort', note('any'))
        let first = true
        return c.stream({
          [Symbol.asyncIterator]: () => ({
            next: () => {
              if (!first) return new Promise<never>(() => {})
              first = false
              return Promise.resolve({ value: 'a' })
            },
            return: () => {
              note('return')()
              return Promise.resolve({ done: true as const, value: undefined })
            },
          }),
        })
      })
      await leave(protocol, handler)
      await until(() => Object.keys(seen).length === 6)
      // What follows the signal by itself is called in the exchange, and `run` is within that.
      const { any, ...own } = seen
      const all = { done: 'mine', listener: 'mine', onabort: 'mine', return: 'mine', 'request.signal': 'mine' }
      expect(own).toEqual(all)
      expect(any).toBe(way === 'enterWith' ? 'mine' : undefined)
    })

    it('the outcome of a reply that was sent', async () => {
      const seen = deferred<unknown>()
      const handler = put((c) => {
        c.done(() => seen.resolve(store.getStore()))
        return c.text('a')
      })
      await ask(protocol, handler)
      expect(await seen.promise).toBe('mine')
    })

    it('the word that the server shuts down', async () => {
      const seen = deferred<unknown>()
      const handler = put((c) => {
        c.onShutdown(() => seen.resolve(store.getStore()))
        return c.stream(
          (async function* () {
            yield 'a'
            await seen.promise
          })(),
        )
      })
      server = await serve(handler, { port: 0, http2: true })
      const response = await fetch(server.url)
      void server.close()
      expect(await seen.promise).toBe('mine')
      expect(await response.text()).toBe('a')
    })

    it('onError, when the source fails behind its first piece', async () => {
      const seen: unknown[] = []
      const handler = put((c) => c.stream(failing()))
      await ask(protocol, handler, { onError: () => void seen.push(store.getStore()) })
      expect(seen).toEqual(['mine'])
    })

    it('onError, when the source fails before it', async () => {
      const seen: unknown[] = []
      const handler = put((c) =>
        c.stream({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('x')) }) }),
      )
      await ask(protocol, handler, { onError: () => void seen.push(store.getStore()) })
      expect(seen).toEqual(['mine'])
    })

    it('the content of a request, piece by piece', async () => {
      const seen = new Set<unknown>()
      const handler = put(async (c) => {
        for await (const piece of c.body) seen.add(piece.length > 0 && store.getStore())
        return c.text(await Promise.resolve(String(store.getStore())))
      })
      const { body } = await ask(protocol, handler, { method: 'POST', pieces: ['abc', 'abc', 'abc'] })
      expect([body, ...seen]).toEqual(['mine', 'mine'])
    })
  })
})

describe('a connection that was taken over', () => {
  it.each(ways)('tells its owner where it was attached: %s', async (_, put) => {
    const seen: Record<string, unknown> = {}
    const note = (name: string): void => void (seen[name] = store.getStore())
    const handler = put((c) =>
      c.upgrade(
        (transport: Transport) => {
          note('take')
          transport.attach({
            onData: () => {
              note('data')
              transport.write('a')
              transport.flushed(() => note('flushed'))
            },
            onDrain: () => {},
            onEnd: () => {
              note('end')
              transport.end()
            },
            onClose: () => note('close'),
          })
        },
        { Upgrade: 'x' },
      ),
    )
    server = await serve(handler, { port: 0 })
    const client = rawClient(server)
    client.send(get('/', 'Connection: Upgrade\r\nUpgrade: x\r\n'))
    await client.saw(/\r\n\r\n/)
    client.send('x')
    await client.saw(/a$/)
    client.end()
    await until(() => 'close' in seen)
    expect(seen).toEqual({ take: 'mine', data: 'mine', flushed: 'mine', end: 'mine', close: 'mine' })
  })
})

describe.each(protocols)('nothing is left for the next exchange of a connection, over %s', (protocol) => {
  const found: unknown[] = []
  const leaving: readonly (readonly [name: string, handler: Handler])[] = [
    ['enterWith', (c) => (store.enterWith('left'), c.text('a'))],
    ['enterWith, later', async (c) => (await sleep(1), store.enterWith('left'), c.text('a'))],
    [
      'in a source',
      (c) =>
        c.stream(
          (async function* () {
            store.enterWith('left')
            yield 'a'
            await sleep(1)
            store.enterWith('left')
            yield 'b'
          })(),
        ),
    ],
    ['in done', (c) => (c.done(() => store.enterWith('left')), c.text('a'))],
    ['run, and a reply from within', (c) => store.run('left', async () => (await sleep(1), c.text('a')))],
    ['as a property', (c) => (Object.assign(executionAsyncResource(), { mark: 1 }), c.text('a'))],
  ]

  it.each(leaving)('%s', async (_, handler) => {
    found.length = 0
    server = await serve(
      (c) => {
        found.push(store.getStore(), (executionAsyncResource() as { mark?: unknown }).mark)
        return handler(c)
      },
      { port: 0, http2: true },
    )
    if (protocol === 'HTTP/2') {
      const client = new MachineClient(server.port)
      const streams = [client.request('GET', '/'), client.request('GET', '/')]
      for (const stream of streams) await client.all(stream)
      await client.all(client.request('GET', '/'))
      client.socket.destroy()
    } else {
      const client = rawClient(server)
      client.send(get() + get())
      await until(() => found.length === 4)
      await turn()
      client.send(get('/', 'Connection: close\r\n'))
      await client.ended
    }
    expect(found).toEqual([undefined, undefined, undefined, undefined, undefined, undefined])
  })

  it('what was there where the server was made is found', async () => {
    await store.run('outer', async () => {
      const { body } = await ask(protocol, (c) => c.text(String(store.getStore())))
      expect(body).toBe('outer')
    })
  })
})

describe.each(protocols)('OpenTelemetry, over %s', (protocol) => {
  const key = Symbol('key')

  it.each([
    ['by AsyncLocalStorage', () => new AsyncLocalStorageContextManager()],
    ['by hooks', () => new AsyncHooksContextManager()],
  ])('finds its context in sources and outcomes: %s', async (_, make) => {
    const manager = make().enable()
    active.setGlobalContextManager(manager)
    try {
      const seen: unknown[] = []
      const note = (): unknown => seen.push(active.active().getValue(key))
      const ended = deferred()
      const handler: Handler = (c) =>
        active.with(ROOT_CONTEXT.setValue(key, 'span'), () => {
          c.done(() => {
            note()
            ended.resolve()
          })
          return c.stream(
            (async function* () {
              note()
              yield 'a'
              await sleep(1)
              note()
              yield 'b'
            })(),
          )
        })
      await ask(protocol, handler)
      await ended.promise
      expect(seen).toEqual(['span', 'span', 'span'])
    } finally {
      active.disable()
      manager.disable()
    }
  })
})

describe.each(protocols)('channels.request with a store, over %s', (protocol) => {
  it('is where all of an exchange runs', async () => {
    const seen: unknown[] = []
    const spans = new AsyncLocalStorage<string>()
    channels.request.bindStore(spans, ({ context, exchange }) => `${context.method} ${context.path} ${exchange}`)
    const ended = deferred()
    try {
      const note = (): unknown => seen.push(spans.getStore())
      const handler: Handler = async (c) => {
        note()
        c.done(() => {
          note()
          ended.resolve()
        })
        await sleep(1)
        throw new Error('x')
      }
      const onError = (): Reply => {
        note()
        return new Reply('wrong', 500)
      }
      await ask(protocol, handler, { onError })
      await ended.promise
    } finally {
      channels.request.unbindStore(spans)
    }
    expect(seen).toEqual(['GET / 1', 'GET / 1', 'GET / 1'])
  })
})
