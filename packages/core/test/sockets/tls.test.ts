import { createPrivateKey } from 'node:crypto'
import { Agent, request } from 'node:https'
import { connect as tcpConnect } from 'node:net'
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls'
import { promisify } from 'node:util'
import { execFile, findTool, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Server, type ServerOptions, type TlsOptions, createServer, serve } from '../../src/index.ts'
import { type TestAuthority, type TestCertificate, makeAuthority, openssl } from '../certificates.ts'
import { deferred, events, get, onlyReply, rawClient, record, until } from '../support.ts'

const curl = findTool('curl')
let authority: TestAuthority
let stranger: TestAuthority
let local: TestCertificate
let second: TestCertificate
let example: TestCertificate
let wildcard: TestCertificate
let alice: TestCertificate
let mallory: TestCertificate

beforeAll(() => {
  if (openssl.isMissing) return
  authority = makeAuthority()
  stranger = makeAuthority('Somebody else')
  local = authority.issue('localhost', ['localhost', '127.0.0.1'])
  second = authority.issue('second', ['localhost', '127.0.0.1'])
  example = authority.issue('example.org', ['example.org'])
  wildcard = authority.issue('wild', ['*.example.org'])
  alice = authority.issue('alice')
  mallory = stranger.issue('mallory')
})

afterAll(() => {
  if (openssl.isMissing) return
  authority.remove()
  stranger.remove()
})

function start(tls: Partial<TlsOptions> = {}, options: ServerOptions = {}): Promise<Server> {
  return serve((c) => c.json({ ...c.peer, name: c.peer.certificate?.subject, url: c.url }), {
    port: 0,
    tls: { cert: local.cert, key: local.key, ...tls },
    ...options,
  })
}

/** Completes a handshake. */
function shake(server: { readonly port: number }, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const at = { port: server.port, host: '127.0.0.1', ca: authority.ca, servername: 'localhost', allowHalfOpen: true }
    const socket = connect({ ...at, ...options })
    socket.once('secureConnect', () => resolve(socket))
    socket.once('error', reject)
  })
}

/** All that comes until the server ends. */
function readAll(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
    socket.on('end', () => {
      socket.end()
      resolve(text)
    })
    socket.on('error', reject).on('close', () => resolve(text))
  })
}

async function ask(server: { readonly port: number }, options?: ConnectionOptions): Promise<Record<string, unknown>> {
  const socket = await shake(server, options)
  socket.write(get('/', 'Connection: close\r\n'))
  return JSON.parse(onlyReply(await readAll(socket)).body) as Record<string, unknown>
}

const withClient = ({ cert, key }: TestCertificate): ConnectionOptions => ({ cert, key })

/** What a client gets that is not let in. In TLS 1.3 it has finished before the server has seen its certificate. */
async function turnedAway(server: { readonly port: number }, options: ConnectionOptions): Promise<string> {
  try {
    return await readAll(await shake(server, options))
  } catch {
    return ''
  }
}

/** The common name of the certificate that a client is shown. */
async function shown(server: { readonly port: number }, servername: string): Promise<string> {
  const socket = await shake(server, { servername, checkServerIdentity: () => undefined })
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return subject.CN
}

withTools(openssl)('TLS', () => {
  it('serves HTTPS, and the request knows', async () => {
    await using server = await start()
    expect(server.url).toMatch(/^https:/)
    const seen = await ask(server, { ALPNProtocols: ['http/1.1'] })
    expect(seen).toMatchObject({ secure: true, alpn: 'http/1.1', servername: 'localhost', address: '127.0.0.1' })
    expect(seen['url']).toBe('https://a/')
    expect(await ask(server)).not.toHaveProperty('alpn')
  })

  it('a name in `host` is in the URL: certificates are made for names', async () => {
    const server = createServer((c) => c.text('x'))
    const { url } = await server.listen({ port: 0, host: 'localhost', tls: local })
    expect(url).toMatch(/^https:\/\/localhost:\d+$/)
    await server.close()
  })

  it('node:https keeps the connection', async () => {
    const server = await start()
    const agent = new Agent({ keepAlive: true })
    const ports = new Set<number | undefined>()
    for (let i = 0; i < 3; i++)
      await new Promise<void>((resolve, reject) => {
        const options = { ca: authority.ca, agent }
        request(server.url, options, (response) => {
          ports.add(response.socket.localPort)
          response.resume().on('end', resolve)
        })
          .on('error', reject)
          .end()
      })
    agent.destroy()
    expect(ports.size).toBe(1)
    await server.close({ deadline: 0 })
  })

  withTools(curl)('with curl', () => {
    it('curl: authority, server names, client certificate', async () => {
      const server = await start({ sni: { 'example.org': example }, ca: authority.ca, requestCert: 'optional' })
      const run = async (...args: string[]): Promise<Record<string, unknown>> => {
        const { stdout } = await promisify(execFile)(curl.path, ['-sS', '--cacert', authority.caFile, ...args])
        return JSON.parse(stdout) as Record<string, unknown>
      }
      const port = server.port
      expect(await run(server.url)).toMatchObject({ secure: true })
      const to = ['--connect-to', `example.org:443:127.0.0.1:${port}`, 'https://example.org/']
      expect(await run(...to)).toMatchObject({ servername: 'example.org', url: 'https://example.org/' })
      expect(await run('--cert', alice.certFile, '--key', alice.keyFile, server.url)).toMatchObject({
        name: 'CN=alice',
      })
      await server.close({ deadline: 0 })
    })
  })

  it('a client that ends its side behind the request gets its reply', async () => {
    await using server = await start()
    const socket = await shake(server)
    socket.end(get('/', ''))
    expect(onlyReply(await readAll(socket)).status).toBe(200)
  })

  it('an old version is refused', async () => {
    await using server = await start({ minVersion: 'TLSv1.3' })
    await expect(shake(server, { maxVersion: 'TLSv1.2' })).rejects.toMatchObject({ code: /VERSION|ALERT/ })
  })

  it('a certificate that is not valid is an error of listen', async () => {
    await expect(start({ cert: 'x' })).rejects.toThrow('PEM')
    await expect(start({ key: second.key })).rejects.toThrow('mismatch')
    await expect(start({ requestCert: true })).rejects.toThrow('tls.ca')
  })

  it('what is wrong with a certificate is said, and what was meant', async () => {
    const key = createPrivateKey(local.key)
    const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' } as const
    const encrypted = key.export(cipher) as string
    const inOneLine = local.cert.trim().replaceAll('\n', String.raw`\n`)
    const der = Buffer.from(local.cert.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
    const wrong: [Partial<TlsOptions>, string][] = [
      [
        { cert: 'certs/cert.pem' },
        '`tls.cert` is not a certificate in PEM: "certs/cert.pem" seems to be the name of a file',
      ],
      [{ cert: inOneLine }, String.raw`PEM: its lines end in "\n" as two characters, in place of a line feed`],
      [{ cert: der }, '`tls.cert` is not a certificate in PEM: it is in DER, perhaps'],
      [{ key: './key.pem' }, '`tls.key` is not a private key in PEM: "./key.pem" seems'],
      [{ key: local.cert }, '`tls.key` is not a private key in PEM ('],
      [{ key: encrypted }, '`tls.key` is encrypted and needs `tls.passphrase`'],
      [{ key: encrypted, passphrase: 'wrong' }, '`tls.key` is encrypted and is not opened by `tls.passphrase`'],
      [{ key: second.key }, '`tls.key` is not the key of `tls.cert`'],
      [{ cert: [local.cert, second.cert], key: [local.key] }, '`tls.key` does not have the same length as `tls.cert`'],
      [{ sni: { 'a.example': { cert: second.cert, key: local.key } } }, '`tls.sni["a.example"].key` is not the key of'],
      [{ cert: undefined, key: undefined, pfx: Buffer.from('x') }, '`tls.pfx` is not a PKCS #12 file, or needs'],
    ]
    for (const [tls, says] of wrong) await expect(start(tls)).rejects.toThrow(says)
    // A key is a secret, whatever is wrong with it.
    const spoiled = local.key.replaceAll('-----', '')
    const error = await start({ key: spoiled }).catch((reason: unknown) => reason)
    expect((error as Error).message).not.toContain(spoiled.slice(30, 50))
    expect((error as Error).stack).not.toContain('node:internal/tls')
    await using server = await start({ key: encrypted, passphrase: 'right' })
    expect(await shown(server, 'localhost')).toBe('localhost')
  })

  it('a protocol that nobody knows is refused (RFC 7301 §3.2)', async () => {
    await using server = await start()
    await expect(shake(server, { ALPNProtocols: ['h2'] })).rejects.toThrow(/no application protocol|ALERT/i)
  })
})

withTools(openssl)('server names (RFC 6066 §3)', () => {
  it('choose the certificate: exact, wildcard for one level, otherwise the default', async () => {
    await using server = await start({ sni: { 'Example.ORG': example, '*.example.org': wildcard } })
    expect(await shown(server, 'example.org')).toBe('example.org')
    expect(await shown(server, 'a.example.org')).toBe('wild')
    expect(await shown(server, 'a.b.example.org')).toBe('localhost')
    expect(await shown(server, 'elsewhere.org')).toBe('localhost')
    expect(await shown(server, '')).toBe('localhost')
  })

  it('are looked up by a function, later if need be', async () => {
    const asked: string[] = []
    await using server = await start({
      sni: async (name) => {
        asked.push(name)
        await Promise.resolve()
        return name === 'example.org' ? example : undefined
      },
    })
    expect(await shown(server, 'example.org')).toBe('example.org')
    expect(await shown(server, 'other.org')).toBe('localhost')
    expect(asked).toEqual(['example.org', 'other.org'])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('x')
      },
    ],
    ['rejects', () => Promise.reject(new Error('x'))],
    ['throws no error', () => Promise.reject('x')],
    ['finds nonsense', () => ({ cert: 'x', key: 'y' })],
    ['finds something else', () => 7 as never],
  ])('a function that %s ends only its own handshake', async (_, sni) => {
    const server = await start({ sni })
    const seen = await record(server, async () => {
      await expect(shake(server, { servername: 'example.org' })).rejects.toMatchObject({ code: 'ECONNRESET' })
      await until(() => server.stats.open === 0)
    })
    expect(events(seen, 'close').map((event) => event.reason)).toEqual(['tls-error'])
    expect(await ask(server, { servername: '' })).toMatchObject({ secure: true })
    await server.close({ deadline: 0 })
  })

  it('a function that never answers is cut off by the handshake deadline', async () => {
    const server = await start({ sni: () => new Promise<never>(() => {}) }, { timeouts: { handshake: 40 } })
    const seen = await record(server, () => expect(shake(server)).rejects.toMatchObject({ code: 'ECONNRESET' }))
    expect(events(seen, 'close').map((event) => event.reason)).toEqual(['handshake-timeout'])
    await server.close({ deadline: 0 })
  })
})

withTools(openssl)('client certificates', () => {
  it('that are required: with one, without one, with one of another authority', async () => {
    const server = await start({ ca: authority.ca, requestCert: true })
    expect(await ask(server, withClient(alice))).toMatchObject({ name: 'CN=alice' })
    await until(() => server.stats.open === 0)
    const seen = await record(server, async () => {
      for (const options of [{}, withClient(mallory)]) expect(await turnedAway(server, options)).toBe('')
      await until(() => server.stats.open === 0)
    })
    expect(events(seen, 'close').map((event) => event.reason)).toEqual(['tls-error', 'tls-error'])
    await server.close({ deadline: 0 })
  })

  it('that are optional: a bad one is still refused', async () => {
    const server = await start({ ca: authority.ca, requestCert: 'optional' })
    expect(await ask(server, withClient(alice))).toMatchObject({ name: 'CN=alice' })
    expect(await ask(server)).not.toHaveProperty('name')
    expect(await turnedAway(server, withClient(mallory))).toBe('')
    await server.close({ deadline: 0 })
  })

  it('are verified by the same authorities under every server name', async () => {
    const server = await start({ ca: authority.ca, requestCert: true, sni: { 'example.org': example } })
    const at = { servername: 'example.org' }
    expect(await ask(server, { ...withClient(alice), ...at })).toMatchObject({ name: 'CN=alice' })
    expect(await turnedAway(server, { ...withClient(mallory), ...at })).toBe('')
    await server.close({ deadline: 0 })
  })

  it('that nobody vouches for are let in where any is, and are told from those that somebody does', async () => {
    const server = await serve(
      (c) => c.json([c.peer.certificate?.subject ?? '', c.peer.unverifiedCertificate?.subject ?? '']),
      { port: 0, tls: { cert: local.cert, key: local.key, ca: authority.ca, requestCert: 'any' } },
    )
    expect(await ask(server, withClient(alice))).toEqual(['CN=alice', 'CN=alice'])
    expect(await ask(server, withClient(mallory))).toEqual(['', 'CN=mallory'])
    expect(await ask(server)).toEqual(['', ''])
    await server.close({ deadline: 0 })
  })

  it('may be any without an authority, too, and those for which one is needed may not', async () => {
    const server = await start({ requestCert: 'any' })
    expect(await ask(server, withClient(mallory))).not.toHaveProperty('name')
    await server.close({ deadline: 0 })
    await expect(start({ requestCert: 'optional' })).rejects.toThrow('tls.requestCert needs tls.ca')
  })

  it('are not asked for by default', async () => {
    await using server = await start()
    expect(await ask(server, withClient(alice))).not.toHaveProperty('name')
  })
})

withTools(openssl)('reload', () => {
  it('gives new connections the new certificate, and keeps those there are', async () => {
    const server = createServer((c) => c.text(c.path))
    const listening = await server.listen({ port: 0, tls: { ...local, sni: { 'example.org': example } } })
    const before = await shake(listening)
    listening.reload({ cert: second.cert, key: second.key })
    expect(await shown(listening, 'localhost')).toBe('second')
    expect(await shown(listening, 'example.org')).toBe('example.org')
    listening.reload({ sni: { 'example.org': wildcard } })
    expect(await shown(listening, 'localhost')).toBe('second')
    expect(await shown(listening, 'example.org')).toBe('wild')
    before.write(get('/still-here', 'Connection: close\r\n'))
    expect(onlyReply(await readAll(before)).body).toBe('/still-here')
    await server.close({ deadline: 0 })
  })

  it('with a bad certificate changes nothing', async () => {
    const server = createServer((c) => c.text('x'))
    const listening = await server.listen({ port: 0, tls: local })
    expect(() => listening.reload({ cert: 'x' })).toThrow('PEM')
    expect(() => listening.reload({ cert: second.cert })).toThrow('mismatch')
    expect(() => listening.reload({ sni: { a: { cert: second.cert, key: local.key } } })).toThrow('mismatch')
    expect(await shown(listening, 'localhost')).toBe('localhost')
    await server.close({ deadline: 0 })
  })

  it('other authorities end the sessions that could be resumed', async () => {
    const server = createServer((c) => c.text(String(c.peer.certificate?.subject)))
    const listening = await server.listen({
      port: 0,
      tls: { ...local, ca: [authority.ca, stranger.ca], requestCert: 'optional' },
    })
    const socket = await shake(listening, { cert: mallory.cert, key: mallory.key })
    const session = deferred<Buffer>()
    socket.on('session', (ticket) => session.resolve(ticket))
    socket.write(get('/', 'Connection: close\r\n'))
    expect(onlyReply(await readAll(socket)).body).toBe('CN=mallory')
    const ticket = await session.promise
    const again = await shake(listening, { session: ticket })
    expect(again.isSessionReused()).toBe(true)
    again.destroy()
    listening.reload({ ca: authority.ca })
    const last = await shake(listening, { session: ticket })
    expect(last.isSessionReused()).toBe(false)
    last.destroy()
    await server.close({ deadline: 0 })
  })

  it('needs TLS', async () => {
    const server = createServer((c) => c.text('x'))
    const listening = await server.listen({ port: 0 })
    expect(() => listening.reload(local)).toThrow(TypeError)
    await server.close()
  })
})

withTools(openssl)('handshakes that do not end well', () => {
  it('plain HTTP on a TLS port is closed, counted, and harms nobody', async () => {
    const server = await start()
    const seen = await record(server, async () => {
      const client = rawClient(server)
      client.send(get())
      await client.ended.catch(() => '')
      await until(() => server.stats.open === 0)
    })
    expect(seen.map(({ name }) => name)).toEqual(['open', 'fin', 'fin', 'close'])
    expect(events(seen, 'close')[0]).toMatchObject({ reason: 'tls-error', requests: 0 })
    expect(await ask(server)).toMatchObject({ secure: true })
    await server.close({ deadline: 0 })
  })

  it('bytes at random', async () => {
    const server = await start()
    for (let i = 0; i < 20; i++) {
      const client = rawClient(server)
      client.send(Uint8Array.from({ length: 50 }, (_, j) => (i * 89 + j * 57) & 0xff))
      client.end()
      await client.ended.catch(() => '')
    }
    await until(() => server.stats.open === 0)
    expect(await ask(server)).toMatchObject({ secure: true })
    await server.close({ deadline: 0 })
  })

  it('a client that says nothing', async () => {
    const server = await start({}, { timeouts: { handshake: 40 } })
    const seen = await record(server, async () => {
      const client = rawClient(server)
      await client.ended
      await until(() => server.stats.open === 0)
    })
    expect(events(seen, 'close').map((event) => event.reason)).toEqual(['handshake-timeout'])
    await server.close({ deadline: 0 })
  })

  it('a client that says half of it, and the deadline of heads does not count', async () => {
    const server = await start({}, { timeouts: { handshake: 60, head: 60_000 } })
    const client = rawClient(server)
    client.send(Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01))
    expect(await client.ended.catch(() => '')).toBe('')
    await until(() => server.stats.open === 0)
    await server.close({ deadline: 0 })
  })

  it('clients that leave: at once, or in the middle', async () => {
    const server = await start()
    const seen = await record(server, async () => {
      const silent = rawClient(server)
      await until(() => server.stats.open === 1)
      silent.destroy()
      await until(() => server.stats.open === 0)
      const half = rawClient(server)
      half.send(Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01))
      await until(() => server.stats.open === 1)
      await new Promise((resolve) => setTimeout(resolve, 20))
      half.destroy()
      await until(() => server.stats.open === 0)
    })
    expect(events(seen, 'close').map((event) => event.reason)).toEqual(['client-closed', 'client-gone'])
    await server.close({ deadline: 0 })
  })

  it('drain: a handshake under way is given a moment, and a request behind it its reply', async () => {
    const server = await start()
    const silent = rawClient(server)
    const raw = tcpConnect(server.port, '127.0.0.1')
    await until(() => server.stats.open === 2)
    const closed = server.close({ deadline: 60_000 })
    await until(() => server.closing)
    const answered = new Promise<string>((resolve, reject) => {
      const socket = connect({ socket: raw, ca: authority.ca, servername: 'localhost' })
      socket.on('error', reject).write(get('/'))
      resolve(readAll(socket))
    })
    expect(onlyReply(await answered).fields.get('connection')).toBe('close')
    expect(await silent.ended).toBe('')
    expect(await closed).toEqual({ drained: 2, killed: 0 })
  })

  it('kill: no handshake outlives the deadline', async () => {
    const server = await start()
    const client = rawClient(server)
    await until(() => server.stats.open === 1)
    expect(await server.close({ deadline: 1 })).toEqual({ drained: 0, killed: 1 })
    await client.ended.catch(() => '')
  })
})

withTools(openssl)('limits', () => {
  it('handshakes count as connections, and over the limit there is a 503 behind the handshake', async () => {
    const server = await start({}, { limits: { connections: 1 } })
    const silent = rawClient(server)
    await until(() => server.stats.open === 1)
    const socket = await shake(server)
    const refused = onlyReply(await readAll(socket))
    expect([refused.status, refused.fields.get('retry-after')]).toEqual([503, '1'])
    silent.destroy()
    await until(() => server.stats.open === 0)
    expect(await ask(server)).toMatchObject({ secure: true })
    await server.close({ deadline: 0 })
  })

  it('the books of addresses are right after handshakes of every end', async () => {
    const server = await start({}, { limits: { connectionsPerAddress: 1 } })
    for (let i = 0; i < 3; i++) {
      const client = rawClient(server)
      client.send('GET / HTTP/1.1\r\n\r\n')
      await client.ended.catch(() => '')
      await until(() => server.stats.open === 0)
      expect(await ask(server)).toMatchObject({ secure: true })
      await until(() => server.stats.open === 0)
    }
    await server.close({ deadline: 0 })
  })
})
