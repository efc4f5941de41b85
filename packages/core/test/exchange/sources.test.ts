import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Handler, Reply, type Server, type ServerOptions, dropSource, guarded, serve } from '../../src/index.ts'
import { rawClient } from '../support.ts'

// An error that nobody handles fails the whole run: what is not asserted here is that there is none.

let server: Server | undefined

afterEach(async () => {
  await server?.close({ deadline: 0 })
  server = undefined
})

async function start(handler: Handler, options: ServerOptions = {}): Promise<{ errors: unknown[] }> {
  const errors: unknown[] = []
  server = await serve(handler, { onError: (error) => void errors.push(error), ...options, port: 0 })
  return { errors }
}

const ask = async (path: string, init?: RequestInit): Promise<Response> => fetch(`${server!.url}${path}`, init)

/** A file that is not there, opened when it is too late to say so. */
const missing = (): Readable => createReadStream('/nowhere/at/all')

const code = (error: unknown): unknown => (error as NodeJS.ErrnoException).code

describe('a source that fails and is never read', () => {
  it.each([
    ['HEAD', 'HEAD', 200],
    ['204', 'GET', 204],
    ['304', 'GET', 304],
  ])('of a reply to %s is reported, and the client is answered', async (_, method, status) => {
    const { errors } = await start((c) => c.stream(missing(), { status }))
    expect((await ask('/', { method })).status).toBe(status)
    await vi.waitFor(() => expect(errors.map(code)).toEqual(['ENOENT']))
  })

  it('behind a layer that waits is an error of the reply', async () => {
    const { errors } = await start(async (c) => {
      const reply = c.stream(missing())
      await new Promise((resolve) => setTimeout(resolve, 50))
      return reply
    })
    await ask('/')
      .then((r) => r.text())
      .catch(() => {})
    expect(errors.map(code)).toEqual(['ENOENT'])
  })

  it('of a reply that another one replaces hurts nobody', async () => {
    await start(async (c) => {
      const reply = c.stream(missing())
      reply.body = missing()
      await new Promise((resolve) => setTimeout(resolve, 50))
      return c.text('instead')
    })
    expect(await (await ask('/')).text()).toBe('instead')
  })

  it('of a reply that comes after the client has gone is reported', async () => {
    let answer!: () => void
    const gone = new Promise<void>((resolve) => (answer = resolve))
    const { errors } = await start(async (c) => {
      c.signal.addEventListener('abort', () => answer())
      await gone
      return c.stream(missing())
    })
    const client = rawClient(server!)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await new Promise((resolve) => setTimeout(resolve, 50))
    client.destroy()
    await vi.waitFor(() => expect(errors.map(code)).toEqual(['ENOENT']))
  })
})

describe('content that cannot even be looked at', () => {
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error('looked at')
      },
      getPrototypeOf: () => {
        throw new Error('looked at')
      },
      has: () => {
        throw new Error('looked at')
      },
    },
  ) as never

  it('is an error of the handler', async () => {
    const { errors } = await start((c) => c.stream(hostile))
    expect((await ask('/')).status).toBe(500)
    expect(errors).toHaveLength(1)
  })

  it('is let go of in silence', () => {
    expect(() => dropSource(hostile, undefined)).not.toThrow()
    expect(new Reply(hostile).body).toBe(hostile)
  })
})

it('trailers that are promised are an error, also when the promise is broken', async () => {
  const { errors } = await start((c) => {
    const reply = c.stream(Readable.from(['a']))
    reply.trailers = (() => Promise.reject(new Error('broken'))) as never
    return reply
  })
  await ask('/')
    .then((r) => r.text())
    .catch(() => {})
  expect(errors.map(String)).toEqual(['TypeError: `trailers` must return fields, not a promise of them'])
})

describe('content that a failed handler has begun to read', () => {
  const ways: Record<string, (c: Parameters<Handler>[0]) => unknown> = {
    'body.bytes': (c) => c.body.bytes(),
    'body.text': (c) => c.body.text(),
    'body.json': (c) => c.body.json(),
    'body.stream': (c) => c.body.stream().getReader().read(),
    'body.stream, piped': (c) => c.body.stream().pipeTo(new WritableStream()),
    'body.stream, branched': (c) => c.body.stream().tee()[1].getReader().read(),
    'body iterator': (c) => c.body[Symbol.asyncIterator]().next(),
    'request.json': (c) => c.request.json(),
    'request.text': (c) => c.request.text(),
    'request.arrayBuffer': (c) => c.request.arrayBuffer(),
    'a clone': (c) => c.request.clone().json(),
  }

  it.each(Object.entries(ways))('%s leaves no rejection behind when the client goes', async (_, read) => {
    await start(async (c) => {
      if (c.method === 'GET') return c.text('still here')
      void read(c)
      await new Promise((resolve) => setTimeout(resolve, 5))
      return c.text('no', { status: 401 })
    })
    const client = rawClient(server!)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{"a"')
    await vi.waitFor(() => expect(client.received).toContain('401'))
    client.destroy()
    expect(await (await ask('/')).text()).toBe('still here')
  })

  it('and that is no JSON leaves none behind either', async () => {
    await start(async (c) => {
      if (c.method === 'GET') return c.text('still here')
      void c.body.json()
      await new Promise((resolve) => setTimeout(resolve, 20))
      return c.text('no', { status: 401 })
    })
    expect((await ask('/', { method: 'POST', body: 'none' })).status).toBe(401)
    expect(await (await ask('/')).text()).toBe('still here')
  })
})

/** A callback that throws. */
const fail = (what: string) => (): never => {
  throw new Error(what)
}

describe('callbacks that fail', () => {
  it('of `done` are reported, also when it is over already', async () => {
    const { errors } = await start((c) => {
      c.done(() => {
        c.done(() => Promise.reject(new Error('late')))
        throw new Error('in time')
      })
      return c.text('fine')
    })
    await ask('/')
    await vi.waitFor(() => expect(errors.map((error) => (error as Error).message)).toEqual(['in time', 'late']))
  })

  it('of `signal` are reported', async () => {
    const { errors } = await start((c) => {
      c.signal.addEventListener('abort', fail('listener'))
      c.signal.addEventListener('abort', { handleEvent: fail('object') })
      c.signal.addEventListener('abort', () => Promise.reject(new Error('async listener')))
      // oxlint-disable-next-line unicorn/prefer-add-event-listener -- what is tested
      c.signal.onabort = fail('onabort')
      const taken = fail('taken back')
      c.signal.addEventListener('abort', taken)
      c.signal.removeEventListener('abort', taken)
      return new Promise(() => {})
    })
    const client = rawClient(server!)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await new Promise((resolve) => setTimeout(resolve, 50))
    client.destroy()
    await vi.waitFor(() =>
      expect(errors.map((error) => (error as Error).message).toSorted()).toEqual([
        'async listener',
        'listener',
        'object',
        'onabort',
      ]),
    )
  })

  it('of the new owner of a connection cut it, and nothing else', async () => {
    const { errors } = await start((c) => {
      if (c.path === '/') return c.text('still here')
      return c.upgrade(
        (transport) => {
          transport.attach({
            onData: () => {
              throw new Error('sink')
            },
            onDrain: () => {},
            onEnd: () => {},
            onClose: () => {
              throw new Error('close')
            },
          })
        },
        { Upgrade: 'mine' },
      )
    })
    const client = rawClient(server!)
    client.send('GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: mine\r\n\r\n')
    await client.saw(/101/)
    client.send('hello')
    await client.ended.catch(() => {})
    expect(await (await ask('/')).text()).toBe('still here')
    expect(errors.map((error) => (error as Error).message)).toEqual(['sink', 'close'])
  })

  it('are reported whatever they return', async () => {
    const seen: unknown[] = []
    const report = (error: unknown): void => void seen.push((error as Error).message)
    guarded(() => Promise.reject(new Error('rejected')), report)
    guarded(() => {
      throw new Error('thrown')
    }, report)
    guarded(
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- what is tested
        get then() {
          throw new Error('looked at')
        },
      }),
      report,
    )
    guarded(
      // oxlint-disable-next-line unicorn/no-thenable -- what is tested
      () => ({ then: (_: unknown, no: (error: unknown) => void) => (no(new Error('own')), no(new Error('twice'))) }),
      report,
    )
    await vi.waitFor(() => expect(seen.map(String).toSorted()).toEqual(['looked at', 'own', 'rejected', 'thrown']))
  })
})

describe('what is printed', () => {
  it.each(['/?%c', '/?%j', '/?%s%d%i%f%o%O', '/?%%'])('has %s in it as it was sent', async (target) => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    server = await serve(
      () => {
        throw new Error('boom')
      },
      { port: 0 },
    )
    await ask(target)
    expect(printed.mock.calls[0]).toEqual(['%s:', `GET ${target}`, expect.any(Error)])
    printed.mockRestore()
  })

  it('survives an error that cannot be shown', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    server = await serve(
      () => {
        throw Object.assign(new Error('boom'), {
          [Symbol.for('nodejs.util.inspect.custom')]: () => {
            throw new Error('not to be shown')
          },
        })
      },
      { port: 0 },
    )
    expect((await ask('/')).status).toBe(500)
    printed.mockRestore()
  })
})
