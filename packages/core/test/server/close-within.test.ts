import { describe, expect, it } from 'vitest'
import { type Context, type Server, serve } from '../../src/index.ts'
import { MachineClient } from '../http2/machine-client.ts'
import { deferred, get, onlyReply, rawClient, until } from '../support.ts'

describe('close, called in a handler', () => {
  it('does not wait for itself', async () => {
    const server: Server = await serve(
      async (c) => {
        const closed = await server.close({ deadline: Infinity })
        return c.json(closed)
      },
      { port: 0 },
    )
    const client = rawClient(server)
    client.send(get())
    const reply = onlyReply(await client.ended)
    expect(JSON.parse(reply.body)).toEqual({ drained: 0, killed: 0 })
    expect(reply.fields.get('connection')).toBe('close')
    client.destroy()
    expect(await server.close()).toEqual({ drained: 1, killed: 0 })
  })

  it('waits for all others, and no longer than the deadline', async () => {
    const slow = deferred()
    const server: Server = await serve(
      async (c: Context) => {
        if (c.path === '/slow') await slow.promise
        else if (c.path === '/close') await server.close({ deadline: Infinity })
        return c.text(c.path)
      },
      { port: 0 },
    )
    const other = rawClient(server)
    other.send(get('/slow'))
    await until(() => server.stats.active === 1)
    const client = rawClient(server)
    client.send(get('/close'))
    await until(() => server.closing)
    slow.resolve()
    expect(onlyReply(await other.ended).body).toBe('/slow')
    other.destroy()
    expect(onlyReply(await client.ended).body).toBe('/close')
    client.destroy()
    expect(await server.close()).toEqual({ drained: 2, killed: 0 })
  })

  it('while somebody else closes does not wait for itself either, and hurries', async () => {
    const begun = deferred()
    const server: Server = await serve(
      async (c: Context) => {
        if (c.path === '/slow') {
          begun.resolve()
          return new Promise<never>(() => {})
        }
        await server.close({ deadline: 20 })
        return c.text('closed')
      },
      { port: 0 },
    )
    const stuck = rawClient(server)
    stuck.send(get('/slow'))
    await begun.promise
    const client = rawClient(server)
    client.send('GET /close HTTP/1.1\r\n')
    await until(() => server.stats.active === 2)
    const closed = server.close({ deadline: Infinity })
    client.send('Host: a\r\n\r\n')
    expect(await closed).toMatchObject({ killed: 2 })
    client.destroy()
    stuck.destroy()
  })

  it('over HTTP/2', async () => {
    const server: Server = await serve(async (c) => c.json(await server.close({ deadline: Infinity })), {
      port: 0,
      http2: true,
    })
    const client = new MachineClient(server.port)
    const { body } = await client.all(client.request('GET', '/'))
    expect(JSON.parse(body)).toEqual({ drained: 0, killed: 0 })
    client.socket.destroy()
    expect(await server.close()).toMatchObject({ killed: 0 })
  })
})
