import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { type TLSSocket, connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Transport, serve } from '../../src/index.ts'
import { NodeTransport, lending } from '../../src/sockets/transport-node.ts'
import { makeAuthority, openssl } from '../certificates.ts'
import { deferred, get, muteErrors, onlyReply, post, postChunked, rawClient, until } from '../support.ts'

muteErrors()

/** Content that shows where it came from. */
const content = (name: string): string => name.repeat(3000)

/** Both ends of a connection; the server's is read into the shared buffer. */
async function pair(): Promise<{ client: Socket; accepted: Socket; socket: Socket }> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connecting = once(server, 'connection')
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  client.on('error', () => {})
  const [[accepted]] = (await Promise.all([connecting, once(client, 'connect')])) as [[Socket], unknown]
  server.close()
  return { client, accepted, socket: lending(accepted) }
}

/** What a transport tells. */
function listen(transport: Transport): string[] {
  const heard: string[] = []
  transport.attach({
    onData: (bytes) => void heard.push(Buffer.from(bytes).toString()),
    onDrain() {},
    onEnd: () => void heard.push('end'),
    onClose: (error) => void heard.push(error ? `closed by ${(error as NodeJS.ErrnoException).code}` : 'closed'),
  })
  return heard
}

describe('what one connection was lent', () => {
  it('content that waits to be read is not overwritten by what comes on other connections', async () => {
    const read = deferred()
    await using server = await serve(
      async (c) => {
        if (c.path !== '/waits') return c.text(await c.body.text())
        const iterator = c.body[Symbol.asyncIterator]()
        const first = await iterator.next()
        await read.promise
        const pieces = [first.value!]
        for await (const piece of { [Symbol.asyncIterator]: () => iterator }) pieces.push(piece)
        return c.text(Buffer.concat(pieces).toString())
      },
      { port: 0 },
    )
    const waiting = rawClient(server)
    waiting.send(postChunked([content('a'), content('b')], '/waits'))
    for (const name of ['x', 'y', 'z']) {
      const other = rawClient(server)
      other.send(postChunked([content(name)]))
      await other.saw(new RegExp(`${name}{3000}`))
      other.destroy()
    }
    read.resolve()
    expect(onlyReply(await waiting.saw(/b{3000}/)).body).toBe(content('a') + content('b'))
    waiting.destroy()
  })

  it('much content that comes at once, on several connections, stays apart', async () => {
    const names = ['p', 'q', 'r']
    const size = 3_000_000
    await using server = await serve(
      async (c) => {
        c.body.limit = size
        const pieces: Uint8Array[] = []
        for await (const piece of c.body) pieces.push(piece)
        // Looked at only when everything is here.
        return c.text(String(Buffer.concat(pieces).equals(Buffer.alloc(size, c.path.slice(1)))))
      },
      { port: 0 },
    )
    const clients = names.map((name) => {
      const client = rawClient(server)
      client.send(post(name.repeat(size), `/${name}`))
      return client
    })
    for (const client of clients) {
      expect(onlyReply(await client.saw(/\r\n\r\n.*e$/)).body).toBe('true')
      client.destroy()
    }
  })

  it('half a head is not, either', async () => {
    await using server = await serve((c) => c.text(c.headers.get('name') ?? ''), { port: 0 })
    const whole = get('/', `Name: ${content('n')}\r\n`)
    const slow = rawClient(server)
    slow.send(whole.slice(0, 2000))
    const other = rawClient(server)
    other.send(get('/', `Name: ${content('o')}\r\n`))
    await other.saw(/o{3000}/)
    slow.send(whole.slice(2000))
    expect(onlyReply(await slow.saw(/n{3000}/)).body).toBe(content('n'))
    slow.destroy()
    other.destroy()
  })

  it('the new owner of an upgraded connection may keep what it gets', async () => {
    const kept: Uint8Array[] = []
    await using server = await serve(
      (c) =>
        c.method === 'GET'
          ? c.text(content('t'))
          : c.upgrade((transport, leftover) => {
              kept.push(leftover)
              transport.attach({
                onData: (bytes) => void kept.push(bytes),
                onDrain() {},
                onEnd: () => transport.end(),
                onClose() {},
              })
            }),
      { port: 0 },
    )
    const tunnel = rawClient(server)
    tunnel.send(`CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n${content('1')}`)
    await tunnel.saw(/ 200 /)
    tunnel.send(content('2'))
    await until(() => Buffer.concat(kept).length === 6000)
    const other = rawClient(server)
    other.send(get('/', `Name: ${content('o')}\r\n`))
    await other.saw(/t{3000}/)
    expect(Buffer.concat(kept).toString()).toBe(content('1') + content('2'))
    tunnel.end()
    await tunnel.ended
    other.destroy()
  })
})

describe('a socket that is read into one buffer', () => {
  it('is a socket of its own: the way of this runtime to be read has not changed', async () => {
    const { client, accepted, socket } = await pair()
    expect(socket).not.toBe(accepted)
    expect(socket.remotePort).toBe(client.localPort)
    client.destroy()
    socket.destroy()
  })

  it('brings bytes, waits while it is paused, and ends', async () => {
    const { client, socket } = await pair()
    const transport = new NodeTransport(socket)
    const heard = listen(transport)
    client.write('one')
    await until(() => heard.length === 1)
    transport.pause()
    client.write('two')
    await new Promise((resolve) => client.write('three', resolve))
    expect(heard).toEqual(['one'])
    transport.resume()
    await until(() => heard.join('') === 'onetwothree')
    client.end()
    await until(() => heard.at(-1) === 'end')
    transport.write('still here')
    transport.end()
    const [answer] = (await once(client, 'data')) as [Buffer]
    expect(answer.toString()).toBe('still here')
    await until(() => heard.at(-1) === 'closed')
  })

  it('tells of a reset', async () => {
    const { client, socket } = await pair()
    const heard = listen(new NodeTransport(socket))
    client.resetAndDestroy()
    await until(() => heard.length > 0)
    expect(heard).toEqual(['closed by ECONNRESET'])
  })

  it('resets', async () => {
    const { client, socket } = await pair()
    const transport = new NodeTransport(socket)
    const heard = listen(transport)
    transport.reset()
    const failure = await new Promise<boolean>((resolve) => client.once('close', resolve))
    expect(failure).toBe(true)
    await until(() => heard.length > 0)
    expect(heard).toEqual(['closed'])
  })

  it('one that is gone stays what it is', async () => {
    const { client, accepted, socket } = await pair()
    socket.destroy()
    expect(lending(accepted)).toBe(accepted)
    client.destroy()
  })
})

/** Both ends of a TLS connection, behind the handshake. */
async function securePair(): Promise<{ client: TLSSocket; socket: TLSSocket }> {
  const authority = makeAuthority()
  onTestFinished(() => authority.remove())
  const { cert, key } = authority.issue('localhost', ['localhost'])
  const server = createTlsServer({ cert, key, allowHalfOpen: true } as object).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'secureConnection')
  const { port } = server.address() as AddressInfo
  const client = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.ca })
  client.on('error', () => {})
  const [[socket]] = (await Promise.all([accepted, once(client, 'secureConnect')])) as [[TLSSocket], unknown]
  server.close()
  onTestFinished(() => void client.destroy())
  return { client, socket }
}

withTools(openssl)('TLS sockets are read in the same way', () => {
  it('in pieces of any size, up to the end', async () => {
    const { client, socket } = await securePair()
    const heard = listen(new NodeTransport(socket))
    // Whoever listens for data is given memory of his own: this Node is not the one that decision 070 knows.
    expect(socket.listenerCount('data')).toBe(0)
    client.write('small')
    await until(() => heard.length === 1)
    client.write(content('a').repeat(30))
    await until(() => heard.join('').length === 5 + 90_000)
    client.end('last')
    await until(() => heard.includes('end'))
    expect(heard.join('')).toBe(`small${'a'.repeat(90_000)}lastend`)
    expect(socket.bytesRead).toBeGreaterThan(90_000)
    socket.end()
    await until(() => heard.at(-1) === 'closed')
  })

  it('not while they are paused', async () => {
    const { client, socket } = await securePair()
    const transport = new NodeTransport(socket)
    const heard = listen(transport)
    transport.pause()
    const other = await securePair()
    const others = listen(new NodeTransport(other.socket))
    client.write('mine')
    other.client.write('theirs')
    await until(() => others.length === 1)
    expect(heard).toEqual([])
    transport.resume()
    await until(() => heard.length === 1)
    expect([heard, others]).toEqual([['mine'], ['theirs']])
  })

  it('as streams, once they are given away', async () => {
    const { client, socket } = await securePair()
    const transport = new NodeTransport(socket)
    const heard = listen(transport)
    client.write('first')
    await until(() => heard.length === 1)
    const stream = transport.release()
    client.end('the rest')
    let text = ''
    for await (const chunk of stream) text += String(chunk)
    expect(text).toBe('the rest')
    expect(heard[0]).toBe('first')
  })

  it('and are closed for both sides', async () => {
    const { client, socket } = await securePair()
    const transport = new NodeTransport(socket)
    const heard = listen(transport)
    const closed = once(client, 'close')
    transport.reset()
    await closed
    await until(() => heard.length > 0)
    expect(heard).toEqual(['closed'])
  })
})
