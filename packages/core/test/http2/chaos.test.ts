import { describe, expect, it } from 'vitest'
import type { Handler } from '../../src/index.ts'
import { events, muteErrors, record, until } from '../support.ts'
import { client, clients, endBehindEachTest, isServed, server, start } from './machine-server.ts'

muteErrors()
endBehindEachTest()

const block = Buffer.alloc(64 * 1024, 'x')

/** An application with something small, something large, and something that reads. */
const application: Handler = async (c) => {
  if (c.path === '/large')
    return c.stream(
      (async function* () {
        for (let i = 0; i < 100; i++) {
          yield block
          await Promise.resolve()
        }
      })(),
    )
  if (c.path === '/upload') return c.text(String((await c.body.bytes(1e9)).length))
  return c.text('small')
}

async function allGone(): Promise<void> {
  for (const { socket } of clients) socket.destroy()
  await until(() => server.stats.open === 0)
}

describe('clients in trouble, and clients who make some: everybody else is served', () => {
  it('many that ask for much and read nothing lose their streams first, and then their connections', async () => {
    await start(application, { timeouts: { writeStall: 1000, keepAlive: 500, linger: 200 } })
    const seen = await record(server, async () => {
      const slow = Array.from({ length: 40 }, () => client())
      for (const one of slow) {
        one.socket.pause()
        for (let j = 0; j < 3; j++) one.request('GET', '/large')
      }
      await until(() => server.stats.open >= 40)
      await isServed()
      await until(() => server.stats.open === 0)
    })
    const ended = events(seen, 'end').map(({ outcome }) => outcome)
    expect(ended.filter((outcome) => outcome.kind === 'aborted' && outcome.by === 'timeout')).toHaveLength(120)
  }, 20_000)

  it('a hundred downloads over one slow line all arrive: the progress of the connection is what counts', async () => {
    await start((c) => c.stream(new Blob([block.subarray(0, 48_000)]).stream()), { timeouts: { writeStall: 1000 } })
    const slow = client()
    // About two megabytes a second, in small pieces; each stream alone gets less than its deadline asks for.
    slow.socket.on('data', (chunk: Buffer) => {
      slow.socket.pause()
      setTimeout(() => slow.socket.resume(), chunk.length / 2000)
    })
    const streams = Array.from({ length: 100 }, () => slow.request('GET', '/'))
    for (const stream of streams) {
      const { body, reset } = await slow.all(stream)
      expect([body.length, reset]).toEqual([48_000, undefined])
    }
  }, 20_000)

  it('one whose windows never open keeps its streams, and they alone end', async () => {
    await start(application, { timeouts: { writeStall: 1000 } })
    const greedy = client()
    // A window of nothing for every stream (RFC 9113 §6.9.2).
    greedy.machine.out.settings([4, 0])
    greedy.flush()
    const stuck = Array.from({ length: 10 }, () => greedy.request('GET', '/large'))
    await isServed()
    for (const stream of stuck) expect((await greedy.all(stream)).reset).toBe(8)
    expect(greedy.isOver).toBe(false)
  }, 20_000)

  it('uploads that drip, one byte at a time, do not hold up the one that does not', async () => {
    await start(application, { limits: { bodyBytes: 1e9 } })
    const dripping = client()
    const slow = Array.from({ length: 50 }, () => dripping.request('POST', '/upload', false))
    const drip = setInterval(() => {
      for (const stream of slow) if (stream.openOut) dripping.write(stream, 'x', false)
    }, 20)
    const quick = dripping.request('POST', '/upload', false)
    for (let i = 0; i < 3; i++) dripping.write(quick, 'x'.repeat(16_000), i === 2)
    expect((await dripping.all(quick)).body).toBe('48000')
    await isServed()
    clearInterval(drip)
  })

  it('uploads that nobody reads fill their windows only', async () => {
    await start((c) => (c.path === '/upload' ? new Promise(() => {}) : c.text('small')))
    const filling = client()
    const streams = Array.from({ length: 4 }, () => filling.request('POST', '/upload', false))
    await until(() => filling.machine.peer.initialWindowSize > 65_535)
    let sent = 0
    for (const stream of streams)
      for (let room = filling.machine.room(stream); room > 0; room = filling.machine.room(stream)) {
        filling.write(stream, 'x'.repeat(room), false)
        sent += room
      }
    expect(sent).toBeLessThanOrEqual(1024 * 1024)
    expect((await filling.all(filling.request('GET', '/small'))).body).toBe('small')
  })

  it('half a head, half a frame, half a preface, and nothing at all end in their time', async () => {
    await start(application, { timeouts: { head: 500 } })
    const seen = await record(server, async () => {
      const halves = Array.from({ length: 20 }, () => client())
      halves.forEach(({ machine, socket }, i) => {
        // HEADERS without its end, or with a payload that does not come.
        machine.out.head(5000, 1, i % 2 === 0 ? 0 : 4, 1)
        machine.out.append(new Uint8Array([0x82, 0x86, 0x84]), 0, 3)
        socket.write(machine.out.take())
      })
      await isServed()
      await until(() => halves.every(({ isOver }) => isOver))
      await allGone()
    })
    expect(events(seen, 'close').filter(({ reason }) => reason === 'head-timeout')).toHaveLength(20)
  })

  it('resets at once, from many connections, are ended one by one; those who ask are answered', async () => {
    await start(async (c) => {
      if (c.path === '/small') return c.text('small')
      await new Promise((resolve) => setTimeout(resolve, 20))
      return c.text('x')
    })
    const seen = await record(server, async () => {
      for (let i = 0; i < 5; i++) {
        const rapid = client()
        for (let j = 0; j < 2000; j++) rapid.machine.reset(rapid.request('GET', '/'), 8)
        rapid.flush()
      }
      await isServed()
      await until(() => clients.slice(0, 5).every(({ isOver }) => isOver))
      await allGone()
    })
    expect(events(seen, 'close').filter(({ reason }) => reason === 'abuse')).toHaveLength(5)
  })

  it('clients that vanish in the middle of everything leave nothing behind', async () => {
    let running = 0
    await start(async (c) => {
      running++
      try {
        if (c.path === '/wait') await new Promise((resolve) => c.signal.addEventListener('abort', resolve))
        return await application(c)
      } finally {
        running--
      }
    })
    for (let i = 0; i < 30; i++) {
      const leaving = client()
      leaving.request('GET', '/large')
      leaving.request('GET', '/wait')
      leaving.write(leaving.request('POST', '/upload', false), 'half', false)
      if (i % 3 === 0) leaving.socket.resetAndDestroy()
      else if (i % 3 === 1) setTimeout(() => leaving.socket.destroy(), i)
      else setTimeout(() => leaving.socket.end(), i)
    }
    await isServed()
    await until(() => server.stats.open === 0 && running === 0)
    expect(server.stats).toMatchObject({ open: 0, active: 0 })
  })
})
