import { describe, expect, it } from 'vitest'
import { type Outcome, Reply } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { deferred, get, muteErrors, onlyReply, replies, turn } from '../support.ts'

muteErrors()

describe('replies at the client’s pace', () => {
  it('a large fixed content is paced as well, and cut as truthfully', async () => {
    const outcomes: Outcome[] = []
    const t = testServer((c) => {
      c.done((outcome) => outcomes.push(outcome))
      return new Reply(Buffer.alloc(4_000_000, 'x'))
    })
    const client = t.connect()
    client.stall(300_000)
    client.send(get())
    await turn(6)
    client.drain()
    client.stall(300_000)
    await turn(6)
    client.reset()
    await turn()
    expect(outcomes).toMatchObject([{ kind: 'aborted', by: 'peer' }])
    expect(outcomes[0]!.bytes).toBeLessThan(3_000_000)
    expect(outcomes[0]!.bytes).toBeGreaterThan(100_000)
  })

  it('a reply that comes after the client has gone is cancelled unread', async () => {
    const late = deferred()
    let cancelled = 0
    const source = new ReadableStream<Uint8Array>({ cancel: () => void cancelled++ }, { highWaterMark: 0 })
    const t = testServer(async (c) => {
      await late.promise
      return c.stream(source)
    })
    const client = t.connect()
    client.send(get())
    client.reset()
    await turn()
    late.resolve()
    await turn()
    expect(cancelled).toBe(1)
    expect(client.received).toBe('')
  })

  it('a slow reader of one connection does not hold up another', async () => {
    const t = testServer((c) => new Reply(c.path === '/large' ? 'x'.repeat(2_000_000) : 'small'))
    const [slow, quick] = [t.connect(), t.connect()]
    slow.stall(1000)
    slow.send(get('/large'))
    await turn()
    quick.send(get())
    expect(replies(quick.received)).toHaveLength(1)
    slow.drain()
    await turn(20)
    expect(onlyReply(slow.received).complete).toBe(true)
  })
})
