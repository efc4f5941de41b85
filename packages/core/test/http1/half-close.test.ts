import { describe, expect, it } from 'vitest'
import { watching } from '../server/lifecycle-support.ts'
import { deferred, get, muteErrors, onlyReply, replies, request, turn } from '../support.ts'

muteErrors()

describe('the client ends its side behind the request (RFC 9112 §9.6)', () => {
  it('signal fires, and the reply is still sent and counted as sent', async () => {
    const late = deferred()
    const { t, seen } = watching(async (c) => {
      await late.promise
      return c.text('late')
    })
    const client = t.connect()
    client.send(get())
    client.end()
    await turn()
    expect(seen[0]!.aborts.map((reason) => reason.by)).toEqual(['peer'])
    expect(client.state).toBe('open')
    late.resolve()
    await turn()
    expect(onlyReply(client.received)).toMatchObject({ status: 200, body: 'late', complete: true })
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    expect(seen[0]!.outcomes).toEqual([{ kind: 'sent', status: 200, bytes: client.received.length }])
    expect(client.state).toBe('closed')
    expect(t.server.stats.open).toBe(0)
  })

  it('a handler that gives up for it has answered nothing: the connection is cut, and that is what is said', async () => {
    const { t, seen } = watching(
      (c) => new Promise((_, reject) => c.signal.addEventListener('abort', () => reject(c.signal.reason as Error))),
    )
    const client = t.connect()
    client.send(get())
    client.end()
    await turn()
    expect(client.received).toBe('')
    expect(seen[0]!.outcomes).toMatchObject([{ kind: 'aborted', by: 'peer', status: 0, bytes: 0 }])
    expect(client.state).toBe('closed')
  })

  it('content that gives up for it is cut, and that is what is said', async () => {
    const { t, seen } = watching((c) =>
      c.stream(
        (async function* () {
          yield 'a'
          await new Promise((_, reject) => c.signal.addEventListener('abort', () => reject(c.signal.reason as Error)))
        })(),
      ),
    )
    const client = t.connect()
    client.send(get())
    await turn()
    client.end()
    await turn(4)
    expect(client.received).toMatch(/a\r\n$/)
    expect(seen[0]!.outcomes).toMatchObject([{ kind: 'aborted', by: 'peer', status: 200 }])
    expect(client.state).toBe('closed')
  })

  it('a streamed reply goes on to its end', async () => {
    const more = deferred()
    const { t, seen } = watching((c) =>
      c.stream(
        (async function* () {
          yield 'a'
          await more.promise
          yield 'b'
        })(),
      ),
    )
    const client = t.connect()
    client.send(get())
    await turn()
    client.end()
    await turn()
    more.resolve()
    await turn(4)
    expect(onlyReply(client.received)).toMatchObject({ body: 'ab', complete: true })
    expect(seen[0]!.outcomes).toEqual([{ kind: 'sent', status: 200, bytes: client.received.length }])
    expect(client.state).toBe('closed')
  })

  it('in the middle of its content: the read fails, and the client is told (RFC 9112 §8)', async () => {
    const { t, seen } = watching(async (c) => c.text(await c.body.text()))
    const client = t.connect()
    client.send(`${request('POST', '/', 'Content-Length: 10\r\n')}abc`)
    await turn()
    client.end()
    await turn()
    expect(onlyReply(client.received).status).toBe(400)
    expect(seen[0]!.aborts.map((reason) => reason.by)).toEqual(['peer'])
    expect(seen[0]!.outcomes).toHaveLength(1)
    expect(client.state).toBe('closed')
  })

  it('in the middle of a head, or before any: the connection just ends', async () => {
    const { t, seen } = watching((c) => c.text('x'))
    for (const wire of ['', 'GET / HT', get()]) {
      const client = t.connect()
      client.send(wire)
      client.end()
      await turn()
      expect(client.state).toBe('closed')
    }
    expect(seen).toHaveLength(1)
    expect(t.server.stats.open).toBe(0)
  })

  it('everything was answered already: in order', async () => {
    const { t } = watching((c) => c.text(c.path))
    const client = t.connect()
    client.send(get('/1') + get('/2'))
    client.end()
    await turn()
    expect(replies(client.received).map((m) => m.body)).toEqual(['/1', '/2'])
    expect(client.state).toBe('closed')
  })
})
