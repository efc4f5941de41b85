import { X509Certificate } from 'node:crypto'
import { type ConnectionOptions, connect } from 'node:tls'
import { promisify } from 'node:util'
import { execFile, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Server, type TlsOptions, serve } from '../../src/index.ts'
import { type TestAuthority, type TestCertificate, makeAuthority, openssl } from '../certificates.ts'
import { deferred, events, get, onlyReply, record, until } from '../support.ts'

let authority: TestAuthority
let local: TestCertificate
let named: TestCertificate

beforeAll(() => {
  if (openssl.isMissing) return
  authority = makeAuthority()
  local = authority.issue('localhost', ['localhost'])
  named = authority.issue('example.org', ['example.org'])
})

afterAll(() => {
  if (!openssl.isMissing) authority.remove()
})

type Ocsp = NonNullable<TlsOptions['ocsp']>

/** With the issuer behind it, as chains are given. */
const chain = ({ cert, key }: TestCertificate) => ({ cert: cert + authority.ca, key })

function start(ocsp: Ocsp, onError: (error: unknown) => void = () => {}, handshake = 10_000): Promise<Server> {
  const tls = { ...chain(local), sni: { 'example.org': chain(named) }, ocsp }
  return serve((c) => c.text('served'), { port: 0, timeouts: { handshake }, onError, tls })
}

interface Visit {
  readonly text: string
  /** What was stapled; null for nothing. */
  readonly response: Buffer | null
}

/** Of a client. The types of Node do not know that it may ask. */
type ClientOptions = ConnectionOptions & { readonly requestOCSP?: boolean }

/** One request of a client that asks for a response, unless told otherwise. */
async function visit({ port }: Server, options: ClientOptions = {}): Promise<Visit> {
  const at: ClientOptions = { port, host: '127.0.0.1', ca: authority.ca, servername: 'localhost', requestOCSP: true }
  const socket = connect({ ...at, ...options })
  let [text, response]: [string, Buffer | null] = ['', null]
  socket.on('OCSPResponse', (given: Buffer | null) => (response = given))
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  const ended = new Promise((resolve, reject) => socket.on('end', resolve).on('error', reject))
  socket.write(get('/', 'Connection: close\r\n'))
  await ended
  return { text: onlyReply(text).body, response }
}

const nameOf = (certificate: Uint8Array | undefined): string | undefined =>
  certificate && new X509Certificate(certificate).subject

withTools(openssl)('the word of a responder (RFC 6066 §8)', () => {
  it('is there for openssl, which verifies it', async () => {
    const response = authority.vouch(local)
    await using server = await start(() => response)
    const to = ['-connect', `127.0.0.1:${server.port}`, '-servername', 'localhost', '-CAfile', authority.caFile]
    const asked = promisify(execFile)(openssl.path, ['s_client', '-status', '-no_ign_eof', ...to])
    asked.child.stdin!.end('Q\n')
    const { stdout } = await asked
    expect(stdout).toContain('OCSP Response Status: successful (0x0)')
    expect(stdout).toContain('Cert Status: good')
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is asked for of the certificate that is shown, %s', async (maxVersion) => {
    const asked: unknown[] = []
    await using server = await start(async (certificate, issuer) => {
      asked.push([nameOf(certificate), nameOf(issuer)])
      await Promise.resolve()
      return new Uint8Array(Buffer.from(`of ${nameOf(certificate)}`))
    })
    for (const servername of ['localhost', 'example.org']) {
      const { text, response } = await visit(server, { servername, maxVersion })
      expect([text, String(response)]).toEqual(['served', `of CN=${servername}`])
    }
    expect(asked).toEqual([
      ['CN=localhost', 'CN=Test authority'],
      ['CN=example.org', 'CN=Test authority'],
    ])
  })

  it('is not asked for where the client does not', async () => {
    const ocsp = vi.fn<Ocsp>(() => Buffer.from('x'))
    await using server = await start(ocsp)
    expect(await visit(server, { requestOCSP: false })).toEqual({ text: 'served', response: null })
    expect(ocsp).not.toHaveBeenCalled()
  })

  it.each<[string, () => unknown, unknown[]]>([
    ['nothing', () => undefined, []],
    ['nothing, later', async () => {}, []],
    [
      'an error',
      () => {
        throw new Error('away')
      },
      [new Error('away')],
    ],
    ['a rejection', () => Promise.reject(new Error('away')), [new Error('away')]],
    ['text', () => 'x', [new TypeError('`tls.ocsp` must return the bytes of an OCSP response, or nothing')]],
    ['null', () => null, [new TypeError('`tls.ocsp` must return the bytes of an OCSP response, or nothing')]],
  ])('that is %s leaves a handshake without', async (_, ocsp, errors) => {
    const seen: unknown[] = []
    await using server = await start(ocsp as Ocsp, (error) => void seen.push(error))
    expect(await visit(server)).toEqual({ text: 'served', response: null })
    expect(seen).toEqual(errors)
  })

  it('that never comes is ended by the deadline of handshakes', async () => {
    await using server = await start(
      () => new Promise(() => {}),
      () => {},
      40,
    )
    const seen = await record(server, async () => {
      await expect(visit(server)).rejects.toThrow('0 replies')
      await until(() => server.stats.open === 0)
    })
    expect(events(seen, 'close')).toMatchObject([{ reason: 'handshake-timeout' }])
  })

  it('that comes when the client has gone harms nobody', async () => {
    const asked = deferred()
    const response = deferred<Uint8Array>()
    await using server = await start(() => {
      asked.resolve()
      return response.promise
    })
    const at: ClientOptions = { port: server.port, host: '127.0.0.1', ca: authority.ca, requestOCSP: true }
    const socket = connect(at)
    socket.on('error', () => {})
    await asked.promise
    socket.destroy()
    await until(() => server.stats.open === 0)
    response.resolve(Buffer.from('late'))
    expect((await visit(server)).text).toBe('served')
  })
})

describe('what is no function', () => {
  it('is refused', async () => {
    const tls = { cert: 'x', key: 'y', ocsp: Buffer.from('x') } as unknown as TlsOptions
    await expect(serve((c) => c.text('x'), { port: 0, tls })).rejects.toThrow('tls.ocsp')
  })
})
