import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { execFile } from '@spillway/vitest-config/tools'
import { describe, expect, it } from 'vitest'
import { type Context, type Server, serve } from '../../src/index.ts'
import { MachineClient } from '../http2/machine-client.ts'
import { buildProgram } from '../programs.ts'
import { deferred, get, onlyReply, rawClient, turn, until } from '../support.ts'

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

  it('tells how many others were cut, also when its own request is answered already', async () => {
    const closed = deferred<unknown>()
    const server: Server = await serve(
      (c: Context) => {
        if (c.path === '/close') closed.resolve(server.close({ deadline: 50 }))
        return c.path === '/close' ? c.text('soon') : new Promise<never>(() => {})
      },
      { port: 0 },
    )
    const other = rawClient(server)
    other.send(get('/hangs'))
    await until(() => server.stats.active === 1)
    const client = rawClient(server)
    client.send(get('/close'))
    expect(onlyReply(await client.ended).body).toBe('soon')
    client.destroy()
    expect(await closed.promise).toEqual({ drained: 0, killed: 1 })
    // Its own was still open, for a request that might have been on its way.
    expect(await server.close()).toEqual({ drained: 0, killed: 2 })
    other.destroy()
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

  it.each([false, true])(
    'behind an await does not wait for itself either, where contexts are kept (http2: %s)',
    async (http2) => {
      const store = new AsyncLocalStorage<string>()
      const others = deferred()
      const server: Server = await store.run('kept', () =>
        serve(
          async (c: Context) => {
            if (c.path === '/other') {
              await others.promise
              return c.text('other')
            }
            await sleep(1)
            await turn()
            setTimeout(others.resolve, 5)
            const closed = await server.close({ deadline: Infinity })
            return c.json(closed)
          },
          { port: 0, http2: true },
        ),
      )
      const other = rawClient(server)
      other.send(get('/other'))
      await until(() => server.stats.active === 1)
      let body: string
      if (http2) {
        const client = new MachineClient(server.port)
        body = (await client.all(client.request('GET', '/'))).body
        client.socket.destroy()
      } else {
        const client = rawClient(server)
        client.send(get())
        body = onlyReply(await client.ended).body
      }
      // The other one was waited for.
      expect(JSON.parse(body)).toEqual({ drained: 1, killed: 0 })
      expect(onlyReply(await other.ended).body).toBe('other')
      expect(await server.close()).toMatchObject({ killed: 0 })
    },
  )

  it('in the content of a reply does not wait for that', async () => {
    const store = new AsyncLocalStorage<string>()
    const server: Server = await store.run('kept', () =>
      serve(
        (c) =>
          c.stream(
            (async function* () {
              yield 'closing '
              await server.close({ deadline: Infinity })
              yield 'closed'
            })(),
          ),
        { port: 0 },
      ),
    )
    const client = rawClient(server)
    client.send(get())
    expect(onlyReply(await client.ended)).toMatchObject({ body: 'closing closed', complete: true })
    expect(await server.close()).toMatchObject({ killed: 0 })
  })

  it('of another server waits for all of that one', async () => {
    const slow = deferred()
    const inner = await serve(async (c) => (await slow.promise, c.text('slow')), { port: 0 })
    const outer = await serve(
      async (c) => {
        await sleep(1)
        setTimeout(slow.resolve, 5)
        return c.json(await inner.close({ deadline: Infinity }))
      },
      { port: 0 },
    )
    const busy = rawClient(inner)
    busy.send(get())
    await until(() => inner.stats.active === 1)
    const client = rawClient(outer)
    client.send(get())
    await client.saw(/drained/)
    expect(JSON.parse(onlyReply(client.received).body)).toEqual({ drained: 1, killed: 0 })
    expect(onlyReply(await busy.ended).body).toBe('slow')
    client.destroy()
    await outer.close()
  })

  it('in two handlers does not make them wait for each other', async () => {
    const both = deferred()
    let count = 0
    const server: Server = await serve(
      async (c: Context) => {
        const closed = server.close({ deadline: Infinity })
        if (++count === 2) both.resolve()
        await both.promise
        return c.json(await closed)
      },
      { port: 0 },
    )
    const clients = [rawClient(server), rawClient(server)]
    for (const client of clients) client.send('GET / HTTP/1.1\r\n')
    await until(() => server.stats.active === 2)
    for (const client of clients) client.send('Host: a\r\n\r\n')
    for (const client of clients) {
      expect(onlyReply(await client.ended).status).toBe(200)
      client.destroy()
    }
    expect(await server.close()).toEqual({ drained: 2, killed: 0 })
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

it('behind an await in a process without AsyncLocalStorage does not wait for itself either', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-close-'))
  const { stdout } = await promisify(execFile)(process.execPath, [await buildProgram('close-behind-await', folder)])
  rmSync(folder, { recursive: true })
  const { outside, unknown, ...within } = JSON.parse(stdout) as Record<string, unknown>
  const all = { drained: 1, killed: 0 }
  for (const [way, told] of Object.entries(within))
    expect([way, told]).toEqual([way, [all, 'other', { drained: 2, killed: 0 }]])
  expect(Object.keys(within)).toHaveLength(10)
  expect(outside).toEqual([all, 'slow'])
  // Where contexts are kept it is known here as well.
  expect([
    [{ drained: 0, killed: 1 }, ''],
    [{ drained: 1, killed: 0 }, '{"drained":0,"killed":0}'],
  ]).toContainEqual(unknown)
}, 60_000)
