import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Context,
  NodeTransport,
  type ServerEvents,
  channels,
  createServer,
  defaultLimits,
  serve,
} from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { deferred, get, onlyReply, rawClient, turn, until } from '../support.ts'

describe('serve and createServer', () => {
  it('answers on a free port and tells it', async () => {
    const server = await serve((c) => c.text(`${c.peer.address} ${c.peer.port > 0} ${c.peer.secure}`), { port: 0 })
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
    expect(await (await fetch(server.url)).text()).toBe('127.0.0.1 true false')
    await server.close({ deadline: 0 })
  })

  it('tells on a channel where it listens', async () => {
    const server = createServer((c) => c.text('x'))
    const urls: string[] = []
    const listener = (event: ServerEvents['listening']): void => {
      if (event.server === server) urls.push(event.url)
    }
    channels.listening.subscribe(listener)
    const first = await server.listen({ port: 0 })
    const second = await server.listen({ port: 0 })
    channels.listening.unsubscribe(listener)
    await server.listen({ port: 0 })
    expect(urls).toEqual([first.url, second.url])
    await server.close({ deadline: 0 })
  })

  it('serves a connection that was accepted elsewhere', async () => {
    const server = createServer((c) => c.text(c.peer.address))
    const listener = createNetServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      server.accept(new NodeTransport(socket))
      socket.resume()
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    expect(await (await fetch(url)).text()).toBe('127.0.0.1')
    expect(server.stats.open).toBe(1)
    await server.close({ deadline: 0 })
    // When it is closing, it cuts what comes.
    await expect(fetch(url)).rejects.toThrow('fetch failed')
    listener.close()
  })

  it('an option that is undefined is not given', async () => {
    const options = { limits: { bodyBytes: undefined }, timeouts: { keepAlive: undefined } } as never
    const client = testServer(async (c) => c.text(await c.body.text()), options).connect()
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${defaultLimits.bodyBytes + 1}\r\n\r\n`)
    await turn(4)
    expect(onlyReply(client.received).status).toBe(413)
    const other = testServer((c) => c.text('x'), options).connect()
    other.send(get())
    expect(onlyReply(other.received).fields.get('keep-alive')).toBe('timeout=72')
  })

  it.each([
    { limits: { bodyBytes: -1 } },
    { limits: { connections: Number.NaN } },
    { timeouts: { head: -1 } },
    { limits: { fields: 1.5 } },
  ])('%j is a RangeError', (options) => {
    expect(() => createServer((c) => c.text('x'), options as never)).toThrow(RangeError)
  })

  it.each([
    [{ timeouts: { head: '5000' } }, '`timeouts.head` is a number, not a string'],
    [{ timeouts: { keepAlive: null } }, '`timeouts.keepAlive` is a number, not null'],
    [{ limits: { bodybytes: 1 } }, 'did you mean `limits.bodyBytes`?'],
    [{ timeout: {} }, 'did you mean `timeouts`?'],
    [{ limits: 7 }, '`limits` is an object, not 7'],
    [{ onError: true }, '`onError` is a function, not true'],
  ])('%j is a TypeError', (options, said) => {
    expect(() => createServer((c) => c.text('x'), options as never)).toThrow(TypeError)
    expect(() => createServer((c) => c.text('x'), options as never)).toThrow(said)
  })

  it('a handler that is none is an error at once', async () => {
    expect(() => createServer({} as never)).toThrow(TypeError)
    expect(() => createServer({} as never, (() => {}) as never)).toThrow('The handler comes first')
    await expect(serve(undefined as never, { port: 0 })).rejects.toThrow('undefined')
  })

  const express = Object.assign(() => {}, { listen() {} })
  it.each<[string, unknown, string]>([
    ['the port alone, as other servers take it', [(c: Context) => c.text('x'), 3000], 'an object: { port: 3000 }'],
    [
      'options in front, as other servers take them',
      [{ port: 0 }, (c: Context) => c.text('x')],
      'The handler comes first',
    ],
    [
      'the name of an option of other servers',
      [(c: Context) => c.text('x'), { hostname: '::' }],
      'there are limits, timeouts, onError, port, host',
    ],
    [
      'a port out of the environment',
      [(c: Context) => c.text('x'), { port: '3000' }],
      '`port` is a number, not a string',
    ],
    ['an application of fetch', [{ fetch: () => new Response('x') }], 'fromFetch'],
    [
      'an application of Express',
      [express],
      'listens by itself: applications for node:http run behind @spillway/middleware/connect',
    ],
    ['one that is no function and listens', [{ listen() {} }], 'not object: applications for node:http'],
  ])('%s is an error that says what is meant', async (_, given, said) => {
    await expect(serve(...(given as [never]))).rejects.toThrow(said)
    await expect(serve(...(given as [never]))).rejects.toThrow(TypeError)
  })

  it('listen has options as well', async () => {
    await expect(createServer((c) => c.text('x')).listen(3000 as never)).rejects.toThrow('an object: { port: 3000 }')
  })

  it('is not listening before listen', () => {
    const server = createServer((c) => c.text('x'))
    expect([server.url, server.port]).toEqual(['', 0])
  })

  it('several listeners share the handler', async () => {
    const server = createServer((c) => c.text('x'))
    const [a, b] = [await server.listen({ port: 0 }), await server.listen({ port: 0 })]
    expect(server.port).toBe(a.port)
    expect(await (await fetch(a.url)).text()).toBe('x')
    expect(await (await fetch(b.url)).text()).toBe('x')
    await server.close({ deadline: 0 })
  })

  it('a port that is taken is an error of listen', async () => {
    const first = await serve((c) => c.text('x'), { port: 0 })
    await expect(serve((c) => c.text('y'), { port: first.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await first.close()
  })

  it('a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-'))
    const path = join(folder, 'socket')
    const server = await serve((c) => c.text(`[${c.peer.address}]`), { path })
    expect([server.url, server.port]).toEqual([`unix:${path}`, 0])
    const received = await new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(path, () => socket.write(get('/', 'Connection: close\r\n')))
      socket.on('data', (chunk) => (text += chunk.toString('latin1'))).on('end', () => resolve(text))
    })
    expect(onlyReply(received).body).toBe('[]')
    await server.close()
    rmSync(folder, { recursive: true })
  })

  it('IPv6', async () => {
    const server = await serve((c) => c.text('x'), { port: 0, host: '::1' }).catch(() => undefined)
    // A machine without IPv6 has nothing to show here.
    expect(server?.url ?? 'http://[::1]:').toMatch(/^http:\/\/\[::1\]:/)
    await server?.close()
  })

  it('after close nothing is accepted and nothing can listen', async () => {
    const server = await serve((c) => c.text('x'), { port: 0 })
    await server.close()
    await expect(fetch(server.url)).rejects.toThrow('fetch failed')
    await expect(server.listen({ port: 0 })).rejects.toThrow('closed')
  })
})

describe('close over sockets (RFC 9112 §9.6)', () => {
  it('a request in hand is answered with Connection: close', async () => {
    const answer = deferred()
    const called = deferred()
    const server = await serve(
      async (c) => {
        called.resolve()
        await answer.promise
        return c.text('done')
      },
      { port: 0 },
    )
    const client = rawClient(server)
    client.send(get())
    await called.promise
    const closed = server.close()
    // What was accepted before is let in first.
    await turn(10)
    answer.resolve()
    expect(onlyReply(await client.ended).body).toBe('done')
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    expect(await closed).toEqual({ drained: 1, killed: 0 })
  })

  it('idle connections end with a FIN, not a reset', async () => {
    const server = await serve((c) => c.text('x'), { port: 0, timeouts: { linger: 100 } })
    const clients = [rawClient(server), rawClient(server)]
    await until(() => server.stats.open === 2)
    clients[0]!.send(get())
    await clients[0]!.saw(/x$/)
    const closed = server.close()
    await Promise.all(clients.map((client) => client.ended))
    expect(await closed).toEqual({ drained: 2, killed: 0 })
  })

  it('a hanging handler is cut at the deadline', async () => {
    const called = deferred()
    const server = await serve(
      (c) => {
        called.resolve()
        return new Promise<never>((_, reject) =>
          c.signal.addEventListener('abort', () => reject(c.signal.reason as Error)),
        )
      },
      { port: 0 },
    )
    const client = rawClient(server)
    client.send(get())
    await called.promise
    expect(await server.close({ deadline: 20 })).toEqual({ drained: 0, killed: 1 })
    expect(await client.ended).toBe('')
  })

  it('await using closes', async () => {
    const server = await serve((c) => c.text('x'), { port: 0 })
    await server[Symbol.asyncDispose]()
    await expect(fetch(server.url)).rejects.toThrow('fetch failed')
  })
})

describe('a client over a socket', () => {
  it('that ends its side behind the request gets its reply', async () => {
    const server = await serve(
      async (c) => {
        await until(() => c.signal.aborted)
        return c.text('still sent')
      },
      { port: 0 },
    )
    const client = rawClient(server)
    client.send(get())
    client.end()
    expect(onlyReply(await client.ended).body).toBe('still sent')
    await server.close()
  })

  it('that goes away is known by signal', async () => {
    const called = deferred()
    const gone = deferred<unknown>()
    const server = await serve(
      (c) => {
        called.resolve()
        c.signal.addEventListener('abort', () => gone.resolve(c.signal.reason))
        return new Promise<never>(() => {})
      },
      { port: 0 },
    )
    const client = rawClient(server)
    client.send(get())
    await called.promise
    client.destroy()
    expect(await gone.promise).toMatchObject({ by: 'peer' })
    await server.close({ deadline: 0 })
  })

  it('of HTTP/1.0 sees a reset when a streamed reply fails: nothing else says that it is not complete (RFC 9112 §8)', async () => {
    const server = await serve(
      (c) =>
        c.stream(
          (async function* () {
            yield 'abc'
            await until(() => received())
            throw new Error('x')
          })(),
        ),
      { port: 0, onError: () => {} },
    )
    const client = rawClient(server)
    const received = (): boolean => client.received.endsWith('abc')
    client.send(get('/', '', '1.0'))
    await expect(client.ended).rejects.toMatchObject({ code: 'ECONNRESET' })
    await server.close({ deadline: 0 })
  })
})
