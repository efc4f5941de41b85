import { describe, expect, it } from 'vitest'
import { AbortedError, type Context, HttpError, type ServerOptions, type TransportSink } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { deferred, get, muteErrors, onlyReply, replies, request, turn } from '../support.ts'

const errors = muteErrors()

const sink: TransportSink = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} }

describe('onAbort', () => {
  it('tells why the client is gone, as the signal does, and at once when it is', async () => {
    const seen: unknown[] = []
    const late = deferred()
    const t = testServer(async (c) => {
      c.onAbort((reason) => seen.push(reason))
      await late.promise
      c.onAbort((reason) => seen.push(reason))
      seen.push(c.signal.reason)
      return c.text('late')
    })
    const client = t.connect()
    client.send(get())
    await turn()
    expect(seen).toEqual([])
    client.end()
    await turn()
    late.resolve()
    await turn(4)
    expect(seen).toHaveLength(3)
    expect(seen[0]).toMatchObject({ name: 'AbortError', by: 'peer' })
    expect(new Set(seen).size).toBe(1)
  })

  it('tells in the order in which callbacks came, and goes on when one throws', async () => {
    const seen: number[] = []
    const t = testServer((c) => {
      c.onAbort(() => {
        seen.push(1)
        throw new Error('broken callback')
      })
      c.onAbort(() => seen.push(2))
      c.abort(new AbortedError('timeout', 'enough'))
      c.onAbort(() => seen.push(3))
      return c.text('done')
    })
    const client = t.connect()
    client.send(get())
    await turn()
    expect(seen).toEqual([1, 2, 3])
    expect(onlyReply(client.received).body).toBe('done')
    expect(errors.calls).toEqual([['%s:', 'GET /', new Error('broken callback')]])
  })

  it('tells nothing of an exchange that is over', async () => {
    let told = 0
    const t = testServer((c) => {
      c.onAbort(() => told++)
      return c.text('done')
    })
    const client = t.connect()
    client.send(get())
    await turn()
    client.end()
    await turn()
    expect(told).toBe(0)
  })
})

describe('onShutdown', () => {
  it('tells the exchange that is under way, so that an endless reply can end before the deadline', async () => {
    const end = deferred()
    const t = testServer((c) => {
      c.onShutdown(end.resolve)
      return c.stream(
        (async function* () {
          yield 'one'
          await end.promise
          yield 'last'
        })(),
      )
    })
    const client = t.connect()
    client.send(get())
    await turn()
    const closed = t.server.close()
    await turn(4)
    expect(onlyReply(client.received)).toMatchObject({ body: 'onelast', complete: true })
    client.end()
    expect(await closed).toEqual({ drained: 1, killed: 0 })
  })

  it('tells at once when shutdown has begun before, and nothing when the exchange is over', async () => {
    let told = 0
    const t = testServer((c) => {
      c.onShutdown(() => told++)
      return c.text('done')
    })
    const early = t.connect()
    early.send(get())
    await turn()
    const idle = t.connect()
    const closed = t.server.close({ deadline: 100 })
    expect(told).toBe(0)
    idle.send(get())
    await turn()
    expect(told).toBe(1)
    await closed
  })

  it('a callback that throws is reported and keeps the others from nothing', async () => {
    let told = 0
    const t = testServer((c) => {
      c.onShutdown(() => {
        throw new Error('broken callback')
      })
      c.onShutdown(() => told++)
      return new Promise(() => {})
    })
    t.connect().send(get())
    await turn()
    await t.server.close({ deadline: 10 })
    expect(told).toBe(1)
    expect(errors.calls.flat().join(' ')).toContain('broken callback')
  })

  it.each(['before', 'after'])('tells the owner of an upgraded connection, attached %s', async (when) => {
    let told = 0
    let attach!: () => void
    const t = testServer((c) =>
      c.upgrade(
        (transport) => {
          attach = () =>
            transport.attach({
              ...sink,
              onShutdown() {
                told++
                transport.destroy()
              },
            })
          if (when === 'before') attach()
        },
        { Upgrade: 'x' },
      ),
    )
    t.connect().send(get('/', 'Connection: Upgrade\r\nUpgrade: x\r\n'))
    const closed = t.server.close()
    if (when === 'after') attach()
    expect(await closed).toEqual({ drained: 1, killed: 0 })
    expect(told).toBe(1)
  })

  it('an upgrade during shutdown hears of it, once it can', async () => {
    const go = deferred()
    let told = 0
    const t = testServer(async (c) => {
      await go.promise
      return c.upgrade(
        (transport) =>
          transport.attach({
            ...sink,
            onShutdown() {
              told++
              transport.destroy()
            },
          }),
        { Upgrade: 'x' },
      )
    })
    t.connect().send(get('/', 'Connection: Upgrade\r\nUpgrade: x\r\n'))
    const closed = t.server.close()
    go.resolve()
    expect(await closed).toEqual({ drained: 1, killed: 0 })
    expect(told).toBe(1)
  })
})

const failing = (c: Context) => {
  c.errorHeaders.set('X-Policy', 'strict')
  c.errorHeaders.set('Vary', 'Origin')
  c.errorHeaders.set('Retry-After', '9')
  const error = new HttpError(429)
  error.headers.set('Retry-After', '1')
  throw c.path === '/plain' ? new Error('no answer') : error
}

async function answer(path: string, options: ServerOptions = {}) {
  const client = testServer(failing, options).connect()
  client.send(get(path))
  await turn()
  return onlyReply(client.received)
}

describe('errorHeaders', () => {
  it('are on the reply to an error, which keeps its own', async () => {
    const { status, fields } = await answer('/')
    expect([status, fields.get('x-policy'), fields.get('retry-after')]).toEqual([429, 'strict', '1'])
    expect((await answer('/plain')).fields.get('x-policy')).toBe('strict')
  })

  it.each([
    ['a reply', (c: Context) => c.text('mine', { status: 500, headers: { Vary: 'Accept' } })],
    ['a Response', () => new Response('mine', { status: 500, headers: { Vary: 'Accept' } })],
    ['a promise', async (c: Context) => c.text('mine', { status: 500, headers: { Vary: 'Accept' } })],
  ])('are added to what onError made: %s', async (_, make) => {
    const { body, fields } = await answer('/plain', { onError: (_error, c) => make(c!) })
    expect([body, fields.get('x-policy')]).toEqual(['mine', 'strict'])
    expect(fields.get('vary')?.toLowerCase()).toMatch(/^accept, ?origin$/)
  })

  it('are not on the reply of a handler that did not fail', async () => {
    const t = testServer((c) => {
      c.errorHeaders.set('X-Policy', 'strict')
      return c.text('fine')
    })
    const client = t.connect()
    client.send(get())
    expect(replies(client.received)[0]!.fields.has('x-policy')).toBe(false)
  })
})

describe('c.abort', () => {
  it('stops the work and leaves the reply to whoever stopped it', async () => {
    const reason = new AbortedError('timeout', 'too long')
    const seen: unknown[] = []
    const t = testServer((c) => {
      c.signal.addEventListener('abort', () => seen.push(c.signal.reason))
      c.body.text().catch((error: unknown) => seen.push(error))
      c.done((outcome) => seen.push(outcome.kind))
      c.abort(reason)
      c.abort(new AbortedError('handler', 'once is enough'))
      return c.text('late', 503)
    })
    const client = t.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na')
    await turn()
    expect(client.received).toMatch(/^HTTP\/1\.1 503 [^]*late$/)
    expect(seen.filter((what) => what === reason)).toHaveLength(2)
    expect(seen).toContain('sent')
    client.send('bcGET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await turn()
    expect(client.received.match(/HTTP\/1\.1 503/g)).toHaveLength(2)
  })

  it('fails content that is first touched afterwards, too', async () => {
    const reason = new AbortedError('timeout', 'enough')
    let read: unknown
    const t = testServer(async (c) => {
      c.abort(reason)
      read = await c.body.text().catch((error: unknown) => error)
      return c.text('x')
    })
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 3\r\n'))
    await turn()
    expect(read).toBe(reason)
    expect(onlyReply(client.received).status).toBe(200)
  })

  it('does nothing once the exchange is over', async () => {
    let signal: AbortSignal | undefined
    const t = testServer((c) => {
      signal = c.signal
      c.done(() => c.abort(new AbortedError('timeout', 'too late')))
      return c.text('sent')
    })
    t.connect().send(get('/'))
    await turn()
    expect(signal!.aborted).toBe(false)
  })
})
