import { describe, expect, it } from 'vitest'
import { AbortedError, type Context, type Outcome, type Reply } from '../../src/index.ts'
import { expectAt, hello, server, slack } from './deadlines-support.ts'
import { get, muteErrors, onlyReply, post, request, statuses, turn } from '../support.ts'

muteErrors()

const limit = 15_000

interface Seen {
  signal: AbortSignal | undefined
  readonly outcomes: Outcome[]
}

/** A handler, and what its exchange learns. */
function watched(handler: (c: Context) => Reply | Promise<Reply>): [(c: Context) => Reply | Promise<Reply>, Seen] {
  const seen: Seen = { signal: undefined, outcomes: [] }
  return [
    (c) => {
      seen.signal = c.signal
      c.done((outcome) => seen.outcomes.push(outcome))
      return handler(c)
    },
    seen,
  ]
}

describe('a request as a whole', () => {
  it('may take as long as it likes, unless it is told otherwise', async () => {
    const t = server(() => new Promise(() => {}))
    const client = t.connect()
    client.send(get())
    t.advance(10_000_000)
    await turn()
    expect([client.state, client.received]).toEqual(['open', ''])
  })

  it('that waits for its handler is answered 503, and what comes later is dropped', async () => {
    let cancelled = 0
    const late = new ReadableStream({ cancel: () => void cancelled++ })
    const [handler, seen] = watched(
      (c) => new Promise((resolve) => c.signal.addEventListener('abort', () => resolve(c.stream(late)))),
    )
    const t = server(handler, { request: limit })
    const client = t.connect()
    client.send(get() + get())
    await expectAt(t, client, limit)
    const reply = onlyReply(client.received)
    expect([reply.status, reply.fields.get('connection')]).toEqual([503, 'close'])
    expect(seen.signal!.reason).toBeInstanceOf(AbortedError)
    expect((seen.signal!.reason as AbortedError).by).toBe('timeout')
    await turn()
    expect(seen.outcomes).toEqual([{ kind: 'sent', status: 503, bytes: client.received.length }])
    expect(cancelled).toBe(1)
  })

  it('that is still coming is answered 408, and the reader learns of it', async () => {
    let reason: unknown
    const [handler, seen] = watched(async (c) => {
      try {
        return c.text(await c.body.text())
      } catch (error) {
        reason = error
        throw error
      }
    })
    const t = server(handler, { request: limit })
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 100000\r\n'))
    for (let passed = 0; passed < limit + slack; passed += 1000) {
      client.send('x'.repeat(1000))
      await turn()
      t.advance(1000)
    }
    await turn()
    expect(onlyReply(client.received)).toMatchObject({ status: 408, complete: true })
    expect(reason).toBe(seen.signal!.reason)
    expect(client.state).toBe('ended')
  })

  it('whose reply has begun is cut', async () => {
    const [handler, seen] = watched((c) =>
      c.stream(
        (async function* () {
          yield 'a'
          await new Promise(() => {})
        })(),
      ),
    )
    const t = server(handler, { request: limit })
    const client = t.connect()
    client.send(get())
    await turn()
    await expectAt(t, client, limit, 'closed')
    expect(onlyReply(client.received)).toMatchObject({ body: 'a', complete: false })
    expect(seen.outcomes).toMatchObject([{ kind: 'aborted', by: 'timeout' }])
  })

  it('has a time of its own, which ends with its reply', async () => {
    const t = server(async (c) => c.text(await c.body.text()), { request: limit })
    const client = t.connect()
    for (let i = 0; i < 3; i++) {
      const wire = post('abc')
      client.send(wire.slice(0, -1))
      t.advance(4000)
      client.send('c')
      await turn()
      t.advance(limit - 1000)
      await turn()
    }
    expect(statuses(client.received)).toEqual([200, 200, 200])
    expect(client.state).toBe('open')
  })

  it('that was answered while its content goes on to come is bounded by the others', async () => {
    const t = server(hello, { request: limit, bodyIdle: 4 * limit })
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 100000\r\n'))
    for (let passed = 0; passed < 2 * limit; passed += 1000) {
      client.send('x'.repeat(1000))
      t.advance(1000)
    }
    await turn()
    expect([client.state, statuses(client.received)]).toEqual(['open', [200]])
  })
})
