import { constants, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls'
import { execFileSync, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, type TlsOptions, type TlsReload, channels, createServer, serve } from '../../src/index.ts'
import { type TestAuthority, type TestCertificate, makeAuthority, openssl } from '../certificates.ts'
import { events, get, onlyReply, rawClient, record, until } from '../support.ts'

let authority: TestAuthority
let local: TestCertificate
let alice: TestCertificate
let folder: string

beforeAll(() => {
  if (openssl.isMissing) return
  folder = mkdtempSync(join(tmpdir(), 'spillway-tls-options-'))
  authority = makeAuthority()
  local = authority.issue('localhost', ['localhost'])
  alice = authority.issue('alice')
})

afterAll(() => {
  if (openssl.isMissing) return
  authority.remove()
  rmSync(folder, { recursive: true })
})

/** What a client is told that is not let in, or that has nothing in common with the server. */
const refusal = /alert|ECONNRESET|hang up|disconnected|no (cipher|shared)|handshake/i

function run(...args: string[]): void {
  execFileSync(openssl.path, args, { cwd: folder, stdio: 'pipe' })
}

/** A server that tells who came, which is checked by what it says. */
function start(tls: Partial<TlsOptions> = {}): Promise<Server> {
  const given = { cert: local.cert, key: local.key, ...tls } as TlsOptions
  return serve((c) => c.text(String(c.peer.certificate?.subject)), { port: 0, tls: given })
}

interface Visit {
  readonly text: string
  readonly socket: TLSSocket
  readonly protocol: string | null
  readonly cipher: string
  readonly reused: boolean
  readonly session: Buffer | undefined
}

/** One request on a connection of its own. */
async function visit({ port }: { readonly port: number }, options: ConnectionOptions = {}): Promise<Visit> {
  const socket = connect({ port, host: '127.0.0.1', ca: authority.ca, servername: 'localhost', ...options })
  let session: Buffer | undefined
  let received = ''
  let seen: Pick<Visit, 'protocol' | 'cipher' | 'reused'> | undefined
  socket.on('session', (ticket: Buffer) => (session = ticket))
  socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk))
  socket.on('secureConnect', () => {
    seen = { protocol: socket.getProtocol(), cipher: socket.getCipher().name, reused: socket.isSessionReused() }
  })
  const ended = new Promise((resolve, reject) => socket.on('end', resolve).on('error', reject))
  socket.write(get('/', 'Connection: close\r\n'))
  await ended
  return { text: onlyReply(received).body, socket, ...seen!, session }
}

withTools(openssl)('certificates and keys', () => {
  it('of PKCS #12, with a passphrase', async () => {
    writeFileSync(join(folder, 'a.pem'), local.cert)
    writeFileSync(join(folder, 'a.key'), local.key)
    run('pkcs12', '-export', '-in', 'a.pem', '-inkey', 'a.key', '-out', 'a.p12', '-passout', 'pass:secret')
    const pfx = readFileSync(join(folder, 'a.p12'))
    await using server = await serve((c) => c.text('x'), { port: 0, tls: { pfx, passphrase: 'secret' } })
    expect((await visit(server)).text).toBe('x')
    await expect(serve((c) => c.text('x'), { port: 0, tls: { pfx, passphrase: 'wrong' } })).rejects.toThrow(/mac/i)
  })

  it('with a key that is encrypted', async () => {
    writeFileSync(join(folder, 'b.key'), local.key)
    run('pkey', '-in', 'b.key', '-aes128', '-passout', 'pass:secret', '-out', 'c.key')
    const key = readFileSync(join(folder, 'c.key'), 'utf8')
    await using server = await start({ key, passphrase: 'secret' })
    expect((await visit(server)).text).toBe('undefined')
    await using named = await start({ sni: { localhost: { cert: local.cert, key, passphrase: 'secret' } } })
    expect((await visit(named)).text).toBe('undefined')
    // What OpenSSL says depends on whether there is a terminal that it could ask.
    await expect(start({ key })).rejects.toThrow(/password|interrupted|decrypt|unsupported/i)
  })

  it('of two kinds: each client gets the one it knows', async () => {
    const rsa = ['-newkey', 'rsa:2048', '-nodes', '-keyout', 'rsa.key', '-out', 'rsa.pem', '-days', '3']
    run('req', '-x509', ...rsa, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost')
    const [cert, key] = ['rsa.pem', 'rsa.key'].map((name) => readFileSync(join(folder, name), 'utf8'))
    await using server = await start({ cert: [local.cert, cert!], key: [local.key, key!] })
    const at = { maxVersion: 'TLSv1.2', ca: [authority.ca, cert!] } satisfies ConnectionOptions
    expect((await visit(server, { ...at, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' })).cipher).toContain('RSA')
    expect((await visit(server, { ...at, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).cipher).toContain('ECDSA')
  })

  it.each<[string, object]>([
    ['neither of them', {}],
    ['no key', { cert: 'x' }],
    ['both kinds', { cert: 'x', key: 'y', pfx: Buffer.of(1) }],
  ])('%s is refused', async (_, tls) => {
    await expect(serve((c) => c.text('x'), { port: 0, tls: tls as TlsOptions })).rejects.toThrow(
      'TLS needs `tls.cert` and `tls.key`, or else `tls.pfx`',
    )
  })
})

withTools(openssl)('what is agreed on', () => {
  it('has forward secrecy and authenticated encryption by default', async () => {
    await using server = await start()
    expect((await visit(server)).protocol).toBe('TLSv1.3')
    const old = { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const
    expect((await visit(server, old)).cipher).toMatch(/^ECDHE-.*(GCM|POLY1305)/)
    for (const ciphers of ['AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-SHA', 'AES256-SHA'])
      await expect(visit(server, { ...old, ciphers })).rejects.toThrow(refusal)
  })

  it('is what is asked for: versions, ciphers, curves, parameters, options of OpenSSL', async () => {
    await using old = await start({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' })
    expect(await visit(old)).toMatchObject({ protocol: 'TLSv1.2', cipher: 'ECDHE-ECDSA-AES256-GCM-SHA384' })
    await using young = await start({ minVersion: 'TLSv1.3' })
    await expect(visit(young, { maxVersion: 'TLSv1.2' })).rejects.toThrow(refusal)
    await using curve = await start({ ecdhCurve: 'P-384' })
    expect((await visit(curve, { ecdhCurve: 'P-384' })).text).toBe('undefined')
    await expect(visit(curve, { ecdhCurve: 'X25519' })).rejects.toThrow(refusal)
    await using without = await start({ secureOptions: constants.SSL_OP_NO_TLSv1_3 })
    expect((await visit(without)).protocol).toBe('TLSv1.2')
  })

  it('with `dhparam` may be DHE', async () => {
    const rsa = ['-newkey', 'rsa:2048', '-nodes', '-keyout', 'dh.key', '-out', 'dh.pem', '-days', '3']
    run('req', '-x509', ...rsa, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost')
    const [cert, key] = ['dh.pem', 'dh.key'].map((name) => readFileSync(join(folder, name), 'utf8'))
    const options = { maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES128-GCM-SHA256', ca: cert! } as const
    await using server = await start({ cert: cert!, key: key!, dhparam: 'auto' })
    expect((await visit(server, options)).cipher).toBe('DHE-RSA-AES128-GCM-SHA256')
    await using without = await start({ cert: cert!, key: key! })
    await expect(visit(without, options)).rejects.toThrow(refusal)
  })

  it('is in the order of the server, unless told otherwise', async () => {
    const ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256'
    const client = { maxVersion: 'TLSv1.2', ciphers: ciphers.split(':').toReversed().join(':') } as const
    await using own = await start({ ciphers })
    expect((await visit(own, client)).cipher).toBe('ECDHE-ECDSA-AES256-GCM-SHA384')
    await using theirs = await start({ ciphers, honorCipherOrder: false })
    expect((await visit(theirs, client)).cipher).toBe('ECDHE-ECDSA-AES128-GCM-SHA256')
  })

  it.each<[object, new () => Error, RegExp]>([
    [{ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }, RangeError, /minVersion/],
    [{ minVersion: 'TLSv1' }, TypeError, /minVersion/],
    [{ ciphers: 'nonsense' }, Error, /cipher/],
    [{ ciphers: '' }, TypeError, /ciphers/],
    [{ ecdhCurve: 'nonsense' }, Error, /ECDH|curve/i],
    [{ sessionTimeout: 300 }, RangeError, /sessionTimeout/],
    [{ ticketKeys: Buffer.alloc(47) }, RangeError, /48 bytes/],
    [{ ticketKeys: Buffer.alloc(49) }, RangeError, /48 bytes/],
    [{ secureOptions: 1.5 }, RangeError, /secureOptions/],
    [{ crl: 'x', ca: 'x', requestCert: true }, Error, /CRL|PEM/i],
    [{ cypher: 'x' }, TypeError, /ciphers/],
  ])('%j is refused', async (tls, kind, message) => {
    const refused = start(tls)
    await expect(refused).rejects.toThrow(kind)
    await expect(refused).rejects.toThrow(message)
  })
})

withTools(openssl)('certificates that were withdrawn', () => {
  it('are refused, and others are not', async () => {
    const mallory = authority.issue('mallory')
    const crl = authority.revoke(mallory)
    const server = createServer((c) => c.text(String(c.peer.certificate?.subject)))
    const tls: TlsOptions = { cert: local.cert, key: local.key, ca: authority.ca, requestCert: true }
    const listening = await server.listen({ port: 0, tls })
    expect((await visit(listening, { cert: mallory.cert, key: mallory.key })).text).toBe('CN=mallory')
    listening.reload({ crl })
    expect((await visit(listening, { cert: alice.cert, key: alice.key })).text).toBe('CN=alice')
    await expect(visit(listening, { cert: mallory.cert, key: mallory.key })).rejects.toThrow(refusal)
    await server.close({ deadline: 0 })
  })
})

withTools(openssl)('session tickets', () => {
  const versions = ['TLSv1.2', 'TLSv1.3'] as const

  it.each(versions)('with the same keys are good at another server, %s', async (maxVersion) => {
    const ticketKeys = randomBytes(48)
    await using first = await start({ ticketKeys })
    await using second = await start({ ticketKeys })
    await using third = await start({ ticketKeys: randomBytes(48) })
    const { session } = await visit(first, { maxVersion })
    expect((await visit(second, { maxVersion, session })).reused).toBe(true)
    expect((await visit(third, { maxVersion, session })).reused).toBe(false)
  })

  it('change with a reload, and not with one that is about something else', async () => {
    const server = createServer((c) => c.text('x'))
    const listening = await server.listen({ port: 0, tls: { cert: local.cert, key: local.key } })
    const { session } = await visit(listening)
    const changes: [TlsReload, boolean][] = [
      [{ cert: local.cert, key: local.key }, true],
      [{ ticketKeys: randomBytes(48) }, false],
    ]
    for (const [change, reused] of changes) {
      listening.reload(change)
      expect((await visit(listening, { session })).reused).toBe(reused)
    }
    await server.close({ deadline: 0 })
  })

  it.each(versions)('of a listener that asks for no certificate open none that does, %s', async (maxVersion) => {
    const ticketKeys = randomBytes(48)
    const sni = { localhost: { cert: local.cert, key: local.key } }
    await using open = await start({ ticketKeys, sni })
    await using closed = await start({ ticketKeys, sni, ca: authority.ca, requestCert: true })
    const client = { cert: alice.cert, key: alice.key, maxVersion }
    const { session } = await visit(open, { maxVersion })
    await expect(visit(closed, { maxVersion, session })).rejects.toThrow(refusal)
    // One of its own is good, with what was verified then.
    const own = await visit(closed, client)
    expect(await visit(closed, { ...client, session: own.session })).toMatchObject({ reused: true, text: 'CN=alice' })
  })

  it('last as long as they are told to', async () => {
    await using server = await start({ sessionTimeout: 5000 })
    const { session } = await visit(server, { maxVersion: 'TLSv1.2' })
    writeFileSync(join(folder, 'session'), session!)
    const text = execFileSync(openssl.path, ['sess_id', '-inform', 'DER', '-in', 'session', '-text', '-noout'], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(text).toMatch(/lifetime hint: 5 /)
  })
})

withTools(openssl)('plain HTTP on a port of HTTPS', () => {
  it.each(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PROPFIND', 'PRI'])(
    '%s gets a 400 that says so',
    async (method) => {
      await using server = await start()
      const seen = await record(server, async () => {
        const client = rawClient(server)
        client.send(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`)
        const text = await client.ended
        expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
        expect(text).toMatch(/Connection: close\r\n/)
        expect(text.includes('https://')).toBe(method !== 'HEAD')
        client.destroy()
        await until(() => server.stats.open === 0)
      })
      expect(events(seen, 'close')[0]).toMatchObject({ reason: 'tls-error', requests: 0 })
    },
  )

  it('a letter is enough, and what else is sent is read and dropped', async () => {
    await using server = await start()
    const client = rawClient(server)
    client.send('P')
    expect(await client.ended).toMatch(/^HTTP\/1\.1 400 /)
    client.destroy()
    const large = rawClient(server)
    large.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1_000_000)}`)
    expect(await large.ended).toMatch(/^HTTP\/1\.1 400 /)
    large.destroy()
  })
})

withTools(openssl)('the keys of connections', () => {
  it('are told to whoever listens, for what begins then', async () => {
    await using server = await start()
    const lines: string[] = []
    const listen = ({ line }: { readonly line: Uint8Array }): void => void lines.push(Buffer.from(line).toString())
    await visit(server)
    channels.keylog.subscribe(listen)
    await visit(server)
    channels.keylog.unsubscribe(listen)
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) expect(line).toMatch(/^[A-Z_\d]+ [\da-f]+ [\da-f]+\n$/)
    const before = lines.length
    await visit(server)
    expect(lines).toHaveLength(before)
  })
})

describe('reload', () => {
  it.skipIf(openssl.isMissing)('takes a certificate of the other kind', async () => {
    writeFileSync(join(folder, 'r.pem'), alice.cert)
    writeFileSync(join(folder, 'r.key'), alice.key)
    run('pkcs12', '-export', '-in', 'r.pem', '-inkey', 'r.key', '-out', 'r.p12', '-passout', 'pass:')
    const pfx = readFileSync(join(folder, 'r.p12'))
    const server = createServer((c) => c.text('x'))
    const listening = await server.listen({ port: 0, tls: { cert: local.cert, key: local.key } })
    const name = async (): Promise<string> => {
      const { socket } = await visit(listening, { checkServerIdentity: () => undefined, rejectUnauthorized: false })
      return String(socket.getPeerX509Certificate()?.subject)
    }
    listening.reload({ pfx, passphrase: '' })
    expect((await visit(listening, { rejectUnauthorized: false })).text).toBe('x')
    listening.reload({ cert: local.cert, key: local.key })
    expect((await visit(listening)).text).toBe('x')
    expect(await name()).toBeDefined()
    await server.close({ deadline: 0 })
  })
})
