import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TLSSocket, connect } from 'node:tls'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openssl } from '../../../packages/core/test/certificates.ts'
import { Acme } from '../src/acme.ts'
import { attemptsOf, nextOrder, ordered, putOff, succeeded } from '../src/acme-times.ts'
import { parseConfig } from '../src/config.ts'
import { Gateway } from '../src/gateway.ts'
import { AcmeServer } from './acme-server.ts'
import { freePort } from '@spillway/vitest-config/free-port'
import { folderOf, until } from './support.ts'

const minute = 60_000
const refused = /ECONNRESET|hang up|disconnected/

/** A gateway with the certificates of an authority. */
class Site {
  readonly told: string[] = []
  gateway!: Gateway
  readonly folder: string
  readonly server: AcmeServer
  #config: object = {}

  private constructor(server: AcmeServer) {
    this.server = server
    this.folder = folderOf({ 'site/index.html': 'the site' })
    vi.spyOn(console, 'error').mockImplementation((format: string, line: string) => {
      this.told.push(format.replace('%s', line))
    })
    onTestFinished(() => void vi.restoreAllMocks())
  }

  static async start(server: AcmeServer, acme: object = {}, listen?: object[]): Promise<Site> {
    const site = new Site(server)
    const routes = [{ path: '/', files: 'site' }]
    site.#config = {
      listen: listen ?? [{ port: await freePort(), tls: true, http2: true }, { port: await freePort() }],
      log: 'none',
      admin: { port: 0 },
      acme: { agreed: true, directory: server.directory, folder: 'kept', ...acme },
      hosts: { 'A.test': { tls: 'acme', https: true, routes } },
    }
    await site.open()
    return site
  }

  /** @param ports where the authority looks, when that is elsewhere. */
  async open(ports: Partial<AcmeServer['ports']> = {}): Promise<void> {
    this.write({})
    const file = join(this.folder, 'gateway.json')
    const config = parseConfig(readFileSync(file, 'utf8'), this.folder)
    this.server.ports = {
      'http-01': config.listen.find(({ tls }) => !tls)?.port ?? 1,
      'tls-alpn-01': config.listen.find(({ tls }) => tls)!.port,
      ...ports,
    }
    this.gateway = await Gateway.start({ file, page: this.folder, program: '' })
    onTestFinished(() => this.gateway.close({ deadline: 0 }).then(() => {}))
  }

  /** The same as it was, with changes. */
  write(changes: object): void {
    this.#config = { ...this.#config, ...changes }
    writeFileSync(join(this.folder, 'gateway.json'), JSON.stringify(this.#config))
  }

  kept(name: string): string {
    return readFileSync(join(this.folder, 'kept', name), 'utf8')
  }

  /** A handshake; its certificate is believed when the authority vouches for it. */
  visit(servername = 'a.test', options: object = {}): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const at = { port: this.server.ports['tls-alpn-01'], host: '127.0.0.1', servername, ca: this.server.authority.ca }
      const socket = connect({ ...at, ...options }, () => resolve(socket)).on('error', reject)
      onTestFinished(() => void socket.destroy())
    })
  }

  async serial(): Promise<string> {
    const socket = await this.visit()
    const { serialNumber } = socket.getPeerCertificate()
    socket.destroy()
    return serialNumber
  }

  /** When its certificate ends, as the metrics have it. Seconds since 1970. */
  async end(): Promise<number> {
    const text = await (await fetch(`${this.gateway.adminUrl}/metrics`)).text()
    return Number(/^spillway_certificate_end_seconds\{of="a\.test"\} (\d+)$/m.exec(text)![1])
  }

  has(line: RegExp): Promise<void> {
    return until(() => line.test(this.told.join('\n')))
  }
}

withTools(openssl)('certificates that an authority is asked for', { timeout: 60_000 }, () => {
  test('are there after the start, by port 80, in front of what the host says', async () => {
    const server = await AcmeServer.start()
    server.slow = 1
    const site = await Site.start(server, { contact: 'ops@a.test', challenges: ['http-01'] })
    // Nobody is shown anything else meanwhile.
    await site.has(/^gateway: a\.test has a certificate until 20/m)
    expect(server.checks).toEqual(['http-01'])
    expect([...server.accounts.values()][0]!.payload['contact']).toEqual(['mailto:ops@a.test'])
    const socket = await site.visit('a.test')
    expect(socket.authorized).toBe(true)
    await expect(site.visit('b.test')).rejects.toThrow(refused)
    expect(await site.end()).toBe(Date.parse(socket.getPeerCertificate().valid_to) / 1000)
    const clear = `http://127.0.0.1:${server.ports['http-01']}/.well-known/acme-challenge/`
    for (const path of [server.orders[0]!.token, '..%2fa.test', '../../a.test.pem', 'x'.repeat(300), ''])
      expect((await fetch(clear + path, { redirect: 'manual' })).status).not.toBe(200)
  })

  test('are there after the start, by port 443 alone, and connections go on when the next one is there', async () => {
    const server = await AcmeServer.start()
    const site = await Site.start(server, {}, [{ port: await freePort(), tls: true, http2: true }])
    await site.has(/has a certificate/)
    expect(server.checks).toEqual(['tls-alpn-01'])
    const held = await site.visit()
    const before = held.getPeerCertificate().serialNumber
    // Sixty days later.
    const later = new Acme(parseConfig(readFileSync(join(site.folder, 'gateway.json'), 'utf8'), site.folder).acme!, {
      tell: () => {},
      now: () => Date.now() + 65 * 24 * 60 * minute,
    })
    onTestFinished(() => later.close())
    server.days = 200
    later.use(parseConfig(readFileSync(join(site.folder, 'gateway.json'), 'utf8'), site.folder))
    await later.look()
    expect(server.orders).toHaveLength(2)
    await until(async () => (await site.serial()) !== before)
    held.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
    const said = await new Promise<string>((resolve) => held.once('data', (bytes) => resolve(String(bytes))))
    expect(said).toMatch(/^HTTP\/1\.1 200 /)
    expect(readdirSync(join(site.folder, 'kept/challenges'))).toEqual([])
  })

  test('outlive the process, and nobody else can read their keys', async () => {
    const server = await AcmeServer.start()
    const site = await Site.start(server)
    await site.has(/has a certificate/)
    const before = await site.serial()
    for (const name of readdirSync(join(site.folder, 'kept'), { recursive: true, encoding: 'utf8' })) {
      const { mode } = statSync(join(site.folder, 'kept', name))
      expect([name, mode & 0o077]).toEqual([name, 0])
    }
    await site.gateway.close({ deadline: 0 })
    await site.open()
    expect(await site.serial()).toBe(before)
    expect(server.orders).toHaveLength(1)
    // The account stays the same when the certificate is lost.
    await site.gateway.close({ deadline: 0 })
    rmSync(join(site.folder, 'kept/a.test.pem'))
    site.told.length = 0
    await site.open()
    await site.has(/has a certificate/)
    expect(server.accounts.size).toBe(1)
    expect(await site.serial()).not.toBe(before)
  })

  test('are asked for in the other way when one fails, after a wait that outlives the process', async () => {
    const server = await AcmeServer.start()
    const site = await Site.start(server, {}, [{ port: await freePort(), tls: true }, { port: await freePort() }])
    await site.has(/has a certificate/)
    await site.gateway.close({ deadline: 0 })
    rmSync(join(site.folder, 'kept'), { recursive: true })
    site.told.length = 0
    // Nothing of ours answers there.
    const elsewhere = await freePort()
    await site.open({ 'http-01': elsewhere })
    await site.has(/no certificate for a\.test: http-01: .*ECONNREFUSED.*; the next try is at 20/)
    expect(server.orders).toHaveLength(2)
    await site.gateway.close({ deadline: 0 })
    await site.open({ 'http-01': elsewhere })
    await expect(site.visit()).rejects.toThrow(refused)
    const config = parseConfig(readFileSync(join(site.folder, 'gateway.json'), 'utf8'), site.folder)
    let now = Date.now() + 14 * minute
    const acme = new Acme(config.acme!, { tell: (line) => site.told.push(line), now: () => now })
    onTestFinished(() => acme.close())
    acme.use(config)
    await acme.look()
    expect(server.orders).toHaveLength(2)
    now += 5 * minute
    await acme.look()
    expect(server.checks.slice(1)).toEqual(['http-01', 'tls-alpn-01'])
    // That there was none is believed for a second.
    await until(() =>
      site.visit().then(
        ({ authorized }) => authorized,
        () => false,
      ),
    )
  })

  test('are not asked for before the authority wants to be asked', async () => {
    const server = await AcmeServer.start()
    server.refusal = { status: 429, type: 'rateLimited', detail: 'too many of those', retryAfter: '7200' }
    const site = await Site.start(server)
    await site.has(/no certificate for a\.test: too many of those; the next try is at/)
    const { notBefore, failures } = attemptsOf(site.kept('a.test.attempts.json'))
    expect(failures).toBe(1)
    expect(await site.end()).toBe(0)
    expect(notBefore).toBeGreaterThan(Date.now() + 119 * minute)
    expect(server.orders).toHaveLength(1)
  })

  test('are not those of another name, and what is not a certificate is not shown', async () => {
    const server = await AcmeServer.start()
    const site = await Site.start(server)
    await site.has(/has a certificate/)
    const other = server.authority.issue('b', ['b.test'])
    writeFileSync(join(site.folder, 'kept/a.test.pem'), other.cert + other.key)
    await until(
      async () =>
        await site.visit().then(
          () => false,
          () => true,
        ),
    )
    writeFileSync(join(site.folder, 'kept/a.test.pem'), 'half of')
    await expect(site.visit()).rejects.toThrow(refused)
  })

  test('of new hosts are asked for after a reload', async () => {
    const server = await AcmeServer.start()
    const site = await Site.start(server)
    await site.has(/a\.test has a certificate/)
    const routes = [{ path: '/', files: 'site' }]
    site.write({ hosts: { 'a.test': { tls: 'acme', routes }, 'c.test': { tls: 'acme', routes } } })
    site.gateway.reload()
    await site.has(/c\.test has a certificate/)
    expect((await site.visit('c.test')).authorized).toBe(true)
    expect(server.orders.map(({ host }) => host)).toEqual(['a.test', 'c.test'])
  })

  test('are not asked for where nothing can be kept', async () => {
    const server = await AcmeServer.start()
    const site = await Site.start(server, { folder: 'site/index.html' })
    await site.has(/no certificate is requested, because it could not be kept: .*(?:ENOTDIR|EEXIST)/)
    expect(server.orders).toEqual([])
    expect(existsSync(join(site.folder, 'kept'))).toBe(false)
  })
})

describe('orders for one host', () => {
  test('are three in an hour at most, whatever comes of them and whatever the clock says', () => {
    let now = 1e12
    let attempts = attemptsOf(undefined)
    const times: number[] = []
    while (times.length < 20) {
      now = Math.max(now, nextOrder(attempts, now))
      times.push(now)
      attempts = ordered(attempts, now, 0)
      // Every second one succeeds, and is lost at once.
      if (times.length % 2 === 0) attempts = succeeded(attempts)
      attempts = attemptsOf(JSON.stringify(attempts))
    }
    for (const [i, at] of times.entries()) {
      const within = times.slice(i).filter((other) => other < at + 60 * minute)
      expect(within.length).toBeLessThanOrEqual(3)
    }
    expect(nextOrder({ orders: [], failures: 1, notBefore: 9e14 }, now)).toBeLessThanOrEqual(now + 48 * 60 * minute)
  })

  test('come later and later when they fail, a day at most', () => {
    let attempts = attemptsOf(undefined)
    const waits: number[] = []
    for (let i = 0; i < 10; i++) {
      attempts = ordered(attempts, 0, 0)
      waits.push(attempts.notBefore / minute)
    }
    expect(waits).toEqual([15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440])
    expect(putOff(attempts, 0, Infinity).notBefore).toBe(1440 * minute)
    expect(putOff(attempts, 0, 5).notBefore).toBe(1440 * minute)
  })

  test('are forgotten when what was kept of them is not ours', () => {
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '{"orders":1,"failures":0,"notBefore":0}',
      '{"orders":[],"failures":-1,"notBefore":0}',
    ])
      expect(attemptsOf(text)).toEqual({ orders: [], failures: 0, notBefore: 0 })
  })
})

/** What is said of a configuration. */
function mistakes(config: object): string {
  try {
    parseConfig(JSON.stringify(config), '/')
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

test('what is wrong with it is said', () => {
  const routes = [{ path: '/', redirect: '/x' }]
  const hosts = { 'a.test': { tls: 'acme', routes } }
  const listen = [{ port: 443, tls: true }]
  expect(mistakes({ listen, hosts })).toContain(
    'hosts.a.test.tls is "acme", but "acme", which names the authority, is missing',
  )
  const acme = { agreed: true }
  expect(mistakes({ listen, hosts, acme })).toBe('')
  expect(mistakes({ listen: [{ port: 80 }], hosts, acme })).toContain(
    'hosts.a.test.tls is "acme", but nothing in "listen"',
  )
  expect(mistakes({ listen, acme, hosts: { '*.a.test': { tls: 'acme', routes } } })).toContain(
    'which cannot cover wildcard names',
  )
  expect(mistakes({ listen, hosts, acme: { agreed: false } })).toContain('acme.agreed must be true')
  expect(mistakes({ listen, hosts, acme: { agreed: true, challenges: ['http-01'] } })).toContain(
    'everything in "listen" has "tls"',
  )
  for (const directory of ['http://ca.test/directory', 'letsencrypt-production', 'https://'])
    expect(mistakes({ listen, hosts, acme: { agreed: true, directory } })).toContain(
      'acme.directory must be "letsencrypt"',
    )
  expect(mistakes({ listen, hosts: { 'a.test': { tls: 'acm', routes } }, acme })).toContain('or "acme"')
})
