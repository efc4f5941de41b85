import { wrap } from '@spillway/middleware'
import { client as clientLayer } from '@spillway/middleware/client'
import { proxy } from '@spillway/middleware/proxy'
import { describe, expect, test } from 'vitest'
import { Shares } from '../src/lib/proxy/shares.ts'
import { client, group, rawUpstream, until } from './proxy-support.ts'
import { start } from './server.ts'

test('one client gets three quarters of all places, two get three sevenths each, and one is left for the next', () => {
  for (const limit of [1, 2, 3, 4, 8, 512]) {
    const shares = new Shares(limit)
    let taken = 0
    while (shares.allows('a')) {
      shares.take('a')
      taken++
    }
    expect(taken).toBe(Math.ceil((limit * 3) / 4))
    expect(shares.allows('b')).toBe(taken < limit)
    shares.release('a')
    expect(shares.allows('a')).toBe(true)
    expect(shares.heldBy('a')).toBe(taken - 1)
  }
})

const upload = (name: string, i: number): string =>
  `POST /${i} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${name}\r\nContent-Length: 1000\r\n\r\nx`

/** Answers GET; uploads are never complete. Clients are whom the field says. */
const gateway = async (pool: { connections: number; waiting: number }) => {
  const upstream = await rawUpstream((socket, head) => {
    if (head.startsWith('GET')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  const trusted = clientLayer({ trusted: ['127.0.0.1'], fields: ['x-forwarded-for'] })
  const to = group([upstream.url], { pool, timeouts: { connect: 60_000 } })
  return { to, upstream, server: await start(wrap([trusted], proxy(to)), { onError: () => {} }) }
}
const asking = (name: string): string => `GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${name}\r\n\r\n`

describe('many slow uploads of one client', () => {
  test.each([
    ['an address', '192.0.2.1', '192.0.2.2'],
    ['an IPv6 network', '2001:db8::1', '2001:db8:0:1::1'],
  ])('from %s leave connections and places to wait for others', async (_, slow, other) => {
    const { server, upstream } = await gateway({ connections: 8, waiting: 8 })
    const uploads = Array.from({ length: 20 }, (_each, i) =>
      client(server, upload(slow.replace(/::1$/, `::${i + 1}`), i)),
    )
    // 6 connections, 6 places to wait, and 8 are refused
    await until(() => uploads.filter(({ received }) => received.startsWith('HTTP/1.1 503')).length === 8)
    expect(upstream.connections).toBe(6)
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => client(server, asking(other)).reads('\r\n\r\nok')),
    )
    expect(answers).toHaveLength(4)
  })

  test('a place that becomes free goes to the client that holds the fewest', async () => {
    const { server, to } = await gateway({ connections: 2, waiting: 16 })
    const active = (count: number): Promise<void> => until(() => to.status[0]!.active === count)
    const [first] = [0, 1].map((i) => client(server, upload('192.0.2.1', i)))
    await active(2)
    for (const i of [2, 3, 4]) client(server, upload('192.0.2.1', i))
    await active(5)
    const other = client(server, asking('192.0.2.2'))
    await active(6)
    first!.socket.destroy()
    expect(await other.reads('\r\n\r\nok')).toContain('200 OK')
  })
})
