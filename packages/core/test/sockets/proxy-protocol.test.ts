import { mkdtempSync, rmSync } from 'node:fs'
import { connect as tcpConnect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { withTools } from '@spillway/vitest-config/tools'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ListenOptions, type Server, type ServerOptions, serve } from '../../src/index.ts'
import { type ProxyHeader, parseProxyHeader } from '../../src/sockets/proxy-protocol.ts'
import { makeAuthority, openssl } from '../certificates.ts'
import { events, get, onlyReply, rawClient, record, until } from '../support.ts'

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** A header of version 2. */
function v2(command: number, family: number, block: Uint8Array): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(block.length)
  return Buffer.concat([signature, Buffer.of(0x20 | command, family), length, block])
}

/** One type-length-value. */
function tlv(type: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(type, value.length >> 8, value.length & 0xff), value])
}

const v4 = Buffer.of(192, 0, 2, 1, 198, 51, 100, 2, 0x30, 0x39, 0x01, 0xbb)
const v6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex').subarray(0, 16),
  Buffer.alloc(16),
  Buffer.of(0x30, 0x39, 0x01, 0xbb),
])
const ssl = (bits: number): Buffer =>
  tlv(0x20, Buffer.concat([Buffer.of(bits, 0, 0, 0, 0), tlv(0x21, Buffer.from('TLSv1.3'))]))

/** With the checksum of the whole, made by the byte-wise definition with a table of its own. */
function withChecksum(block: Buffer): Buffer {
  const header = v2(1, 0x11, Buffer.concat([block, tlv(3, Buffer.alloc(4))]))
  const table = Array.from({ length: 256 }, (_, n) => {
    let c = n
    for (let k = 0; k < 8; k++) c = c & 1 ? 0x82f63b78 ^ (c >>> 1) : c >>> 1
    return c >>> 0
  })
  let crc = 0xffffffff
  for (const byte of header) crc = (table[(crc ^ byte) & 0xff]! ^ (crc >>> 8)) >>> 0
  header.writeUInt32BE((crc ^ 0xffffffff) >>> 0, header.length - 4)
  return header
}

const source = { address: '192.0.2.1', port: 12345 }

const good: [string, string | Buffer, Omit<ProxyHeader, 'length'>][] = [
  ['v1 TCP4', 'PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n', { source, secure: false }],
  [
    'v1 TCP6, in one spelling',
    'PROXY TCP6 2001:DB8:0:0::1 ::1 65535 0\r\n',
    { source: { address: '2001:db8::1', port: 65535 }, secure: false },
  ],
  ['v1 mapped', 'PROXY TCP6 ::ffff:192.0.2.1 ::1 12345 0\r\n', { source, secure: false }],
  ['v1 unknown', 'PROXY UNKNOWN\r\n', { source: null, secure: false }],
  ['v1 unknown, with addresses', 'PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n', { source: null, secure: false }],
  ['v1 as long as can be', `PROXY UNKNOWN ${'x'.repeat(107 - 16)}\r\n`, { source: null, secure: false }],
  ['v2 IPv4', v2(1, 0x11, v4), { source, secure: false }],
  ['v2 IPv6', v2(1, 0x21, v6), { source: { address: '2001:db8::1', port: 12345 }, secure: false }],
  ['v2 unix', v2(1, 0x31, Buffer.alloc(216)), { source: { address: '', port: 0 }, secure: false }],
  ['v2 unspecified', v2(1, 0, Buffer.alloc(0)), { source: null, secure: false }],
  ['v2 local', v2(0, 0, Buffer.alloc(0)), { source: null, secure: false }],
  ['v2 local, with a block to skip', v2(0, 0x77, Buffer.alloc(7)), { source: null, secure: false }],
  ['v2 with TLS', v2(1, 0x11, Buffer.concat([v4, ssl(1)])), { source, secure: true }],
  ['v2 without TLS, said so', v2(1, 0x11, Buffer.concat([v4, ssl(0)])), { source, secure: false }],
  [
    'v2 with others',
    v2(1, 0x11, Buffer.concat([v4, tlv(4, Buffer.alloc(3)), tlv(0xea, Buffer.of(1))])),
    { source, secure: false },
  ],
  ['v2 with its checksum', withChecksum(v4), { source, secure: false }],
]

const bad: [string, string | Buffer][] = [
  ['nothing of the kind', get()],
  ['lower case', 'proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n'],
  ['another prefix', 'PROXYTCP4'],
  ['LF alone', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n'],
  ['two spaces', 'PROXY  TCP4 1.1.1.1 1.1.1.1 1 1\r\n'],
  ['a space at the end', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n'],
  ['too few parts', 'PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n'],
  ['a leading zero', 'PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n'],
  ['a port too high', 'PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n'],
  ['a sign', 'PROXY TCP4 1.1.1.1 1.1.1.1 -1 1\r\n'],
  ['zeros in an address', 'PROXY TCP4 01.1.1.1 1.1.1.1 1 1\r\n'],
  ['the other family', 'PROXY TCP4 ::1 ::1 1 1\r\n'],
  ['a zone', 'PROXY TCP6 fe80::1%lo ::1 1 1\r\n'],
  ['UDP', 'PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n'],
  ['CR in the middle', 'PROXY UNKNOWN a\rb\r\n'],
  ['too long', `PROXY UNKNOWN ${'x'.repeat(200)}\r\n`],
  ['never ending', 'PROXY UNKNOWN '.padEnd(107, 'x')],
  ['version 1 in binary', Buffer.concat([signature, Buffer.of(0x11, 0x11, 0, 0)])],
  ['a command nobody knows', v2(2, 0x11, v4)],
  ['datagrams', v2(1, 0x12, v4)],
  ['a family nobody knows', v2(1, 0x41, v4)],
  ['addresses cut short', v2(1, 0x11, v4.subarray(1))],
  ['a block too large', v2(1, 0x11, Buffer.alloc(4097)).subarray(0, 16)],
  ['a value that runs over', v2(1, 0x11, Buffer.concat([v4, Buffer.of(4, 0, 9, 1)]))],
  ['a value without a length', v2(1, 0x11, Buffer.concat([v4, Buffer.of(4, 0)]))],
  ['TLS cut short', v2(1, 0x11, Buffer.concat([v4, tlv(0x20, Buffer.of(1))]))],
  [
    'TLS with a value that runs over',
    v2(1, 0x11, Buffer.concat([v4, tlv(0x20, Buffer.of(1, 0, 0, 0, 0, 0x21, 0, 9))])),
  ],
  ['a wrong checksum', v2(1, 0x11, Buffer.concat([v4, tlv(3, Buffer.alloc(4))]))],
  ['a checksum of another length', v2(1, 0x11, Buffer.concat([v4, tlv(3, Buffer.alloc(3))]))],
]

const isBounded = (beginning: Buffer, rest: Uint8Array): boolean => {
  const bytes = Buffer.concat([beginning, rest])
  const result = parseProxyHeader(bytes)
  if (typeof result === 'string') return result === 'malformed' || bytes.length < 16 + 4096
  return result.length <= bytes.length
}

const hostOf = (address: string): string =>
  new URL(`http://${address.includes(':') ? `[${address}]` : address}`).hostname

const comesBack = (address: string, port: number): boolean => {
  const [family, other] = address.includes(':') ? ['TCP6', '::'] : ['TCP4', '0.0.0.0']
  const header = parseProxyHeader(Buffer.from(`PROXY ${family} ${address} ${other} ${port} 1\r\n`))
  if (typeof header === 'string' || !header.source) return false
  const isMapped = hostOf(address).startsWith('[::ffff:')
  return header.source.port === port && (isMapped || hostOf(header.source.address) === hostOf(address))
}

describe('parseProxyHeader', () => {
  it.each(good)('%s, whatever was cut where, and whatever follows', (_, text, expected) => {
    const header = Buffer.from(text as string, 'latin1')
    for (let cut = 0; cut < header.length; cut++) expect(parseProxyHeader(header.subarray(0, cut))).toBe('more')
    for (const rest of ['', 'GET / HTTP/1.1\r\n', '\r\n'])
      expect(parseProxyHeader(Buffer.concat([header, Buffer.from(rest)]))).toEqual({
        ...expected,
        length: header.length,
      })
  })

  it.each(bad)('%s is malformed, and stays so', (_, text) => {
    const bytes = Buffer.from(text as string, 'latin1')
    expect(parseProxyHeader(bytes)).toBe('malformed')
    // First it may wait for more, then it has seen what is wrong, and nothing changes its mind.
    const results = Array.from({ length: bytes.length + 1 }, (__, cut) => {
      const result = parseProxyHeader(bytes.subarray(0, cut))
      return typeof result === 'string' ? result : 'header'
    })
    expect(results.join(' ')).toMatch(/^(more )+(malformed ?)+$/)
  })

  it('takes any bytes without throwing, and never waits for more than a header may have', () => {
    const beginnings = [Buffer.from('PROXY '), Buffer.from('PROXY TCP4 '), signature, v2(1, 0x11, v4).subarray(0, 16)]
    const property = fc.property(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 300 }), isBounded)
    expect(fc.check(property).failed).toBe(false)
  })

  it('reads back what it was told, in the one spelling of RFC 5952', () => {
    const property = fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65_535), comesBack)
    expect(fc.check(property).failed).toBe(false)
  })
})

/** Tells who the client is, and trusts proxies on this machine. */
function start(over: ListenOptions & ServerOptions = {}): Promise<Server> {
  return serve((c) => c.json({ ...c.peer, url: c.url }), {
    port: 0,
    proxyProtocol: { trusted: ['127.0.0.1'] },
    ...over,
  })
}

const last = get('/', 'Connection: close\r\n')

async function told(server: Server, ...pieces: (string | Uint8Array)[]): Promise<unknown> {
  const client = rawClient(server)
  for (const piece of pieces) {
    client.send(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return JSON.parse(onlyReply(await client.ended).body)
}

describe('PROXY header over TCP', () => {
  it('names the client, for every request of the connection', async () => {
    await using server = await start()
    expect(await told(server, `PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n${last}`)).toEqual({
      ...source,
      secure: false,
      url: 'http://a/',
    })
    const client = rawClient(server)
    client.send(`PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n${get()}`)
    await client.saw(/\}/)
    client.send(last)
    expect((await client.ended).match(/192\.0\.2\.1/g)).toHaveLength(2)
  })

  it('in version 2, with TLS in front', async () => {
    await using server = await start()
    const header = v2(1, 0x11, Buffer.concat([v4, ssl(1)]))
    expect(await told(server, Buffer.concat([header, Buffer.from(last)]))).toMatchObject({
      secure: true,
      url: 'https://a/',
    })
    expect(await told(server, v2(0, 0, Buffer.alloc(0)), last)).toMatchObject({ address: '127.0.0.1', secure: false })
  })

  it('cut at every byte', async () => {
    await using server = await start()
    for (const header of [Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n'), v2(1, 0x11, v4)])
      for (let cut = 1; cut <= header.length; cut++)
        expect(
          await told(server, header.subarray(0, cut), Buffer.concat([header.subarray(cut), Buffer.from(last)])),
        ).toMatchObject(source)
  })

  it('byte by byte', async () => {
    await using server = await start()
    const bytes = Buffer.concat([v2(1, 0x11, Buffer.concat([v4, ssl(1)])), Buffer.from(last)])
    expect(await told(server, ...Array.from(bytes, (byte) => Buffer.of(byte)))).toMatchObject(source)
  })

  it.each(bad.slice(0, 5))('%s from a trusted proxy: closed without a word, and counted', async (_, text) => {
    const server = await start()
    const seen = await record(server, async () => {
      const client = rawClient(server)
      client.send(text)
      expect(await client.ended.catch(() => '')).toBe('')
      await until(() => server.stats.open === 0)
    })
    expect(seen.map(({ name }) => name)).toEqual(['open', 'close'])
    expect(events(seen, 'close')[0]).toMatchObject({ reason: 'proxy-error' })
    await server.close()
  })

  it('from anybody else it is not a header', async () => {
    await using server = await start({ proxyProtocol: { trusted: ['10.0.0.0/8'] } })
    const client = rawClient(server)
    client.send(`PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n${last}`)
    expect(onlyReply(await client.ended).status).toBe(400)
    expect(await told(server, last)).toMatchObject({ address: '127.0.0.1' })
  })

  it('has the deadline of a head', async () => {
    const server = await start({ timeouts: { head: 40 } })
    const seen = await record(server, async () => {
      const silent = rawClient(server)
      const half = rawClient(server)
      half.send('PROXY TC')
      expect([await silent.ended, await half.ended]).toEqual(['', ''])
      await until(() => server.stats.open === 0)
    })
    expect(events(seen, 'close').map(({ reason }) => reason)).toEqual(['head-timeout', 'head-timeout'])
    await server.close()
  })

  it('a proxy that leaves: a health check, or in the middle', async () => {
    const server = await start()
    const seen = await record(server, async () => {
      for (const text of ['', 'PROXY T']) {
        const client = rawClient(server)
        client.send(text)
        client.end()
        await client.ended
        await until(() => server.stats.open === 0)
      }
    })
    expect(events(seen, 'close').map(({ reason }) => reason)).toEqual(['client-closed', 'proxy-error'])
    await server.close()
  })

  it('limits per address count the client, not the proxy', async () => {
    const server = await start({ limits: { connectionsPerAddress: 1 } })
    const clients = ['192.0.2.1', '192.0.2.2', '192.0.2.2'].map((address) => {
      const client = rawClient(server)
      client.send(`PROXY TCP4 ${address} 198.51.100.2 1 2\r\n${get()}`)
      return client
    })
    for (const client of clients) await client.saw(/\}|503/)
    expect(clients.map(({ received }) => received.slice(9, 12)).toSorted()).toEqual(['200', '200', '503'])
    for (const client of clients) client.destroy()
    await until(() => server.stats.open === 0)
    expect(await told(server, `PROXY TCP4 192.0.2.2 198.51.100.2 1 2\r\n${last}`)).toMatchObject({
      address: '192.0.2.2',
    })
    await server.close({ deadline: 0 })
  })

  it('drain: one that has said nothing ends', async () => {
    const server = await start()
    const client = rawClient(server)
    await until(() => server.stats.open === 1)
    expect(await server.close({ deadline: 60_000 })).toEqual({ drained: 1, killed: 0 })
    expect(await client.ended).toBe('')
  })

  it('over a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-'))
    const path = join(folder, 'socket')
    const server = await serve((c) => c.text(c.peer.address), { path, proxyProtocol: { trusted: ['unix'] } })
    const received = await new Promise<string>((resolve) => {
      let text = ''
      const socket = tcpConnect(path, () => socket.write(`PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\n${last}`))
      socket.on('data', (chunk) => (text += chunk.toString('latin1'))).on('end', () => resolve(text))
    })
    expect(onlyReply(received).body).toBe('192.0.2.1')
    await server.close()
    rmSync(folder, { recursive: true })
  })

  it('a list that is not one is an error of listen', async () => {
    await expect(start({ proxyProtocol: { trusted: ['everybody'] } })).rejects.toThrow(TypeError)
  })
})

withTools(openssl)('PROXY header in front of TLS', () => {
  it.each([0, 1, 20])('with the handshake in the same piece from byte %i on', async (cut) => {
    const authority = makeAuthority()
    const local = authority.issue('localhost', ['localhost'])
    const server = await start({ tls: local })
    const raw = tcpConnect(server.port, '127.0.0.1')
    const header = Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n')
    raw.write(header.subarray(0, cut))
    if (cut > 0) await until(() => raw.bytesWritten === cut)
    // Corked, so that the client's first flight leaves together with the rest.
    raw.cork()
    raw.write(header.subarray(cut))
    const socket = connect({ socket: raw, ca: authority.ca, servername: 'localhost' })
    raw.uncork()
    socket.write(last)
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(JSON.parse(onlyReply(text).body)).toMatchObject({ ...source, secure: true, servername: 'localhost' })
    await server.close({ deadline: 0 })
    authority.remove()
  })

  it('is not looked for inside', async () => {
    const authority = makeAuthority()
    const server = await start({ tls: authority.issue('localhost', ['localhost']) })
    const seen = await record(server, async () => {
      const client = rawClient(server)
      client.send('PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\nGET / HTTP/1.1\r\n\r\n')
      await client.ended.catch(() => '')
      await until(() => server.stats.open === 0)
    })
    expect(events(seen, 'open')[0]!.peer).toMatchObject({ ...source, secure: true })
    expect(events(seen, 'close')[0]!.reason).toBe('tls-error')
    await server.close({ deadline: 0 })
    authority.remove()
  })
})
