import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { type BodySource, type Context, type Outcome, type ServerOptions } from '../../src/index.ts'
import { type MemoryClient, type TestServer, testServer } from '../../src/testing.ts'
import { deferred, get, muteErrors, onlyReply, turn, until } from '../support.ts'

const errors = muteErrors()
const piece = 'x'.repeat(20_000)

/** A source of each kind that counts what is asked of it. */
interface Probe {
  readonly source: BodySource
  readonly pulled: () => number
  readonly ended: () => boolean
}

/** @param count pieces until the source ends; @param fail the error it ends with. */
type Make = (count: number, fail?: Error) => Probe

const kinds: readonly (readonly [string, Make])[] = [
  [
    'ReadableStream',
    (count, fail) => {
      let pulled = 0
      let ended = false
      const source = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            if (pulled < count) {
              pulled++
              controller.enqueue(Buffer.from(piece))
            } else if (fail) controller.error(fail)
            else controller.close()
          },
          cancel() {
            ended = true
          },
        },
        { highWaterMark: 0 },
      )
      return { source, pulled: () => pulled, ended: () => ended }
    },
  ],
  [
    'async generator',
    (count, fail) => {
      let pulled = 0
      let ended = false
      const source = (async function* () {
        try {
          while (pulled < count) {
            pulled++
            yield piece
          }
          if (fail) throw fail
        } finally {
          ended = true
        }
      })()
      return { source, pulled: () => pulled, ended: () => ended }
    },
  ],
  [
    'Readable',
    (count, fail) => {
      let pulled = 0
      const source = new Readable({
        highWaterMark: 1,
        read() {
          if (pulled < count) {
            pulled++
            this.push(Buffer.from(piece))
          } else if (fail) this.destroy(fail)
          else this.push(null)
        },
      })
      return { source, pulled: () => pulled, ended: () => source.destroyed }
    },
  ],
]

interface Running {
  readonly t: TestServer
  readonly client: MemoryClient
  readonly signal: AbortSignal
  readonly outcomes: Outcome[]
}

/** Starts a reply from a source. */
async function start(
  source: BodySource,
  options: { head?: string; stall?: number; options?: ServerOptions } = {},
): Promise<Running> {
  const outcomes: Outcome[] = []
  let signal: AbortSignal | undefined
  const t = testServer((c: Context) => {
    signal = c.signal
    c.done((outcome) => outcomes.push(outcome))
    return c.stream(source)
  }, options.options)
  const client = t.connect()
  if (options.stall !== undefined) client.stall(options.stall)
  client.send(options.head ?? get())
  await turn(10)
  return { t, client, signal: signal!, outcomes }
}

describe.each(kinds)('a reply from a %s', (_, make) => {
  it('waits for a client that does not take it, and goes on when it does', async () => {
    const { source, pulled } = make(50)
    const { client, outcomes } = await start(source, { stall: 100_000 })
    const held = pulled()
    expect(held).toBeGreaterThan(0)
    expect(held).toBeLessThan(20)
    await turn(10)
    expect(pulled()).toBe(held)
    client.stall(100_000)
    client.drain()
    await turn(120)
    expect(pulled()).toBe(50)
    expect(onlyReply(client.received)).toMatchObject({ complete: true })
    expect(onlyReply(client.received).body.length).toBe(50 * piece.length)
    expect(outcomes).toEqual([{ kind: 'sent', status: 200, bytes: client.received.length }])
  })

  it('stalls again as often as the client does', async () => {
    const { source, pulled } = make(40)
    const { client } = await start(source, { stall: 0 })
    const seen = [pulled()]
    for (let i = 0; i < 3; i++) {
      client.drain()
      client.stall(0)
      await turn(10)
      seen.push(pulled())
    }
    expect(new Set(seen).size).toBe(4)
    expect(seen[3]!).toBeLessThan(40)
    client.drain()
    await turn(120)
    expect(onlyReply(client.received).complete).toBe(true)
  })

  it.each(['reset', 'write timeout', 'shutdown'])(
    'is cancelled at its source by a %s of the connection',
    async (how) => {
      const { source, ended, pulled } = make(1_000_000)
      const { client, t, signal, outcomes } = await start(source, { stall: 100_000 })
      expect(ended()).toBe(false)
      if (how === 'reset') client.reset()
      else if (how === 'shutdown') await t.server.close({ deadline: 0 })
      else t.advance(80_000)
      await turn()
      const before = pulled()
      expect(ended()).toBe(true)
      expect(signal.aborted).toBe(true)
      const by = how === 'reset' ? 'peer' : how === 'shutdown' ? 'shutdown' : 'timeout'
      expect(outcomes).toMatchObject([{ kind: 'aborted', by }])
      expect((signal.reason as { by: string }).by).toBe(by)
      await turn()
      expect(pulled()).toBe(before)
    },
  )

  it('that fails after its first byte is cut: no last chunk (RFC 9112 §8)', async () => {
    const { source } = make(2, new Error('source failed'))
    const { client, outcomes, signal } = await start(source, { head: get() + get() })
    const reply = onlyReply(client.received)
    expect(reply.complete).toBe(false)
    expect(reply.body.length).toBe(2 * piece.length)
    expect(client.state).toBe('closed')
    expect(outcomes).toEqual([
      { kind: 'aborted', status: 200, by: 'handler', bytes: client.received.length, error: new Error('source failed') },
    ])
    expect(signal.aborted).toBe(true)
    expect(errors.calls.flat()).toContainEqual(new Error('source failed'))
  })

  it('that fails in 1.0 is reset: an orderly end would make it complete (RFC 9112 §8)', async () => {
    const { source } = make(2, new Error('source failed'))
    const { client } = await start(source, { head: get('/', '', '1.0') })
    expect(client.state).toBe('reset')
  })

  it('that is done leaves its source alone', async () => {
    const { source } = make(3)
    const { client, signal, outcomes } = await start(source)
    client.reset()
    await turn()
    expect(signal.aborted).toBe(false)
    expect(outcomes).toEqual([{ kind: 'sent', status: 200, bytes: client.received.length }])
  })
})

describe('streams', () => {
  it.each<[string, (cancelled: () => void) => BodySource]>([
    ['ReadableStream', (cancel) => new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}), cancel })],
    ['Readable', (cancel) => new Readable({ read() {} }).once('close', cancel)],
  ])('a %s that has nothing to give is cancelled at once when the client goes', async (_, make) => {
    let cancelled = 0
    const { client, outcomes } = await start(make(() => void cancelled++))
    expect(cancelled).toBe(0)
    client.reset()
    await turn()
    expect(cancelled).toBe(1)
    expect(outcomes).toMatchObject([{ kind: 'aborted', by: 'peer' }])
  })

  it('the head leaves before a first piece that takes its time', async () => {
    const first = deferred()
    const { client } = await start(
      (async function* () {
        await first.promise
        yield 'a'
      })(),
    )
    await until(() => client.received.endsWith('\r\n\r\n'))
    expect(onlyReply(client.received).complete).toBe(false)
    first.resolve()
    await turn(4)
    expect(onlyReply(client.received)).toMatchObject({ body: 'a', complete: true })
  })

  it('each piece leaves in the turn it comes in', async () => {
    const steps = [deferred(), deferred(), deferred()]
    const { client } = await start(
      (async function* () {
        for (const [i, step] of steps.entries()) {
          await step.promise
          yield `${i}`
        }
      })(),
    )
    for (const [i, step] of steps.entries()) {
      step.resolve()
      await turn()
      expect(onlyReply(client.received).body).toBe('012'.slice(0, i + 1))
    }
  })

  it('pieces of one turn leave in one write', async () => {
    const { client } = await start(
      (async function* () {
        for (let i = 0; i < 100; i++) yield 'abc'
      })(),
    )
    expect(onlyReply(client.received).body).toBe('abc'.repeat(100))
    expect(client.writes).toBeLessThan(4)
  })

  it('a source that fails while it is cancelled harms nobody', async () => {
    const source = new ReadableStream<Uint8Array>({
      cancel() {
        throw new Error('cannot cancel')
      },
    })
    const { client, t } = await start(source)
    client.reset()
    await turn()
    expect(t.server.stats.open).toBe(0)
  })
})

/** A source that says whether it was offered the last piece for the next. */
function asking(pieces: number, size: number): { source: BodySource; offered: boolean[] } {
  const offered: boolean[] = []
  let last: Uint8Array | undefined
  const iterator = {
    next(spare?: Uint8Array) {
      if (last) offered.push(spare === last)
      if (offered.length === pieces) return Promise.resolve({ done: true as const, value: undefined })
      return Promise.resolve({ value: (last = new Uint8Array(size)) })
    },
  }
  return { source: { [Symbol.asyncIterator]: () => iterator }, offered }
}

describe('a source gets its bytes back', () => {
  it('when they have left, and only then', async () => {
    const { source, offered } = asking(3, 100_000)
    const { client } = await start(source, { stall: 150_000 })
    expect(offered).toEqual([true])
    client.stall(10_000)
    await turn(10)
    expect(offered).toEqual([true])
    client.drain()
    await turn(20)
    expect(offered).toEqual([true, true, true])
    expect(onlyReply(client.received).complete).toBe(true)
  })

  it('never while they wait for the end of the turn', async () => {
    const { source, offered } = asking(3, 100)
    await start(source)
    expect(offered).toEqual([false, false, false])
  })
})
