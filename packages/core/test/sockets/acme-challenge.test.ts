import { type AddressInfo, createServer as createNetServer, connect as tcpConnect } from 'node:net'
import { type TLSSocket, connect } from 'node:tls'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Server, type TlsOptions, channels, serve } from '../../src/index.ts'
import { offeredProtocols } from '../../src/sockets/client-hello.ts'
import { type TestAuthority, type TestCertificate, makeAuthority, openssl } from '../certificates.ts'

const refused = /ECONNRESET|hang up|disconnected|no application protocol|alert/

/** What a client sends first. */
async function helloOf(protocols: string[] | undefined): Promise<Buffer> {
  const server = createNetServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const came = new Promise<Buffer>((resolve) => {
    server.on('connection', (socket) => {
      socket.once('data', (bytes) => {
        resolve(Buffer.from(bytes))
        socket.destroy()
      })
    })
  })
  const client = connect({ port, host: '127.0.0.1', servername: 'a.test', ALPNProtocols: protocols ?? [] })
  client.on('error', () => {})
  const bytes = await came
  client.destroy()
  server.close()
  return bytes
}

function boom(): never {
  throw new Error('boom')
}

describe('the protocols of the first message', () => {
  it('are found when it is whole, and not before', async () => {
    for (const protocols of [['acme-tls/1'], ['h2', 'http/1.1'], []]) {
      const hello = await helloOf(protocols)
      for (let length = 0; length < hello.length; length++)
        expect(offeredProtocols(hello.subarray(0, length))).toBe('more')
      expect(offeredProtocols(hello)).toEqual(protocols)
      expect(offeredProtocols(Buffer.concat([hello, Buffer.of(1, 2, 3)]))).toEqual(protocols)
    }
  })

  it('are none in what is no such message, however it is broken', async () => {
    expect(offeredProtocols(Buffer.from('GET / HTTP/1.1\r\n'))).toEqual([])
    expect(offeredProtocols(Buffer.of(22, 3, 1, 0, 0))).toEqual([])
    expect(offeredProtocols(Buffer.of(22, 3, 1, 0, 4, 2, 0, 0, 0))).toEqual([])
    const hello = await helloOf(['acme-tls/1'])
    for (let at = 5; at < hello.length; at++)
      for (const byte of [0, 1, 0x7f, 0xff]) {
        const broken = Buffer.from(hello)
        broken[at] = byte
        expect(Array.isArray(offeredProtocols(broken))).toBe(true)
      }
  })
})

withTools(openssl)('a check of a name', () => {
  let authority: TestAuthority
  let own: TestCertificate
  let proof: TestCertificate

  beforeAll(() => {
    authority = makeAuthority()
    own = authority.issue('own', ['a.test'])
    proof = authority.issue('proof', ['a.test'])
  })

  afterAll(() => authority.remove())

  const acmeChallenge = (name: string): TestCertificate | undefined => (name === 'a.test' ? proof : undefined)

  async function start(hasProofs = true, find: unknown = acmeChallenge): Promise<Server> {
    const server = await serve((c) => c.text('hello'), {
      port: 0,
      onError: () => {},
      timeouts: { handshake: 300 },
      tls: { cert: own.cert, key: own.key, ...(hasProofs && { acmeChallenge: find as typeof acmeChallenge }) },
    })
    onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
    return server
  }

  function shake(server: Server, protocols: string[], servername = 'a.test'): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const at = { port: server.port, host: '127.0.0.1', ca: authority.ca, servername, ALPNProtocols: protocols }
      const socket = connect(at, () => resolve(socket)).on('error', reject)
    })
  }

  it('is shown its own certificate, and then the connection ends; all others have theirs', async () => {
    const server = await start()
    const checking = await shake(server, ['acme-tls/1'])
    expect(checking.alpnProtocol).toBe('acme-tls/1')
    expect(checking.getPeerCertificate().subject.CN).toBe('proof')
    checking.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
    let said = ''
    checking.on('data', (chunk) => (said += String(chunk))).on('error', () => {})
    await new Promise((resolve) => checking.on('close', resolve))
    expect(said).toBe('')
    const visiting = await shake(server, ['http/1.1'])
    expect(visiting.getPeerCertificate().subject.CN).toBe('own')
    visiting.destroy()
  })

  it('fails for names that nobody asked to be checked, and where there are none', async () => {
    const server = await start()
    await expect(shake(server, ['acme-tls/1'], 'b.test')).rejects.toThrow(refused)
    const without = await start(false)
    await expect(shake(without, ['acme-tls/1'])).rejects.toThrow(refused)
  })

  it.each<[string, () => unknown]>([
    ['throws', () => boom()],
    ['is rejected', () => Promise.reject(new Error('boom'))],
    ['throws nothing', () => Promise.reject(undefined)],
    ['never answers', () => new Promise(() => {})],
    ['finds no certificate', () => 5],
    ['finds one that is none', () => ({ cert: 'x', key: 'y' })],
  ])('fails when what finds its certificate %s, and visitors have the server all the same', async (_, find) => {
    const server = await start(true, find)
    await expect(shake(server, ['acme-tls/1'])).rejects.toThrow(/./)
    const visiting = await shake(server, ['http/1.1'])
    expect(visiting.getPeerCertificate().subject.CN).toBe('own')
    visiting.destroy()
  })

  it('finds its way when the first message comes in pieces', async () => {
    const server = await start()
    const relay = createNetServer((client) => {
      const upstream = tcpConnect({ port: server.port, host: '127.0.0.1', noDelay: true })
      let isFirst = true
      client.on('data', (bytes) => {
        const pieces = isFirst ? [bytes.subarray(0, 3), bytes.subarray(3, 200), bytes.subarray(200)] : [bytes]
        isFirst = false
        for (const piece of pieces) upstream.write(piece)
      })
      upstream.on('data', (bytes) => client.write(bytes)).on('close', () => client.destroy())
      client.on('close', () => upstream.destroy()).on('error', () => {})
      upstream.on('error', () => {})
    })
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void relay.close())
    const { port } = relay.address() as AddressInfo
    for (const [protocols, subject] of [
      [['acme-tls/1'], 'proof'],
      [['http/1.1'], 'own'],
    ] as const) {
      const at = { port, host: '127.0.0.1', ca: authority.ca, servername: 'a.test', ALPNProtocols: [...protocols] }
      const socket = await new Promise<TLSSocket>((resolve, reject) => {
        const made = connect(at, () => resolve(made)).on('error', reject)
      })
      expect(socket.getPeerCertificate().subject.CN).toBe(subject)
      socket.destroy()
    }
  })

  it('is over for whoever leaves in the middle of it', async () => {
    const server = await start()
    const reasons: string[] = []
    const heard = ({ reason, server: of }: { reason: string; server: unknown }): void => {
      if (of === server) reasons.push(reason)
    }
    channels.close.subscribe(heard)
    onTestFinished(() => void channels.close.unsubscribe(heard))
    const socket = tcpConnect(server.port, '127.0.0.1', () => socket.end(Buffer.of(22, 3, 1)))
    await new Promise((resolve) => socket.on('close', resolve).resume())
    await expect.poll(() => reasons).toEqual(['client-gone'])
    expect(server.stats.open).toBe(0)
  })
})

withTools(openssl)('a listener whose certificates are found by name alone', () => {
  it('has those, and refuses clients that name nobody', async () => {
    const authority = makeAuthority()
    onTestFinished(() => authority.remove())
    const named = authority.issue('named', ['a.test'])
    const certificate = { cert: named.cert, key: named.key }
    const server = await serve((c) => c.text('hello'), { port: 0, tls: { sni: () => certificate } })
    onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
    const visit = (servername?: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const at = {
          port: server.port,
          host: '127.0.0.1',
          ca: authority.ca,
          ...(servername !== undefined && { servername }),
        }
        const socket = connect(at, () => {
          socket.destroy()
          resolve()
        }).on('error', reject)
      })
    await visit('a.test')
    await expect(visit()).rejects.toThrow(refused)
    await expect(serve((c) => c.text('x'), { port: 0, tls: { sni: {} } as unknown as TlsOptions })).rejects.toThrow(
      'TLS needs',
    )
  })
})
