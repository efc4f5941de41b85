import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Closed, type Context, type Outcome, type Reply } from '../../src/index.ts'
import { type MemoryClient, type TestServer, testServer } from '../../src/testing.ts'
import { get, muteErrors, request, turn } from '../support.ts'

muteErrors()

// The deadline of `close` is a timer of the process; everything else runs on the server's clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** Begins a shutdown and tells whether it has ended. */
function closing(t: TestServer, deadline = 10_000): { readonly result: () => Closed | undefined } {
  let result: Closed | undefined
  void t.server.close({ deadline }).then((closed) => (result = closed))
  return { result: () => result }
}

function handler(c: Context): Reply | Promise<Reply> {
  if (c.path === '/upgrade') return c.upgrade(() => {}, { upgrade: 'x' })
  if (c.path === '/idle') return c.text('x')
  if (c.path === '/stream')
    return c.stream(
      (async function* () {
        yield 'a'
        await new Promise(() => {})
      })(),
    )
  return c.path === '/hang' ? new Promise(() => {}) : c.body.text().then((text) => c.text(text))
}

describe('at its deadline shutdown cuts what is left', () => {
  const states: readonly (readonly [string, (client: MemoryClient) => void])[] = [
    ['silent', () => {}],
    ['idle', (client) => client.send(get('/idle'))],
    ['half a head', (client) => client.send('GET')],
    ['in its content', (client) => client.send(request('POST', '/', 'Content-Length: 5\r\n'))],
    ['in its handler', (client) => client.send(get('/hang'))],
    ['streaming', (client) => client.send(get('/stream'))],
    [
      'not reading',
      (client) => {
        client.stall()
        client.send(get('/idle'))
      },
    ],
    ['lingering', (client) => client.send(get('/idle', 'Connection: close\r\n'))],
    ['upgraded', (client) => client.send(get('/upgrade', 'Connection: upgrade\r\nUpgrade: x\r\n'))],
  ]

  it.each(states)('%s', async (_, bring) => {
    const t = testServer(handler)
    const client = t.connect()
    bring(client)
    await turn()
    const { result } = closing(t, 1000)
    await turn()
    expect(client.state).not.toBe('closed')
    vi.advanceTimersByTime(1001)
    await turn()
    expect(['closed', 'reset']).toContain(client.state)
    expect(result()).toEqual({ drained: 0, killed: 1 })
    expect(t.server.stats.open).toBe(0)
  })

  it('the exchange knows: signal and done say shutdown', async () => {
    const outcomes: Outcome[] = []
    let signal: AbortSignal | undefined
    const t = testServer((c) => {
      signal = c.signal
      c.done((outcome) => outcomes.push(outcome))
      return new Promise<Reply>(() => {})
    })
    t.connect().send(get())
    closing(t, 1000)
    await turn()
    expect(signal!.aborted).toBe(false)
    vi.advanceTimersByTime(1001)
    await turn()
    expect(outcomes).toMatchObject([{ kind: 'aborted', by: 'shutdown', bytes: 0 }])
    expect(signal!.aborted).toBe(true)
  })

  it('those that ended before are counted as drained', async () => {
    const t = testServer(handler)
    const quick = t.connect()
    t.connect()
    t.connect()
    const { result } = closing(t, 1000)
    quick.end()
    await turn()
    vi.advanceTimersByTime(1001)
    await turn()
    expect(result()).toEqual({ drained: 1, killed: 2 })
  })
})

describe('close', () => {
  it.each([Infinity, 2 ** 31])('with a deadline of %d waits for the last', async (deadline) => {
    const t = testServer(handler)
    const client = t.connect()
    client.send(get('/hang'))
    const { result } = closing(t, deadline)
    await turn()
    vi.advanceTimersByTime(86_400_000)
    await turn()
    expect([result(), client.state]).toEqual([undefined, 'open'])
    client.reset()
    await turn()
    expect(result()).toEqual({ drained: 1, killed: 0 })
  })

  it('without connections ends at once', async () => {
    expect(await testServer((c) => c.text('x')).server.close()).toEqual({ drained: 0, killed: 0 })
  })

  it('twice is the same shutdown', async () => {
    const t = testServer((c) => c.text('x'))
    expect(t.server.close()).toBe(t.server.close({ deadline: 5 }))
    await t.server[Symbol.asyncDispose]()
  })
})
