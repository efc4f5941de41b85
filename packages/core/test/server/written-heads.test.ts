import { describe, expect, it, vi } from 'vitest'
import { type Handler, Reply } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { type Message, get, muteErrors, replies, request, statuses, until } from '../support.ts'

muteErrors()

/** What a server answers to `count` requests, one after the other on one connection. */
function answers(handler: Handler, count: number): Message[] {
  const client = testServer(handler).connect()
  for (let i = 0; i < count; i++) client.send(get())
  return replies(client.received)
}

describe('a reply that was written before', () => {
  it('is the same each time', () => {
    const [first, ...others] = answers((c) => c.text('again'), 4)
    expect(first).toMatchObject({ status: 200, body: 'again', complete: true })
    for (const { status, fields, body } of others)
      expect({ status, fields, body }).toEqual({ status: 200, fields: first!.fields, body: 'again' })
  })

  it('is not given to CONNECT, which it would open a tunnel for', () => {
    const client = testServer((c) => c.text('again')).connect()
    for (let i = 0; i < 3; i++) client.send(get())
    client.send('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')
    expect(statuses(client.received, ['GET', 'GET', 'GET', 'CONNECT'])).toEqual([200, 200, 200, 405])
  })

  it('is not taken for one with another text of its length, another status or other fields', () => {
    const makers: [Handler, unknown[]][] = [
      [(c) => c.text('one'), [200, 'text/plain; charset=utf-8', undefined, 'one']],
      [(c) => c.text('two'), [200, 'text/plain; charset=utf-8', undefined, 'two']],
      [(c) => c.text('one', 404), [404, 'text/plain; charset=utf-8', undefined, 'one']],
      [(c) => c.html('one'), [200, 'text/html; charset=utf-8', undefined, 'one']],
      [(c) => c.text('one', { headers: { 'X-A': '1' } }), [200, 'text/plain; charset=utf-8', '1', 'one']],
      [(c) => c.text('one', { headers: { 'X-A': '2' } }), [200, 'text/plain; charset=utf-8', '2', 'one']],
      [() => new Reply('one'), [200, undefined, undefined, 'one']],
    ]
    // Each is neighbour to each other, and comes again at once.
    const order = makers.flatMap((one) => makers.flatMap((other) => [one, one, other, other]))
    let n = 0
    const all = answers((c) => order[n++]![0](c), order.length)
    expect(
      all.map(({ status, fields, body }) => [status, fields.get('content-type'), fields.get('x-a'), body]),
    ).toEqual(order.map(([, facts]) => facts))
  })

  it('has no content for HEAD, and ends the connection when asked', () => {
    const t = testServer((c) => c.text('again'))
    for (let round = 0; round < 3; round++) {
      const client = t.connect()
      client.send(get() + get() + get() + request('HEAD', '/') + get('/', 'Connection: close\r\n'))
      const all = replies(client.received, ['GET', 'GET', 'GET', 'HEAD', 'GET'])
      expect(all.map(({ body }) => body)).toEqual(['again', 'again', 'again', '', 'again'])
      expect(all.map(({ fields }) => fields.get('connection'))).toEqual([
        'keep-alive',
        'keep-alive',
        'keep-alive',
        'keep-alive',
        'close',
      ])
    }
  })

  it('has the fields that were added to it, and the next one has not', () => {
    let n = 0
    const all = answers((c) => {
      const reply = c.text('again')
      if (n++ % 2 === 1) reply.headers.set('X-Odd', 'yes')
      return reply
    }, 6)
    expect(all.map(({ fields }) => fields.get('x-odd'))).toEqual([undefined, 'yes', undefined, 'yes', undefined, 'yes'])
  })

  it('has trailers when it is given some', async () => {
    let n = 0
    const client = testServer((c) => {
      const reply = c.text('again')
      if (++n === 4) reply.trailers = () => ({ 'X-End': 'yes' })
      return reply
    }).connect()
    client.send(get() + get() + get() + get() + get())
    await until(() => client.received.split('HTTP/1.1').length === 6 && client.received.endsWith('again'))
    const trailers = replies(client.received).map((reply) => reply.trailers.get('x-end'))
    expect(trailers).toEqual([undefined, undefined, undefined, 'yes', undefined])
  })

  it('may not get a status that none can have', () => {
    let n = 0
    const all = answers((c) => {
      const reply = c.text('again')
      if (n++ === 3) reply.status = 600
      return reply
    }, 5)
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 500, 200])
  })

  it('has the date of its second', () => {
    const t = testServer((c) => c.text('again'))
    const client = t.connect()
    const now = Date.now()
    try {
      vi.setSystemTime(now)
      client.send(get() + get() + get())
      vi.setSystemTime(now + 5000)
      t.advance(1000)
      client.send(get() + get() + get())
    } finally {
      vi.useRealTimers()
    }
    const dates = replies(client.received).map(({ fields }) => Date.parse(fields.get('date')!))
    expect(dates.map((date) => date - dates[0]!)).toEqual([0, 0, 0, 5000, 5000, 5000])
  })
})
