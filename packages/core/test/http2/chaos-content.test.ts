import { describe, expect, it } from 'vitest'
import type { Handler } from '../../src/index.ts'
import { muteErrors, until } from '../support.ts'
import { client, endBehindEachTest, isServed, server, start } from './machine-server.ts'

muteErrors()
endBehindEachTest()

/** Echoes; and answers something small. */
const echo: Handler = (c) => (c.method === 'POST' ? c.stream(c.body) : c.text('small'))

describe('content in trouble', () => {
  it('in frames of one byte, 50 000 of them, arrives, and others are served meanwhile', async () => {
    await start(async (c) => {
      if (c.method === 'GET') return c.text('small')
      const bytes = await c.body.bytes()
      return c.text(`${bytes.length} ${bytes.every((byte, i) => byte === 97 + (i % 26))}`)
    })
    const one = client()
    const stream = one.request('POST', '/', false)
    const letters = Buffer.from('abcdefghijklmnopqrstuvwxyz')
    for (let i = 0; i < 50_000; i++) {
      one.machine.data(stream, letters, i % 26, (i % 26) + 1, i === 49_999)
      if (i % 1000 === 0) one.flush()
      if (i % 10_000 === 0) await isServed()
    }
    one.flush()
    expect((await one.all(stream)).body).toBe('50000 true')
  })

  it('that is sent back to a client that reads none of it is asked for no more, and arrives when it reads', async () => {
    await start(echo)
    const one = client()
    const { machine } = one
    await until(() => machine.peer.initialWindowSize > 65_535)
    const stream = one.request('POST', '/', false)
    one.socket.pause()
    let sent = 0
    // As much as it may without a word of the server, which it does not read.
    for (let room = machine.room(stream); room > 0; room = machine.room(stream)) {
      one.write(stream, 'x'.repeat(room), false)
      sent += room
    }
    await isServed()
    expect(sent).toBeLessThanOrEqual(1024 * 1024)
    one.socket.resume()
    await until(() => machine.room(stream) > 0)
    one.write(stream, 'end', true)
    const { body } = await one.all(stream)
    expect(body).toBe(`${'x'.repeat(sent)}end`)
  })

  it('of a reply waits for a client that pauses, which gets all of it', async () => {
    let made = 0
    const piece = Buffer.alloc(16 * 1024, 'y')
    await start((c) =>
      c.path === '/small'
        ? c.text('small')
        : c.stream(
            (async function* () {
              for (; made < 200; made++) {
                yield piece
                await Promise.resolve()
              }
            })(),
          ),
    )
    const one = client()
    one.socket.pause()
    const stream = one.request('GET', '/large')
    await isServed()
    // One window of 256 KiB, and what waits in front of it.
    expect(made).toBeLessThan(20)
    one.socket.resume()
    expect((await one.all(stream)).body.length).toBe(200 * piece.length)
  })

  it('of a handler that throws, four hundred times at once, are four hundred errors on connections that live', async () => {
    await start(
      (c) => {
        if (c.path === '/small') return c.text('small')
        if (c.path === '/throw') throw new Error('secret')
        return Promise.reject(new Error('secret'))
      },
      { onError: (_, c) => c?.text('failed', { status: 500 }) },
    )
    for (let round = 0; round < 4; round++) {
      const one = client()
      const streams = Array.from({ length: 100 }, (_, i) => one.request('GET', i % 2 === 0 ? '/throw' : '/reject'))
      for (const stream of streams) {
        const { status, body } = await one.all(stream)
        expect([status, body]).toEqual([500, 'failed'])
      }
      expect((await one.all(one.request('GET', '/small'))).body).toBe('small')
    }
  })

  it('that was announced as none, and comes all the same, is not taken for none', async () => {
    await start(async (c) => (c.method === 'GET' ? c.text('small') : c.text(await c.body.text())))
    const one = client()
    const none = [['content-length', '0']] as const
    const more = one.request('POST', '/', false, none)
    await isServed()
    one.write(more, 'x', true)
    expect(await one.all(more)).toMatchObject({ ended: false, reset: 1 })
    const empty = one.request('POST', '/', false, none)
    one.write(empty, '', true)
    expect(await one.all(empty)).toMatchObject({ status: 200, body: '', ended: true })
  })

  it('that fails in the middle is reset on its stream alone, a hundred times', async () => {
    await start((c) =>
      c.path === '/small'
        ? c.text('small')
        : c.stream(
            (async function* () {
              yield 'half'
              await Promise.resolve()
              throw new Error('failed')
            })(),
          ),
    )
    const one = client()
    const streams = Array.from({ length: 100 }, () => one.request('GET', '/fail'))
    for (const stream of streams) {
      const { ended, reset } = await one.all(stream)
      expect([ended, reset]).toEqual([false, 2])
    }
    expect((await one.all(one.request('GET', '/small'))).body).toBe('small')
  })
})

describe('connections in trouble', () => {
  it('in waves of every kind leave nothing behind', async () => {
    await start(echo)
    for (let wave = 0; wave < 5; wave++) {
      for (let i = 0; i < 60; i++) {
        const one = client()
        const upload = one.request('POST', '/', false)
        one.write(upload, 'some', i % 4 !== 3)
        one.request('GET', '/small')
        if (i % 4 === 0) one.socket.end()
        else if (i % 4 === 1) one.socket.destroy()
        else if (i % 4 === 2) one.socket.once('connect', () => one.socket.resetAndDestroy())
        else void one.all(upload).then(() => one.socket.end())
        if (i % 4 === 3) one.write(upload, 'more', true)
      }
      await isServed()
      await until(() => server.stats.open === 0)
    }
    expect(server.stats).toMatchObject({ open: 0, active: 0 })
  })

  it('that end because they were idle lose no request: it is answered, or was not begun, and the client knows', async () => {
    await start((c) => c.text('small'), { timeouts: { keepAlive: 20 } })
    let answered = 0
    const lost: number[] = []
    for (let i = 0; i < 40; i++) {
      const one = client()
      expect((await one.all(one.request('GET', '/'))).body).toBe('small')
      // About when the server has had enough of waiting.
      await new Promise((resolve) => setTimeout(resolve, i))
      if (one.isOver) continue
      const stream = one.request('GET', '/')
      const { body } = await one.all(stream)
      if (body === 'small') answered++
      else if ((one.goaways.at(-1) ?? stream.id) >= stream.id) lost.push(i)
    }
    expect(lost).toEqual([])
    expect(answered).toBeGreaterThan(0)
  })

  it('of which the bytes were changed at random end, or go on; nobody else hears of it', async () => {
    await start(async (c) => (c.method === 'POST' ? c.text(String((await c.body.bytes()).length)) : c.text('small')), {
      timeouts: { head: 300, keepAlive: 300, bodyIdle: 300, linger: 100 },
    })
    let state = 4711
    const random = (below: number): number => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return (state >>> 0) % below
    }
    for (let i = 0; i < 300; i++) {
      const one = client()
      const { machine, socket } = one
      const upload = machine.request(
        [
          [':method', 'POST'],
          [':scheme', 'http'],
          [':path', '/'],
          [':authority', 'a'],
        ],
        false,
      )
      machine.data(upload, Buffer.from('some content'), 0, 12, true)
      machine.out.ping(Buffer.from('anybody?'), 0, 0)
      machine.request(
        [
          [':method', 'GET'],
          [':scheme', 'http'],
          [':path', '/small'],
          [':authority', 'a'],
        ],
        true,
      )
      const bytes = Buffer.from(machine.out.take())
      for (let changes = 1 + random(4); changes > 0; changes--) bytes[random(bytes.length)] = random(256)
      socket.end(bytes)
      if (i % 50 === 0) await isServed()
    }
    await until(() => server.stats.open === 0)
    await isServed()
    expect(server.stats).toMatchObject({ active: 0 })
  }, 20_000)
})
