import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Peer, serve } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { type Client, type ClientOptions, client, clientOf } from '@spillway/middleware/client'
import { csrf } from '@spillway/middleware/csrf'
import { router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'
import * as fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseForwarded } from '../src/lib/client/forwarded.ts'
import { start } from './server.ts'

const proxies = ['10.0.0.0/8', 'fd00::/8']
const forwarded: ClientOptions = { trusted: proxies, fields: 'forwarded' }
const xForwarded: ClientOptions = {
  trusted: proxies,
  fields: ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'],
}

/** Whom a request with these fields comes from, or the status that it is refused with. */
function identify(options: ClientOptions | undefined, peer: Partial<Peer>, ...fields: string[]): Client | number {
  const app = router()
  if (options) app.use(client(options))
  app.get('/', (c) => {
    const { address, key, protocol, host } = clientOf(c)
    return c.json({ address, key, protocol, host })
  })
  const connection = testServer(app).connect(peer)
  connection.send(`GET / HTTP/1.1\r\nHost: a.example\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`)
  const [head = '', content = ''] = connection.received.split('\r\n\r\n')
  const status = Number(head.split(' ')[1])
  return status === 200 ? (JSON.parse(content) as Client) : status
}

const proxy = { address: '10.0.0.1' }
const addressOf = (found: Client | number): string | number => (typeof found === 'number' ? found : found.address)

describe('without proxies', () => {
  test('the client is the other end of the connection, whatever it writes', () => {
    const lies = ['Forwarded: for=127.0.0.1;proto=https;host=evil.example', 'X-Forwarded-For: 127.0.0.1']
    const found = { address: '203.0.113.9', key: '203.0.113.9', protocol: 'http', host: 'a.example' }
    const peer = { address: '203.0.113.9' }
    for (const options of [undefined, forwarded, xForwarded]) expect(identify(options, peer, ...lies)).toEqual(found)
    expect(identify(undefined, { ...peer, secure: true })).toMatchObject({ protocol: 'https' })
  })

  test('IPv6 is counted by networks of /64, link-local addresses lose their zone', () => {
    expect(identify(undefined, { address: '2001:db8::1:2:3:4' })).toMatchObject({ key: '2001:db8:0:0::/64' })
    expect(identify(undefined, { address: 'fe80::1%eth0' })).toMatchObject({
      address: 'fe80::1',
      key: 'fe80:0:0:0::/64',
    })
  })

  test('something else in the state under this name is not taken for a client', () => {
    const app = router().get('/', (c) => {
      Object.assign(c.state, { client: { address: '127.0.0.1' } })
      return c.text(clientOf(c).address)
    })
    const connection = testServer(app).connect({ address: '203.0.113.9' })
    connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(connection.received).toMatch(/203\.0\.113\.9$/)
  })

  test('the authority of the target goes before Host', async () => {
    const app = router().get('/', (c) => c.text(clientOf(c).host))
    const connection = testServer(app).connect()
    connection.send('GET http://b.example:8080/ HTTP/1.1\r\nHost: a.example\r\n\r\n')
    expect(connection.received).toMatch(/b\.example:8080$/)
  })
})

describe('Forwarded', () => {
  test('tells address, protocol and host', () => {
    const line = 'Forwarded: for="[2001:DB8:cafe::17]:4711";proto=https;by=203.0.113.43;host="b.example:8443"'
    expect(identify(forwarded, proxy, line)).toEqual({
      address: '2001:db8:cafe::17',
      key: '2001:db8:cafe:0::/64',
      protocol: 'https',
      host: 'b.example:8443',
    })
  })

  test('leaves to the connection what it does not tell', () => {
    expect(identify(forwarded, proxy, 'Forwarded: for=203.0.113.9')).toEqual({
      address: '203.0.113.9',
      key: '203.0.113.9',
      protocol: 'http',
      host: 'a.example',
    })
    expect(identify(forwarded, proxy)).toMatchObject({ address: '10.0.0.1' })
  })

  test('takes everything from the element of the first trusted proxy', () => {
    const line =
      'Forwarded: for=10.9.9.9;proto=https;host=evil, for=203.0.113.9;proto=https, for=10.0.0.2;proto=http;host=b'
    expect(identify(forwarded, proxy, line)).toMatchObject({
      address: '203.0.113.9',
      protocol: 'https',
      host: 'a.example',
    })
  })

  test('hides an address without making it the one of the proxy', () => {
    for (const [value, key] of [
      ['for=unknown', 'unknown'],
      ['for="unknown:4711"', 'unknown'],
      ['for=_SEVKISEK', '_SEVKISEK'],
      ['for="_SEVKISEK:_p"', '_SEVKISEK'],
      ['proto=https', 'unknown'],
    ])
      expect(identify(forwarded, proxy, `Forwarded: for=10.0.0.9, ${value}`)).toMatchObject({ address: '', key })
  })

  test.each([
    'for=1.2.3',
    'for=1.2.3.4:80',
    'for="[1.2.3.4]"',
    'for=2001:db8::1',
    'for="2001:db8::1"',
    'for="[2001:db8::1"',
    'for="[fe80::1%eth0]"',
    'for=_',
    'for="_a b"',
    'for=""',
    'for=1.2.3.4;for=1.2.3.4',
    'For=1.2.3.4;fOR=1.2.3.5',
    'for',
    'for=',
    'for =1.2.3.4',
    'for= 1.2.3.4',
    'for=1.2.3.4 proto=http',
    'for="1.2.3.4',
    'for="1.2.3.4"x',
    'for=1.2.3.4;proto=ftp',
    'for=1.2.3.4;host="a/b"',
    'for=1.2.3.4;host="u@a"',
    'for=1.2.3.4;host=""',
    '=1.2.3.4',
  ])('%s is refused', (value) => {
    expect(identify(forwarded, proxy, `Forwarded: ${value}`)).toBe(400)
  })

  test.each(['', ',', ' , ;; ,', ';'])('%j says nothing', (value) => {
    expect(identify(forwarded, proxy, `Forwarded: ${value}`)).toMatchObject({ address: '10.0.0.1' })
  })

  test('is read as it was written', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', ',', ';', '=', ' ', '\t'), maxLength: 8 })
    const element = fc.record({ address: fc.ipV4(), ext: text })
    const property = fc.property(
      fc.array(element, { minLength: 1 }),
      fc.constantFrom(',', ', ', ' ,,'),
      (list, comma) => {
        const line = list.map(({ address, ext }) => `ext=${quoted(ext)};;For=${address};`).join(comma)
        const addresses = parseForwarded(line)?.map(({ node }) => node?.address)
        expect(addresses).toEqual(list.map(({ address }) => address))
      },
    )
    fc.assert(property)
  })
})

describe('X-Forwarded-*', () => {
  test('tell address, protocol and host', () => {
    const fields = ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: HTTPS', 'X-Forwarded-Host: b.example']
    expect(identify(xForwarded, proxy, ...fields)).toMatchObject({
      address: '203.0.113.9',
      protocol: 'https',
      host: 'b.example',
    })
  })

  test.each([
    ['203.0.113.9:4711', '203.0.113.9'],
    ['2001:DB8::1', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::ffff:cb00:7109', '203.0.113.9'],
    ['unknown', ''],
    [', ,203.0.113.9,', '203.0.113.9'],
  ])('%s is %s', (value, address) => {
    expect(identify(xForwarded, proxy, `X-Forwarded-For: ${value}`)).toMatchObject({ address })
  })

  test.each(['evil', '1.2.3', '1.2.3.4.5', 'fe80::1%eth0', '"1.2.3.4"', '1.2.3.4;', '2001:db8::1:70000:1'])(
    '%s is refused',
    (value) => {
      expect(identify(xForwarded, proxy, `X-Forwarded-For: ${value}`)).toBe(400)
    },
  )

  test.each(['X-Forwarded-Proto: gopher', 'X-Forwarded-Host: a/b', 'X-Forwarded-Host: good:x@evil'])(
    '%s is refused',
    (field) => {
      expect(identify(xForwarded, proxy, field)).toBe(400)
    },
  )

  test('those that are not listed are not believed', () => {
    const options: ClientOptions = { trusted: proxies, fields: ['x-forwarded-for'] }
    const fields = ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: evil.example']
    const found = { address: '203.0.113.9', protocol: 'http', host: 'a.example' }
    expect(identify(options, proxy, ...fields, 'Forwarded: for=10.0.0.9')).toMatchObject(found)
    expect(identify(forwarded, proxy, ...fields)).toMatchObject({ address: '10.0.0.1' })
  })
})

describe('spoofing', () => {
  // What the client sends, and behind it what one trusted proxy adds, as a member of the list or as a line.
  const attacker = '203.0.113.9'
  const claims = [
    '10.0.0.9',
    '127.0.0.1',
    'unknown',
    '::1',
    '::ffff:10.0.0.9',
    'evil',
    '"',
    '',
    ',,,',
    '10.0.0.9,10.0.0.8',
  ]

  test.each(claims)('by X-Forwarded-For: %s', (claim) => {
    const fields = [`X-Forwarded-For: ${claim}, ${attacker}`]
    expect(identify(xForwarded, proxy, ...fields)).toMatchObject({ address: attacker })
    const lines = [`X-Forwarded-For: ${claim}`, `X-Forwarded-For: ${attacker}`]
    expect(identify(xForwarded, proxy, ...lines)).toMatchObject({ address: attacker })
    const through = [`X-Forwarded-For: ${claim}, ${attacker}, 10.0.0.3, ::ffff:10.0.0.2`]
    expect(identify(xForwarded, proxy, ...through)).toMatchObject({ address: attacker })
  })

  test.each(['https', 'gopher', ''])('by X-Forwarded-Proto: %s', (claim) => {
    const found = identify(xForwarded, proxy, `X-Forwarded-Proto: ${claim}, http`, 'X-Forwarded-Host: evil, b.example')
    expect(found).toMatchObject({ protocol: 'http', host: 'b.example' })
  })

  const pieces = [
    'for=10.0.0.9',
    'for="',
    '"',
    '\\',
    ';',
    ',',
    'x=',
    'x="',
    'for=unknown',
    '=',
    ' ',
    'proto=https',
    '\\"',
  ]
  const claim = fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((list) => list.join(''))
  const own = fc.constantFrom(
    `for=${attacker}`,
    `for="${attacker}:99";host="a.example"`,
    `host="b";for=${attacker};by="_x"`,
  )

  test('by Forwarded, whatever the client leaves open: the truth, or a refusal', () => {
    const property = fc.property(claim, own, fc.boolean(), (lie, truth, asLine) => {
      const fields = asLine ? [`Forwarded: ${lie}`, `Forwarded: ${truth}`] : [`Forwarded: ${lie}, ${truth}`]
      expect([attacker, 400]).toContain(addressOf(identify(forwarded, proxy, ...fields)))
    })
    fc.assert(property, { numRuns: 500 })
  })

  test('a proxy that is not in the list ends the chain', () => {
    const line = 'X-Forwarded-For: 10.0.0.9, 198.51.100.1'
    expect(identify(xForwarded, proxy, line)).toMatchObject({ address: '198.51.100.1' })
    expect(identify(xForwarded, { address: '198.51.100.1' }, line)).toMatchObject({ address: '198.51.100.1' })
  })

  test('a chain of trusted addresses alone ends with the first of them', () => {
    expect(identify(xForwarded, proxy, 'X-Forwarded-For: 10.0.0.9, 10.0.0.8')).toMatchObject({ address: '10.0.0.9' })
  })

  test('a peer is trusted by its number, not by its text', () => {
    const lines = ['X-Forwarded-For: 203.0.113.9']
    for (const address of ['10.0.0.1', 'fd00::1', 'fd00:0:0:0::1'])
      expect(identify(xForwarded, { address }, ...lines)).toMatchObject({ address: '203.0.113.9' })
    for (const address of ['110.0.0.1', 'fc00::1', '10.0.0.1.evil', ''])
      expect(addressOf(identify(xForwarded, { address }, ...lines))).not.toBe('203.0.113.9')
  })

  test('long lists cost no more than their length', () => {
    const line = `X-Forwarded-For: ${'10.0.0.9,'.repeat(800)} ${attacker}`
    expect(identify(xForwarded, proxy, line)).toMatchObject({ address: attacker })
    expect(identify(forwarded, proxy, `Forwarded: ${'a;'.repeat(3000)}`)).toBe(400)
    expect(identify(forwarded, proxy, `Forwarded: x="${'\\"'.repeat(3000)}`)).toBe(400)
  })
})

test.each([
  [{ trusted: [], fields: 'forwarded' }, 'nobody to believe'],
  [{ trusted: ['proxy.example'], fields: 'forwarded' }, 'Neither an address nor a network'],
  [{ trusted: ['10.0.0.1'], fields: [] }, 'The option `fields` is'],
  [{ trusted: ['10.0.0.1'], fields: ['forwarded', 'x-forwarded-for'] }, 'The option `fields` is'],
  [{ trusted: ['10.0.0.1'], fields: 'x-forwarded-for' }, 'The option `fields` is'],
] as [ClientOptions, string][])('refuses %j', (options, message) => {
  expect(() => client(options)).toThrow(message)
})

describe('over sockets', () => {
  const app = router()
    .use(client({ trusted: ['127.0.0.1', 'unix'], fields: ['x-forwarded-for'] }))
    .get('/', (c) => c.json({ address: c.state.client.address, key: c.state.client.key }))

  test('a proxy of this machine is believed', async () => {
    const { url } = await start(app)
    const reply = await fetch(url, { headers: { 'x-forwarded-for': '10.0.0.9, 2001:db8::9' } })
    expect(await reply.json()).toMatchObject({ address: '2001:db8::9' })
  })

  test('so is one that comes by a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-client-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 's')
    const server = await serve(app, { path })
    onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
    const get = (headers: Record<string, string>): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const asked = request({ socketPath: path, headers }, (reply) => {
          reply.setEncoding('utf8').on('data', (text: string) => resolve(JSON.parse(text)))
        })
        asked.on('error', reject).end()
      })
    expect(await get({})).toEqual({ address: '', key: 'unix' })
    expect(await get({ 'x-forwarded-for': '203.0.113.9' })).toMatchObject({ address: '203.0.113.9' })
  })

  test('the PROXY protocol tells who the peer is, and that one is believed or not', async () => {
    const server = await serve(app, { port: 0, host: '127.0.0.1', proxyProtocol: { trusted: ['127.0.0.1'] } })
    onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
    const ask = (source: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(server.port, '127.0.0.1')
        let received = ''
        socket.setEncoding('latin1').on('data', (text: string) => (received += text))
        socket.on('close', () => resolve(received))
        socket.write(`PROXY TCP4 ${source} 127.0.0.1 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n`)
        socket.write('X-Forwarded-For: 198.51.100.1\r\n\r\n')
      })
    expect(await ask('203.0.113.9')).toContain('"address":"203.0.113.9"')
    expect(await ask('127.0.0.1')).toContain('"address":"198.51.100.1"')
  })
})

test('guards ask for the client, too', async () => {
  const app = router()
    .use(client({ trusted: ['127.0.0.1'], fields: 'forwarded' }), csrf(), secureHeaders())
    .post('/', (c) => c.text('done'))
  const { url } = await start(app)
  const post = (origin: string, element: string): Promise<Response> =>
    fetch(url, { method: 'POST', headers: { origin, forwarded: `for=203.0.113.9;${element}` } })
  const own = await post('https://shop.example', 'proto=https;host=shop.example')
  expect(own.status).toBe(200)
  expect(own.headers.get('strict-transport-security')).toContain('max-age')
  expect((await post('http://shop.example', 'proto=https;host=shop.example')).status).toBe(403)
  const plain = await post('http://shop.example', 'proto=http;host=shop.example')
  expect(plain.status).toBe(200)
  expect(plain.headers.has('strict-transport-security')).toBe(false)
})

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}
