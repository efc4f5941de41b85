import { describe, expect, it } from 'vitest'
import { Reply } from '../../src/index.ts'
import { type MemoryClient, type TestServer, testServer } from '../../src/testing.ts'
import { get, post, replies, request, turn } from '../support.ts'
import { expectAt } from './deadlines-support.ts'

/** Connects to a server with the default deadlines, and sends something. */
async function connected(send: string, stall?: number): Promise<[TestServer, MemoryClient]> {
  const t = testServer(async (c) => new Reply(c.method === 'POST' ? await c.body.text() : 'x'.repeat(10_000)))
  const client = t.connect()
  if (stall !== undefined) client.stall(stall)
  client.send(send)
  await turn()
  return [t, client]
}

describe('the default deadlines are those of the security model', () => {
  it('20 seconds for a head: 408', async () => {
    const [t, client] = await connected('GET / HTTP/1.1\r\n')
    await expectAt(t, client, 20_000)
    expect(replies(client.received).map(({ status }) => status)).toEqual([408])
  })

  it('30 seconds between two reads of content: 408', async () => {
    // So much that the minimum rate is no matter.
    const [t, client] = await connected(post('x'.repeat(10_000)).slice(0, -1))
    await expectAt(t, client, 30_000)
    expect(replies(client.received).map(({ status }) => status)).toEqual([408])
  })

  it('240 bytes of content a second, after 5 seconds', async () => {
    const [t, client] = await connected(request('POST', '/', 'Content-Length: 1000000\r\n'))
    for (let second = 0; second < 10; second++) {
      t.advance(1000)
      client.send('x'.repeat(240))
      await turn()
      expect(client.state).toBe('open')
    }
    // Then nothing: what came is enough for ten seconds, five more are free.
    t.advance(4000)
    await turn()
    expect(client.state).toBe('open')
    t.advance(2000)
    await turn()
    expect(replies(client.received).map(({ status }) => status)).toEqual([408])
  })

  it('62 seconds in which a client takes nothing of its reply: cut', async () => {
    const [t, client] = await connected(get(), 100)
    await expectAt(t, client, 62_000, 'closed')
    expect(t.server.stats.open).toBe(0)
  })

  it('none for a request as a whole', async () => {
    const t = testServer(() => new Promise<never>(() => {}))
    const client = t.connect()
    client.send(get())
    await turn()
    t.advance(24 * 60 * 60 * 1000)
    await turn()
    expect(client.state).toBe('open')
    expect(client.received).toBe('')
  })
})
