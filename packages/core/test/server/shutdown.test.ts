import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Closed, type Context, type Outcome, Reply } from '../../src/index.ts'
import { type MemoryClient, type TestServer, testServer } from '../../src/testing.ts'
import { deferred, get, muteErrors, onlyReply, post, replies, request, statuses, turn } from '../support.ts'

muteErrors()

// The deadline of `close` is a timer of the process; everything else runs on the server's clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const grace = 500
const linger = 2000

/** Begins a shutdown and tells whether it has ended. */
function closing(t: TestServer, deadline = 10_000): { readonly result: () => Closed | undefined } {
  let result: Closed | undefined
  void t.server.close({ deadline }).then((closed) => (result = closed))
  return { result: () => result }
}

/** Waits for the handler: its answer comes when `go` is resolved. */
function held(): { answer: (c: Context) => Promise<Reply>; go: () => void; outcomes: Outcome[] } {
  const go = deferred()
  const outcomes: Outcome[] = []
  return {
    answer: async (c) => {
      c.done((outcome) => outcomes.push(outcome))
      await go.promise
      return c.text(await c.body.text())
    },
    go: go.resolve,
    outcomes,
  }
}

async function expectGone(t: TestServer, client: MemoryClient, result: () => Closed | undefined): Promise<void> {
  client.end()
  await turn()
  expect(client.state).toBe('closed')
  expect(t.server.stats.open).toBe(0)
  expect(result()).toEqual({ drained: 1, killed: 0 })
}

describe('shutdown meets a connection that', () => {
  it('is silent since accept: closed after a short grace', async () => {
    const t = testServer((c) => c.text('x'))
    const client = t.connect()
    const { result } = closing(t)
    await turn()
    expect(client.state).toBe('open')
    t.advance(grace + 500)
    await turn()
    expect(client.state).toBe('ended')
    expect(client.received).toBe('')
    await expectGone(t, client, result)
  })

  it('is idle after a reply: closed after a short grace', async () => {
    const t = testServer((c) => c.text('x'))
    const client = t.connect()
    client.send(get())
    const { result } = closing(t)
    t.advance(grace + 500)
    await turn()
    expect(client.state).toBe('ended')
    expect(replies(client.received)).toHaveLength(1)
    await expectGone(t, client, result)
  })

  it('is idle, with a request on its way: served, told to close (RFC 9112 §9.6)', async () => {
    for (const before of ['', get('/before')]) {
      const t = testServer((c) => c.text(c.path))
      const client = t.connect()
      client.send(before)
      closing(t)
      t.advance(grace / 2)
      client.send(get('/late'))
      const last = replies(client.received).at(-1)!
      expect([last.body, last.fields.get('connection')]).toEqual(['/late', 'close'])
      expect(client.state).toBe('ended')
    }
  })

  it('has sent half a head: the rest is awaited, answered, and the last', async () => {
    const t = testServer((c) => c.text(c.path))
    const client = t.connect()
    client.send(get('/half').slice(0, 10))
    const { result } = closing(t)
    t.advance(grace + 1000)
    expect(client.state).toBe('open')
    client.send(get('/half').slice(10) + get('/next'))
    expect(onlyReply(client.received).body).toBe('/half')
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    await expectGone(t, client, result)
  })

  it('has sent half a head and stops: 408 at the head deadline', async () => {
    const t = testServer((c) => c.text('x'), { timeouts: { head: 5000 } })
    const client = t.connect()
    client.send('GET')
    const { result } = closing(t)
    t.advance(5500)
    expect(onlyReply(client.received).status).toBe(408)
    await expectGone(t, client, result)
  })

  it('is sending content: it is read, answered, and the last', async () => {
    const { answer, go, outcomes } = held()
    const t = testServer(answer)
    const client = t.connect()
    client.send(post('abcdef').slice(0, -3))
    const { result } = closing(t)
    go()
    await turn()
    client.send(`def${get()}`)
    await turn()
    expect(onlyReply(client.received).body).toBe('abcdef')
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    expect(outcomes).toEqual([{ kind: 'sent', status: 200, bytes: client.received.length }])
    await expectGone(t, client, result)
  })

  it('holds its content back: it is asked for it, answered, and the last (RFC 9110 §10.1.1)', async () => {
    const go = deferred()
    const t = testServer(async (c) => {
      await go.promise
      return c.text(await c.body.text())
    })
    const client = t.connect()
    client.send(request('POST', '/', 'Expect: 100-continue\r\nContent-Length: 3\r\n'))
    const closed = t.server.close()
    go.resolve()
    await turn()
    expect(statuses(client.received)).toEqual([100])
    client.send('abc')
    await turn()
    const [, reply] = replies(client.received)
    expect([reply!.body, reply!.fields.get('connection')]).toEqual(['abc', 'close'])
    client.end()
    expect(await closed).toEqual({ drained: 1, killed: 0 })
  })

  it('waits for its handler: answered, and the last', async () => {
    const { answer, go, outcomes } = held()
    const t = testServer(answer)
    const client = t.connect()
    client.send(get())
    const { result } = closing(t)
    t.advance(9000)
    await turn()
    expect(client.received).toBe('')
    go()
    await turn()
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    expect(outcomes).toMatchObject([{ kind: 'sent' }])
    await expectGone(t, client, result)
  })

  it('is streaming a reply: it goes on to its end', async () => {
    const more = deferred()
    const t = testServer((c) =>
      c.stream(
        (async function* () {
          yield 'a'
          await more.promise
          yield 'b'
        })(),
      ),
    )
    const client = t.connect()
    client.send(get())
    await turn()
    const { result } = closing(t)
    t.advance(9000)
    more.resolve()
    await turn(4)
    expect(onlyReply(client.received)).toMatchObject({ body: 'ab', complete: true })
    expect(client.state).toBe('ended')
    await expectGone(t, client, result)
  })

  it('has pipelined requests: the one in hand is answered, and the last', async () => {
    const { answer, go } = held()
    const t = testServer(answer)
    const client = t.connect()
    client.send(get() + get() + get())
    const { result } = closing(t)
    go()
    await turn()
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    await expectGone(t, client, result)
  })

  it('has a reply done and unread content coming: it ends', async () => {
    const t = testServer((c) => c.text('x'))
    const client = t.connect()
    client.send(post('abcdef').slice(0, -3))
    expect(replies(client.received)).toHaveLength(1)
    const { result } = closing(t)
    client.send('def')
    await turn()
    expect(client.state).toBe('ended')
    await expectGone(t, client, result)
  })

  it('is lingering already: it goes on to its end', async () => {
    const t = testServer((c) => c.text('x'))
    const client = t.connect()
    client.send(get('/', 'Connection: close\r\n'))
    const { result } = closing(t)
    t.advance(linger + 500)
    expect(client.state).toBe('closed')
    await turn()
    expect(result()).toEqual({ drained: 1, killed: 0 })
  })

  it('has been turned away: the same', async () => {
    const t = testServer((c) => c.text('x'), { limits: { connections: 1 } })
    t.connect().end()
    t.connect()
    const { result } = closing(t)
    t.advance(linger + 500)
    await turn()
    t.advance(linger + 500)
    await turn()
    expect(result()?.killed).toBe(0)
    expect(t.server.stats.open).toBe(0)
  })

  it('does not read: it ends when it does', async () => {
    const t = testServer(() => new Reply('x'.repeat(1000)))
    const client = t.connect()
    client.stall(10)
    client.send(get())
    const { result } = closing(t)
    t.advance(9000)
    expect(result()).toBe(undefined)
    client.drain()
    await turn()
    expect(onlyReply(client.received).complete).toBe(true)
    expect(client.state).toBe('ended')
    await expectGone(t, client, result)
  })
})
