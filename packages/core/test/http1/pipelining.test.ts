import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Reply } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { type Deferred, bodies, deferred, get, post, postChunked, replies, request, turn, until } from '../support.ts'

function chunksOf(content: string): string {
  return `${content === '' ? '' : `${content.length.toString(16)}\r\n${content}\r\n`}0\r\n\r\n`
}

describe('pipelining (RFC 9112 §9.3.2)', () => {
  it('requests that come in one piece are answered in order, in one write', () => {
    const client = testServer((c) => c.text(c.path)).connect()
    client.send(Array.from({ length: 16 }, (_, i) => get(`/${i}`)).join(''))
    expect(bodies(client.received)).toEqual(Array.from({ length: 16 }, (_, i) => `/${i}`))
    expect(client.writes).toBe(1)
  })

  it('handlers that answer with promises, ready in the same turn, leave in one write too', async () => {
    const client = testServer(async (c) => c.text(c.path)).connect()
    client.send(Array.from({ length: 16 }, (_, i) => get(`/${i}`)).join(''))
    await turn()
    expect(bodies(client.received)).toEqual(Array.from({ length: 16 }, (_, i) => `/${i}`))
    expect(client.writes).toBe(1)
  })

  it('the next handler is called when the reply before it is there', async () => {
    const pending: Deferred<Reply>[] = []
    const called: string[] = []
    const t = testServer((c) => {
      called.push(c.path)
      const answer = deferred<Reply>()
      pending.push(answer)
      return answer.promise.then((reply) => {
        reply.headers.set('x-path', c.path)
        return reply
      })
    })
    const client = t.connect()
    client.send(get('/1') + get('/2') + get('/3'))
    await turn()
    expect(called).toEqual(['/1'])
    pending[0]!.resolve(new Reply('one'))
    await turn()
    expect(called).toEqual(['/1', '/2'])
    pending[1]!.resolve(new Reply('two'))
    await turn()
    pending[2]!.resolve(new Reply('three'))
    await turn()
    expect(replies(client.received).map((m) => [m.fields.get('x-path'), m.body])).toEqual([
      ['/1', 'one'],
      ['/2', 'two'],
      ['/3', 'three'],
    ])
  })

  it('slow first, fast second: the order stays', async () => {
    const slow = deferred()
    const t = testServer(async (c) => {
      if (c.path === '/slow') await slow.promise
      return c.text(c.path)
    })
    const client = t.connect()
    client.send(get('/slow') + get('/fast'))
    await turn()
    expect(client.received).toBe('')
    slow.resolve()
    await turn()
    expect(bodies(client.received)).toEqual(['/slow', '/fast'])
  })

  it('all methods and framings in one piece', async () => {
    const t = testServer(async (c) => c.text(`${c.method} ${await c.body.text()}`))
    const client = t.connect()
    client.send(get() + post('abc') + postChunked(['de', 'f']) + request('HEAD', '/') + post('') + get())
    await turn()
    expect(bodies(client.received, ['GET', 'POST', 'POST', 'HEAD', 'POST', 'GET'])).toEqual([
      'GET ',
      'POST abc',
      'POST def',
      '',
      'POST ',
      'GET ',
    ])
  })

  it('each request has its own head and content, however many there are in one piece, and however long they are', async () => {
    // Longer and shorter than what is decoded at once.
    const value = fc.oneof(fc.constant(''), fc.string({ unit: fc.constantFrom('a', '\u00e9', ' '), maxLength: 6000 }))
    const sent = fc.record({
      name: fc.nat(),
      value,
      content: fc.option(fc.string({ unit: fc.constantFrom('x', 'y') })),
    })
    const t = testServer(async (c) => {
      const seen = [c.target, c.headers.get('value'), await c.body.text()]
      return c.json(seen)
    })
    await fc.assert(
      fc.asyncProperty(fc.array(sent, { minLength: 1, maxLength: 8 }), fc.boolean(), async (all, isChunked) => {
        const wire = all.map(({ name, value: text, content }) => {
          const field = `Value: ${text}\r\n`
          if (content === null) return get(`/${name}`, field)
          if (!isChunked) return post(content, `/${name}`, field)
          return request('POST', `/${name}`, `Transfer-Encoding: chunked\r\n${field}`) + chunksOf(content)
        })
        const client = t.connect()
        client.send(wire.join(''))
        await until(() => replies(client.received).length === all.length)
        expect(bodies(client.received).map((body) => JSON.parse(Buffer.from(body, 'latin1').toString()))).toEqual(
          all.map(({ name, value: text, content }) => [`/${name}`, text.trim(), content ?? '']),
        )
        client.end()
      }),
    )
  })

  it('a streamed reply is complete before the next one begins', async () => {
    const t = testServer((c) =>
      c.stream(
        (async function* () {
          yield `a${c.path}`
          await turn()
          yield `b${c.path}`
        })(),
      ),
    )
    const client = t.connect()
    client.send(get('/1') + get('/2'))
    await turn(12)
    expect(bodies(client.received)).toEqual(['a/1b/1', 'a/2b/2'])
  })

  it('an endless row of requests lets other connections have their turn', async () => {
    const order: string[] = []
    const t = testServer((c) => {
      order.push(c.path)
      return c.text('x')
    })
    const [greedy, modest] = [t.connect(), t.connect()]
    greedy.send(get('/greedy').repeat(300))
    modest.send(get('/modest'))
    await turn(20)
    expect(order.indexOf('/modest')).toBeLessThan(100)
    expect(order).toHaveLength(301)
    expect(replies(greedy.received)).toHaveLength(300)
  })
})

describe('pipelining is bounded', () => {
  it('the socket is paused while more than limits.pipelinedBytes wait behind a request, and resumed after', async () => {
    const answer = deferred()
    const t = testServer(
      async (c) => {
        await answer.promise
        return c.text(c.path)
      },
      { limits: { pipelinedBytes: 1000 } },
    )
    const client = t.connect()
    client.send(get('/first'))
    expect(client.paused).toBe(false)
    client.send(get('/more').repeat(20))
    expect(client.paused).toBe(false)
    client.send(get('/more').repeat(20))
    expect(client.paused).toBe(true)
    answer.resolve()
    await turn(20)
    expect(client.paused).toBe(false)
    expect(bodies(client.received)).toEqual(['/first', ...Array.from({ length: 40 }, () => '/more')])
  })

  it('a client that does not read gets no more handlers called, and is paused', async () => {
    let calls = 0
    const t = testServer((c) => {
      calls++
      return c.text('x'.repeat(1000))
    })
    const client = t.connect()
    client.stall()
    const piece = get('/').repeat(100)
    let sent = 0
    while (!client.paused && sent < 1000) {
      client.send(piece)
      sent++
      await turn()
    }
    expect(client.paused).toBe(true)
    // 64 KiB of requests, and as much in replies
    expect(sent * piece.length).toBeLessThan(3 * 64 * 1024)
    expect(calls * 1000).toBeLessThan(3 * 64 * 1024)
    const before = calls
    for (let i = 0; i < 50; i++) client.send(piece)
    await turn(10)
    expect(calls).toBe(before)
    client.drain()
    await turn(200)
    expect(calls).toBe((sent + 50) * 100)
    expect(replies(client.received)).toHaveLength(calls)
    expect(client.paused).toBe(false)
  })

  it('large replies to pipelined requests are written piece by piece, not gathered', () => {
    const client = testServer((c) => c.text('x'.repeat(40_000))).connect()
    client.send(get().repeat(10))
    expect(replies(client.received)).toHaveLength(10)
    expect(client.writes).toBeGreaterThan(3)
  })
})
