import { describe, expect, it } from 'vitest'
import { AbortedError, type Context, type Outcome, Reply } from '../../src/index.ts'
import { type MemoryClient, type TestServer, testServer } from '../../src/testing.ts'
import { watching } from './lifecycle-support.ts'
import { deferred, get, muteErrors, onlyReply, post, replies, request, turn } from '../support.ts'

const errors = muteErrors()

describe('success', () => {
  it('done tells how many bytes left, signal stays silent', async () => {
    const { t, seen } = watching((c) => c.text('abc'))
    const client = t.connect()
    client.send(get())
    await turn()
    expect(seen[0]!.outcomes).toEqual([{ kind: 'sent', status: 200, bytes: client.received.length }])
    client.reset()
    await turn()
    t.advance(200_000)
    await t.server.close({ deadline: 0 })
    expect(seen[0]!.aborts).toEqual([])
    expect(seen[0]!.signal.aborted).toBe(false)
    expect(seen[0]!.outcomes).toHaveLength(1)
  })

  it('of a HEAD, an interim reply before, content of several kinds: bytes are those on the wire', async () => {
    const { t, seen } = watching(async (c) => {
      await c.body.text()
      return c.path === '/utf8' ? c.text('é€') : c.path === '/bytes' ? new Reply(new Uint8Array(7)) : c.text('abc')
    })
    const sizes: number[] = []
    const client = t.connect()
    for (const wire of [get('/utf8'), get('/bytes'), request('HEAD', '/'), post('x')]) {
      const before = client.received.length
      client.send(wire)
      await turn()
      sizes.push(client.received.length - before)
    }
    expect(seen.map((watched) => watched.outcomes)).toEqual(
      sizes.map((bytes) => [{ kind: 'sent', status: 200, bytes }]),
    )
  })

  it('bytes of pipelined replies are each reply’s own', async () => {
    const outcomes: Outcome[] = []
    const t = testServer((c) => {
      c.done((outcome) => outcomes.push(outcome))
      return c.text('x')
    })
    const client = t.connect()
    client.send(get().repeat(3))
    await turn()
    expect(outcomes.map(({ bytes }) => bytes)).toEqual(Array.from({ length: 3 }, () => client.received.length / 3))
  })

  it('is told only when the bytes have left', async () => {
    const { t, seen } = watching(() => new Reply('x'.repeat(1000)))
    const client = t.connect()
    client.stall(10)
    client.send(get())
    await turn()
    expect(seen[0]!.outcomes).toEqual([])
    client.drain()
    await turn()
    expect(seen[0]!.outcomes).toEqual([{ kind: 'sent', status: 200, bytes: client.received.length }])
  })

  it('a callback that comes later is called at once', async () => {
    const { t, seen } = watching((c) => c.text('abc'))
    const client = t.connect()
    client.send(get())
    await turn()
    let late: Outcome | undefined
    seen[0]!.context.done((outcome) => (late = outcome))
    expect(late).toEqual({ kind: 'sent', status: 200, bytes: client.received.length })
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken callback')
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken callback'))],
  ])('a callback that %s is reported and harms nobody, and the others are called', async (_, broken) => {
    let called = 0
    const t = testServer((c) => {
      c.done(broken)
      c.done(() => void called++)
      return c.text('abc')
    })
    const client = t.connect()
    client.send(get() + get())
    await turn()
    expect(replies(client.received)).toHaveLength(2)
    expect(called).toBe(2)
    expect(client.state).toBe('open')
    expect(errors.calls.flat().filter((error) => /broken callback/.test(String(error)))).toHaveLength(2)
  })

  it('what a callback throws is reported with its request', async () => {
    const reported: unknown[] = []
    const t = testServer(
      (c) => {
        c.done(() => {
          throw new Error('broken callback')
        })
        return c.text('abc')
      },
      { onError: (error, c) => void reported.push(String(error), c?.path) },
    )
    t.connect().send(get('/mine'))
    await turn()
    expect(reported).toEqual(['Error: broken callback', '/mine'])
  })

  it('an error reply was sent, too', async () => {
    const { t, seen } = watching(() => {
      throw new Error('x')
    })
    const client = t.connect()
    client.send(get())
    await turn()
    expect(onlyReply(client.received).status).toBe(500)
    expect(seen[0]!.outcomes).toEqual([{ kind: 'sent', status: 500, bytes: client.received.length }])
    expect(seen[0]!.aborts).toEqual([])
  })
})

/** Ways for an exchange to be cut while its handler works. */
const cuts: readonly (readonly [string, AbortedError['by'], (t: TestServer, client: MemoryClient) => unknown])[] = [
  ['the client resets', 'peer', (_, client) => client.reset()],
  ['shutdown passes its deadline', 'shutdown', (t) => t.server.close({ deadline: 0 })],
]

it('a reply that is complete stays a success when the client ends its side before it has read it', async () => {
  let context: Context | undefined
  const t = testServer((c) => {
    context = c
    return c.text('x')
  })
  const client = t.connect()
  client.stall()
  client.send(get())
  const { signal } = context!
  client.end()
  await turn()
  expect(signal.aborted).toBe(false)
  client.drain()
  await turn()
  expect(onlyReply(client.received).complete).toBe(true)
})

it('the first reason stays', async () => {
  let context: Context | undefined
  const t = testServer((c) => {
    context = c
    return new Promise<Reply>(() => {})
  })
  const client = t.connect()
  client.send(get())
  client.end()
  await t.server.close({ deadline: 0 })
  await turn()
  expect((context!.signal.reason as AbortedError).by).toBe('peer')
})

describe.each(cuts)('%s', (_, by, cut) => {
  it('before the reply: signal and done say so, once, with no bytes', async () => {
    const late = deferred()
    const { t, seen } = watching(async (c) => {
      await late.promise
      return c.text('late')
    })
    const client = t.connect()
    client.send(get())
    await cut(t, client)
    await turn()
    expect(seen[0]!.aborts).toHaveLength(1)
    expect(seen[0]!.aborts[0]).toBeInstanceOf(AbortedError)
    expect(seen[0]!.aborts[0]!.by).toBe(by)
    expect(seen[0]!.outcomes).toMatchObject([{ kind: 'aborted', status: 0, by, bytes: 0 }])
    late.resolve()
    await turn()
    expect(seen[0]!.outcomes).toHaveLength(1)
    expect(client.received).toBe('')
  })

  it('in the middle of the content: what left is counted', async () => {
    const { t, seen } = watching((c) =>
      c.stream(
        (async function* () {
          yield 'abc'
          await new Promise(() => {})
        })(),
      ),
    )
    const client = t.connect()
    client.send(get())
    await turn()
    await cut(t, client)
    await turn()
    expect(seen[0]!.outcomes).toMatchObject([{ kind: 'aborted', status: 200, by, bytes: client.received.length }])
    expect(seen[0]!.aborts).toHaveLength(1)
  })

  it('while the last bytes wait: they were not sent', async () => {
    const { t, seen } = watching(() => new Reply('x'.repeat(1000)))
    const client = t.connect()
    client.stall(10)
    client.send(get())
    await turn()
    await cut(t, client)
    await turn()
    expect(seen[0]!.outcomes).toHaveLength(1)
    expect(seen[0]!.outcomes[0]!.kind).toBe('aborted')
  })

  it('a signal asked for afterwards is aborted', async () => {
    let context: Context | undefined
    const t = testServer((c) => {
      context = c
      return new Promise<Reply>(() => {})
    })
    const client = t.connect()
    client.send(get())
    await cut(t, client)
    await turn()
    expect(context!.signal.aborted).toBe(true)
    expect((context!.signal.reason as AbortedError).by).toBe(by)
  })

  it('a read of the content fails with the reason', async () => {
    let failed: unknown
    const { t } = watching(async (c) => {
      await c.body.text().catch((error: unknown) => (failed = error))
      return c.text('x')
    })
    const client = t.connect()
    client.send(`${request('POST', '/', 'Content-Length: 10\r\n')}abc`)
    await turn()
    await cut(t, client)
    await turn()
    expect(failed).toBeInstanceOf(AbortedError)
    expect((failed as AbortedError).by).toBe(by)
  })

  it('content that is first touched afterwards is no empty success (RFC 9112 §8)', async () => {
    const late = deferred()
    let result: unknown
    const { t } = watching(async (c) => {
      await late.promise
      result = await c.body.text().catch((error: unknown) => error)
      return c.text('x')
    })
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 5\r\n'))
    await cut(t, client)
    await turn()
    late.resolve()
    await turn()
    expect(result).toBeInstanceOf(AbortedError)
  })

  it('requests behind it are never handled', async () => {
    const { t, seen } = watching(() => new Promise<Reply>(() => {}))
    const client = t.connect()
    client.send(get() + get())
    await cut(t, client)
    await turn()
    expect(seen).toHaveLength(1)
  })
})
