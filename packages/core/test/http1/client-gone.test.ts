import { describe, expect, it } from 'vitest'
import { type Context, type Outcome, type Reply, serve } from '../../src/index.ts'
import { get, onlyReply, rawClient, turn, until } from '../support.ts'
import { server } from './deadlines-support.ts'

/** A stream that says something, then nothing, and tells when it is cancelled. */
function quiet(c: Context, cancelled: () => void): Reply {
  return c.stream(
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from('x')),
      cancel: cancelled,
    }),
  )
}

async function* trickle(steps: readonly number[], next: () => Promise<void>): AsyncGenerator<string> {
  for (const step of steps) {
    yield String(step)
    await next()
  }
}

describe('a client that has ended its side (timeouts.halfClosed)', () => {
  it('and left: an idle stream is cancelled, the outcome says peer', async () => {
    let cancelled = 0
    const outcomes: Outcome[] = []
    const t = server((c) => {
      c.done((outcome) => outcomes.push(outcome))
      return quiet(c, () => cancelled++)
    })
    const client = t.connect()
    client.send(get())
    await turn()
    client.end()
    t.advance(10_000)
    await turn()
    expect([cancelled, client.state]).toEqual([0, 'open'])
    t.advance(500)
    await turn()
    expect([cancelled, client.state, t.server.stats.open]).toEqual([1, 'closed', 0])
    expect(outcomes).toMatchObject([{ kind: 'aborted', by: 'peer', status: 200 }])
  })

  it('and waits: its answer comes, also when it trickles for longer', async () => {
    let release!: () => void
    const steps = Array.from({ length: 5 }, (_, i) => i)
    const next = (): Promise<void> => new Promise((resolve) => (release = resolve))
    const t = server((c) => c.stream(trickle(steps, next)))
    const client = t.connect()
    client.send(get())
    client.end()
    for (const _ of steps) {
      await turn()
      t.advance(8000)
      release()
    }
    await turn()
    expect(onlyReply(client.received).body).toBe('01234')
    expect(client.state).toBe('closed')
  })

  it('counts from the request on that is answered behind the end, and 0 waits for ever', async () => {
    const t = server(() => new Promise(() => {}), { halfClosed: 0 })
    const client = t.connect()
    client.send(get())
    client.end()
    t.advance(100_000)
    await turn()
    expect(client.state).toBe('open')
  })

  it('over a socket', async () => {
    let cancelled = 0
    const at = await serve((c) => quiet(c, () => cancelled++), { port: 0, timeouts: { halfClosed: 100 } })
    const client = rawClient(at)
    client.send(get())
    await client.saw(/x/)
    client.end()
    await until(() => at.stats.open === 0)
    expect(cancelled).toBe(1)
    await at.close()
  })
})

describe('a tunnel (timeouts.tunnel)', () => {
  it('that is silent for too long is cut; one that moves is not', async () => {
    const t = server(
      (c) =>
        c.upgrade((tunnel) => tunnel.attach({ onData() {}, onDrain() {}, onEnd() {}, onClose() {} }), { upgrade: 'x' }),
      {
        tunnel: 10_000,
      },
    )
    const client = t.connect()
    client.send(get('/', 'Connection: upgrade\r\nUpgrade: x\r\n'))
    for (let i = 0; i < 4; i++) {
      t.advance(6000)
      client.send('still here')
    }
    await turn()
    expect(client.state).toBe('open')
    t.advance(21_000)
    await turn()
    expect(client.state).toBe('closed')
  })
})
