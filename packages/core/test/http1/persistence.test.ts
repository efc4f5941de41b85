import { describe, expect, it } from 'vitest'
import { testServer } from '../../src/testing.ts'
import { bodies, get, onlyReply, replies, request, statuses, turn } from '../support.ts'

const hello = testServer((c) => c.text(c.path))

/** Sends one request and tells whether the connection was kept, by what it says and by what it does. */
function exchange(head: string): { said: string | undefined; kept: boolean } {
  const client = hello.connect()
  client.send(head)
  return { said: onlyReply(client.received).fields.get('connection'), kept: client.state === 'open' }
}

describe('persistence (RFC 9112 §9.3)', () => {
  it('1.1 is kept by default', () => {
    expect(exchange(get())).toEqual({ said: 'keep-alive', kept: true })
  })

  it.each(['close', 'Close', 'CLOSE', 'foo, close', 'close,foo', ' \tclose\t', ',,close,'])(
    '1.1 ends with Connection: %j (§9.6)',
    (option) => {
      expect(exchange(get('/', `Connection: ${option}\r\n`))).toEqual({ said: 'close', kept: false })
    },
  )

  it('close on a second Connection line counts, and it wins over keep-alive', () => {
    expect(exchange(get('/', 'Connection: keep-alive\r\nConnection: close\r\n')).kept).toBe(false)
  })

  it.each(['closed', 'xclose', 'clos', '"close"', 'keep-alive', 'close;q=1'])(
    '1.1 is kept with Connection: %s, which is not the option close',
    (option) => {
      expect(exchange(get('/', `Connection: ${option}\r\n`)).kept).toBe(true)
    },
  )

  it('1.0 ends by default', () => {
    expect(exchange(get('/', '', '1.0'))).toEqual({ said: 'close', kept: false })
  })

  it.each(['keep-alive', 'Keep-Alive', 'foo, keep-alive'])('1.0 is kept with Connection: %s, and says so', (option) => {
    expect(exchange(get('/', `Connection: ${option}\r\n`, '1.0'))).toEqual({ said: 'keep-alive', kept: true })
  })

  it('1.0 with keep-alive and close ends', () => {
    expect(exchange(get('/', 'Connection: keep-alive, close\r\n', '1.0')).kept).toBe(false)
  })

  it('a kept connection serves one request after the other', () => {
    const client = hello.connect()
    for (let i = 0; i < 5; i++) {
      client.send(get(`/${i}`, i % 2 ? '' : 'Connection: keep-alive\r\n', i % 2 ? '1.1' : '1.0'))
      expect(bodies(client.received)).toHaveLength(i + 1)
    }
    expect(bodies(client.received)).toEqual(['/0', '/1', '/2', '/3', '/4'])
    expect(client.state).toBe('open')
  })

  it('requests behind the last one are not served (§9.6)', () => {
    const client = hello.connect()
    client.send(get('/a', 'Connection: close\r\n') + get('/b'))
    client.send(get('/c'))
    expect(bodies(client.received)).toEqual(['/a'])
    expect(client.state).toBe('ended')
  })

  it('the server ends its side first and closes when the client has ended too (§9.6)', async () => {
    const client = hello.connect()
    client.send(get('/', 'Connection: close\r\n'))
    expect(client.state).toBe('ended')
    client.end()
    await turn()
    expect(client.state).toBe('closed')
  })

  it('empty lines between requests are skipped (§2.2)', () => {
    const client = hello.connect()
    client.send(`${get('/a')}\r\n\r\n${get('/b')}\r\n`)
    client.send(get('/c'))
    expect(bodies(client.received)).toEqual(['/a', '/b', '/c'])
  })

  it('a handler that sets Connection: close ends the connection', () => {
    const t = testServer((c) => c.text('x', { headers: { connection: 'Close' } }))
    const client = t.connect()
    client.send(get() + get())
    expect(replies(client.received)).toHaveLength(1)
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    expect(client.state).toBe('ended')
  })

  it('other connection options of a handler are not passed on: the connection is not its own (RFC 9110 §7.6.1)', () => {
    const t = testServer((c) => c.text('x', { headers: { connection: 'x-hop', 'keep-alive': 'timeout=999' } }))
    const client = t.connect()
    client.send(get())
    expect(onlyReply(client.received).fields.get('connection')).toBe('keep-alive')
    expect(onlyReply(client.received).fields.get('keep-alive')).toBe('timeout=72')
  })
})

describe('the idle limit is told to the client (RFC 2068 §19.7.1.1)', () => {
  it.each([
    [72_000, 'timeout=72'],
    [5_999, 'timeout=5'],
    [999, undefined],
    [0, undefined],
    [Infinity, undefined],
  ])('keepAlive %i ms: %s', (keepAlive, told) => {
    const client = testServer((c) => c.text('x'), { timeouts: { keepAlive } }).connect()
    client.send(get())
    expect(onlyReply(client.received).fields.get('keep-alive')).toBe(told)
    expect(onlyReply(client.received).fields.get('connection')).toBe('keep-alive')
  })

  it('but not when the connection ends', () => {
    const client = hello.connect()
    client.send(get('/', 'Connection: close\r\n'))
    expect(onlyReply(client.received).fields.has('keep-alive')).toBe(false)
  })
})

describe('limits.requestsPerConnection', () => {
  it('the last request allowed is answered with Connection: close', () => {
    const client = testServer((c) => c.text(c.path), { limits: { requestsPerConnection: 3 } }).connect()
    client.send(get('/1') + get('/2') + get('/3') + get('/4'))
    const all = replies(client.received)
    expect(all.map((m) => [m.body, m.fields.get('connection')])).toEqual([
      ['/1', 'keep-alive'],
      ['/2', 'keep-alive'],
      ['/3', 'close'],
    ])
    expect(client.state).toBe('ended')
  })

  it('is counted for each connection', () => {
    const t = testServer((c) => c.text(c.path), { limits: { requestsPerConnection: 1 } })
    const [a, b] = [t.connect(), t.connect()]
    a.send(request('HEAD', '/'))
    b.send(get())
    expect([statuses(a.received, ['HEAD']), statuses(b.received)]).toEqual([[200], [200]])
  })
})
