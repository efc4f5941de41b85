import { describe, expect, it } from 'vitest'
import { AbortedError } from '../../src/index.ts'
import { expectAt, hello, server, slack, timeouts } from './deadlines-support.ts'
import { deferred, get, muteErrors, onlyReply, request, statuses, turn } from '../support.ts'

muteErrors()

describe('head (RFC 9110 §15.5.9)', () => {
  it('silence: closed without a word', async () => {
    const t = server(hello)
    const client = t.connect()
    await expectAt(t, client, timeouts.head)
    expect(client.received).toBe('')
  })

  it.each(['G', 'GET / HTTP/1.1\r\nHost: a\r\n', get().slice(0, -1)])('a part of a head, %j: 408', async (part) => {
    const t = server(hello)
    const client = t.connect()
    client.send(part)
    await expectAt(t, client, timeouts.head)
    expect(onlyReply(client.received).status).toBe(408)
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    expect(onlyReply(client.received).complete).toBe(true)
  })

  it.each([
    ['GE', ''],
    ['HEAD', ''],
    ['HEAD /', ''],
    ['GET /', 'The request head did not come in time\n'],
  ])('%j may be HEAD or not: the content of its 408 is %j (RFC 9110 §9.3.2)', async (part, content) => {
    const t = server(hello)
    // What others have asked for has nothing to do with it.
    t.connect().send(get())
    const client = t.connect()
    client.send(part)
    await expectAt(t, client, timeouts.head)
    expect(client.received.slice(client.received.indexOf('\r\n\r\n') + 4)).toBe(content)
  })

  it('bytes that drip in do not move it', () => {
    const t = server(hello)
    const client = t.connect()
    client.send('GET / HTTP/1.1\r\n')
    for (let passed = 0; passed < timeouts.head; passed += 1000) {
      expect(client.state).toBe('open')
      client.send('X: y\r\n')
      t.advance(1000)
    }
    t.advance(slack)
    expect(onlyReply(client.received).status).toBe(408)
  })

  it('runs since accept for the first head: silence at first gains nothing', async () => {
    const t = server(hello)
    const client = t.connect()
    t.advance(timeouts.head - 1000)
    client.send('GET / HTTP/1.1\r\n')
    await expectAt(t, client, 1000)
    expect(onlyReply(client.received).status).toBe(408)
  })

  it('a later head has its own, from its first byte', async () => {
    const t = server(hello)
    const client = t.connect()
    client.send(get())
    t.advance(15_000)
    client.send('GET / HTTP/1.1\r\n')
    await expectAt(t, client, timeouts.head)
    expect(statuses(client.received)).toEqual([200, 408])
  })

  it('a head that is complete in time is served, and the clock stopped', async () => {
    const t = server(() => new Promise(() => {}))
    const client = t.connect()
    client.send(get().slice(0, -2))
    t.advance(timeouts.head - 1000)
    client.send('\r\n')
    t.advance(10 * timeouts.head)
    await turn()
    expect(client.state).toBe('open')
  })

  it('a head that waits behind a slow handler is not late', async () => {
    const answer = deferred()
    const t = server(async (c) => {
      await answer.promise
      return c.text(c.path)
    })
    const client = t.connect()
    client.send(`${get('/1')}GET /2 HTTP/1.1\r\n`)
    t.advance(100_000)
    answer.resolve()
    await turn()
    await expectAt(t, client, timeouts.head)
    expect(statuses(client.received)).toEqual([200, 408])
  })

  it('0 switches it off', () => {
    const t = server(hello, { head: 0 })
    const client = t.connect()
    client.send('GET')
    t.advance(1_000_000)
    expect(client.state).toBe('open')
  })
})

describe('body idle', () => {
  it.each([
    ['Content-Length', 'Content-Length: 10000\r\n', 'x'.repeat(5000)],
    ['chunked', 'Transfer-Encoding: chunked\r\n', `2000\r\n${'x'.repeat(5000)}`],
  ])('%s: the read fails, the client gets 408 (RFC 9110 §15.5.9)', async (_, fields, part) => {
    let reason: unknown
    const t = server(async (c) => {
      await c.body.bytes().catch((error: unknown) => (reason = error))
      throw reason
    })
    const client = t.connect()
    client.send(request('POST', '/', fields) + part)
    await turn()
    t.advance(timeouts.bodyIdle - slack)
    await turn()
    expect(client.received).toBe('')
    t.advance(2 * slack)
    await turn()
    expect(onlyReply(client.received).status).toBe(408)
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    expect(client.state).toBe('ended')
    expect(reason).toBeInstanceOf(AbortedError)
    expect((reason as AbortedError).by).toBe('timeout')
  })

  it('bytes move it', async () => {
    const t = server(async (c) => c.text(`${(await c.body.bytes()).length}`))
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 100000\r\n'))
    for (let i = 0; i < 10; i++) {
      client.send('x'.repeat(10_000))
      await turn()
      t.advance(timeouts.bodyIdle - 1000)
    }
    await turn()
    expect(onlyReply(client.received).body).toBe('100000')
  })

  it.each([0, Infinity])('%d is no deadline, and no least rate either', async (bodyIdle) => {
    const t = server(async (c) => c.text(`${(await c.body.bytes()).length}`), { bodyIdle })
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 2\r\n') + 'x')
    await turn()
    t.advance(1_000_000)
    await turn()
    client.send('x')
    await turn()
    expect(onlyReply(client.received).body).toBe('2')
  })

  it('a handler that does not read makes nobody late', async () => {
    const read = deferred()
    const t = server(async (c) => {
      await read.promise
      return c.text(`${(await c.body.bytes()).length}`)
    })
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 300000\r\n'))
    client.send('x'.repeat(200_000))
    expect(client.paused).toBe(true)
    t.advance(1_000_000)
    read.resolve()
    await turn()
    client.send('x'.repeat(100_000))
    await turn()
    expect(onlyReply(client.received).body).toBe('300000')
  })

  it('a reader that rests makes nobody late either', async () => {
    const rest = deferred()
    const t = server(async (c) => {
      let size = 0
      for await (const chunk of c.body) {
        size += chunk.length
        if (size === 70_000) await rest.promise
      }
      return c.text(`${size}`)
    })
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 300000\r\n'))
    client.send('x'.repeat(70_000))
    await turn()
    client.send('x'.repeat(130_000))
    await turn()
    expect(client.paused).toBe(true)
    t.advance(1_000_000)
    await turn()
    rest.resolve()
    await turn()
    client.send('x'.repeat(100_000))
    await turn()
    expect(onlyReply(client.received).body).toBe('300000')
  })

  it.each(['iterator', 'stream'])('nor does a reader (%s) that rests while nothing comes', async (way) => {
    const rest = deferred()
    const t = server(async (c) => {
      let size = 0
      for await (const chunk of way === 'stream' ? c.body.stream() : c.body) {
        size += chunk.length
        if (size === 3) await rest.promise
      }
      return c.text(`${size}`)
    })
    const client = t.connect()
    client.send(`${request('POST', '/', 'Content-Length: 6\r\n')}abc`)
    await turn()
    t.advance(1_000_000)
    await turn()
    rest.resolve()
    await turn()
    t.advance(timeouts.bodyIdle / 2 - slack)
    client.send('def')
    await turn()
    expect(onlyReply(client.received).body).toBe('6')
  })

  it('a reader that has left in the middle makes nobody late', async () => {
    const work = deferred()
    const t = server(async (c) => {
      for await (const chunk of c.body) if (chunk.length > 0) break
      await work.promise
      return c.text('enough')
    })
    const client = t.connect()
    client.send(`${request('POST', '/', 'Content-Length: 6\r\n')}abc`)
    await turn()
    t.advance(1_000_000)
    await turn()
    work.resolve()
    await turn()
    expect(onlyReply(client.received)).toMatchObject({ status: 200, body: 'enough' })
    client.send(`def${request('POST', '/', 'Content-Length: 1\r\n')}x`)
    await turn()
    expect(statuses(client.received)).toEqual([200, 200])
  })

  it('unread content behind a reply has to come in time as well', async () => {
    const t = server(hello)
    const client = t.connect()
    client.send(`${request('POST', '/', 'Content-Length: 100\r\n')}abc`)
    expect(statuses(client.received)).toEqual([200])
    await expectAt(t, client, 5000)
  })
})

describe('minimum rate of content: 240 bytes a second after 5 seconds', () => {
  it.each([
    ['Content-Length', 'Content-Length: 1000000\r\n', ''],
    ['chunked', 'Transfer-Encoding: chunked\r\n', 'f4240\r\n'],
  ])('%s: a client that drips is refused, though it is never idle', async (_, fields, prefix) => {
    const t = server(async (c) => c.text(`${(await c.body.bytes()).length}`))
    const client = t.connect()
    client.send(request('POST', '/', fields) + prefix)
    let seconds = 0
    for (; seconds < 60 && client.received === ''; seconds++) {
      client.send('x'.repeat(100))
      t.advance(1000)
      await turn()
    }
    expect(onlyReply(client.received).status).toBe(408)
    // 100 a second fall behind 240 × (t − 5) at 8.6 s
    expect(seconds).toBeGreaterThan(7)
    expect(seconds).toBeLessThan(12)
  })

  it('a slow but honest one is not', async () => {
    const t = server(async (c) => c.text(`${(await c.body.bytes()).length}`))
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 30000\r\n'))
    for (let second = 0; second < 100; second++) {
      client.send('x'.repeat(300))
      t.advance(1000)
      await turn()
    }
    expect(onlyReply(client.received).body).toBe('30000')
  })

  it('tiny chunks do not pass for content', async () => {
    const t = server(async (c) => c.text(`${(await c.body.bytes()).length}`))
    const client = t.connect()
    client.send(request('POST', '/', 'Transfer-Encoding: chunked\r\n'))
    for (let second = 0; second < 20; second++) {
      client.send('1;ext=12345\r\nx\r\n'.repeat(100))
      t.advance(1000)
      await turn()
    }
    expect(onlyReply(client.received).status).toBe(408)
  })

  it('time in which the handler did not want content does not count', async () => {
    const read = deferred()
    const t = server(async (c) => {
      await read.promise
      return c.text(`${(await c.body.bytes()).length}`)
    })
    const client = t.connect()
    client.send(`${request('POST', '/', 'Content-Length: 10\r\n')}abc`)
    await turn()
    t.advance(100_000)
    read.resolve()
    await turn()
    t.advance(3000)
    client.send('defghij')
    await turn()
    expect(onlyReply(client.received).body).toBe('10')
  })
})

it('deadlines of many connections do not depend on each other', async () => {
  const t = server(hello)
  const early = t.connect()
  t.advance(6000)
  const late = t.connect()
  t.advance(5000)
  await turn()
  expect([early.state, late.state]).toEqual(['ended', 'open'])
  t.advance(6000)
  await turn()
  expect(late.state).toBe('ended')
})
