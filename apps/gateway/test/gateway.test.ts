import { writeFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { join } from 'node:path'
import { type Handler, serve } from '@spillway/core'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeAuthority, openssl } from '../../../packages/core/test/certificates.ts'
import { Gateway } from '../src/gateway.ts'
import { freePort } from '@spillway/vitest-config/free-port'
import { backend, deferred, folderOf, start, until } from './support.ts'

const echo: Handler = (c) =>
  c.json({ method: c.method, path: `${c.path}${c.search}`, for: c.headers.get('x-forwarded-for') })

/** Everything goes to one server. */
const proxyTo = (url: string): object => ({
  upstreams: { api: { servers: [url] } },
  routes: [{ path: '/', proxy: 'api' }],
})

/** Asks for the metrics by this name. */
const askAs = (at: string, host: string): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(at)
    request({ hostname, port, path: '/metrics', headers: { host } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode!, text }))
    })
      .on('error', reject)
      .end()
  })

const json = async (url: string): Promise<unknown> => (await fetch(url)).json()

describe('routes', () => {
  test('files, servers with and without the prefix, the longest path that fits', async () => {
    const { url } = await backend(echo)
    const started = await start(
      {
        upstreams: { api: { servers: [url] } },
        routes: [
          { path: '/', files: 'site', fallback: 'index.html' },
          { path: '/api', proxy: 'api' },
          { path: '/api/v1', proxy: 'api', strip: true },
          { path: '/assets', files: 'assets' },
        ],
      },
      { 'site/index.html': '<h1>home</h1>', 'assets/app.js': 'run()' },
    )
    expect(await (await fetch(started.url)).text()).toBe('<h1>home</h1>')
    expect(await (await fetch(`${started.url}/deep/link`, { headers: { accept: 'text/html' } })).text()).toBe(
      '<h1>home</h1>',
    )
    expect(await (await fetch(`${started.url}/assets/app.js`)).text()).toBe('run()')
    expect(await fetch(`${started.url}/`, { method: 'POST' })).toMatchObject({ status: 405 })
    const paths = ['/api', '/api/', '/api/x?y=1', '/api/v1/x', '/api/v1', '/api/%76%31/x', '/x/../api/z']
    const seen: unknown[] = []
    for (const path of paths) seen.push(((await json(started.url + path)) as { path: string }).path)
    expect(seen).toEqual(['/api', '/api/', '/api/x?y=1', '/x', '/', '/x', '/api/z'])
    expect(await json(`${started.url}/api`)).toMatchObject({ for: '127.0.0.1' })
  })

  test('limits: requests of a client, addresses, content', async () => {
    const { url } = await backend(echo)
    const api = { proxy: 'api' }
    const started = await start({
      upstreams: { api: { servers: [url] } },
      routes: [
        { path: '/few', ...api, rateLimit: { limit: 2, windowSeconds: 600 } },
        { path: '/inside', ...api, allow: ['10.0.0.0/8'] },
        { path: '/small', ...api, bodyBytes: 10 },
      ],
    })
    const statuses = []
    for (let i = 0; i < 3; i++) statuses.push((await fetch(`${started.url}/few`)).status)
    expect(statuses).toEqual([200, 200, 429])
    expect(await fetch(`${started.url}/inside`)).toMatchObject({ status: 403 })
    const post = async (size: number): Promise<number> =>
      (await fetch(`${started.url}/small`, { method: 'POST', body: 'x'.repeat(size) })).status
    expect([await post(10), await post(11)]).toEqual([200, 413])
    expect(await fetch(`${started.url}/none`)).toMatchObject({ status: 404 })
  })

  test('what servers say may be kept is kept, also over a reload; every request has a name', async () => {
    let asked = 0
    const names: (string | null)[] = []
    const { url } = await backend((c) => {
      names.push(c.headers.get('x-request-id'))
      return c.text(`answer ${++asked}`, { headers: { 'Cache-Control': 'max-age=600' } })
    })
    const started = await start({
      upstreams: { api: { servers: [url] } },
      routes: [
        { path: '/', proxy: 'api' },
        { path: '/kept', proxy: 'api', cache: true },
      ],
    })
    const ask = async (path: string): Promise<string> => (await fetch(started.url + path)).text()
    expect([await ask('/kept/a'), await ask('/kept/a')]).toEqual(['answer 1', 'answer 1'])
    expect([await ask('/a'), await ask('/a')]).toEqual(['answer 2', 'answer 3'])
    started.gateway.reload()
    expect(await ask('/kept/a')).toBe('answer 1')
    expect((await fetch(started.url)).headers.get('x-request-id')).toBe(names.at(-1))
    expect(new Set(names).size).toBe(names.length)
  })

  test('a proxy in front says who the client is, and only it', async () => {
    const { url } = await backend(echo)
    const config = { upstreams: { api: { servers: [url] } }, routes: [{ path: '/', proxy: 'api' }] }
    const headers = { 'x-forwarded-for': '192.0.2.7' }
    const trusting = await start({ ...config, trusted: { addresses: ['127.0.0.1'] } })
    expect(await (await fetch(trusting.url, { headers })).json()).toMatchObject({ for: '192.0.2.7, 127.0.0.1' })
    const wary = await start({ ...config, trusted: { addresses: ['10.0.0.1'] } })
    expect(await (await fetch(wary.url, { headers })).json()).toMatchObject({ for: '127.0.0.1' })
  })
})

/** Requests on one connection, which must stay. */
function connection(): { readonly get: (url: string) => Promise<string>; readonly ports: Set<number | undefined> } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const ports = new Set<number | undefined>()
  const get = (url: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const asking = request(url, { agent }, (response: IncomingMessage) => {
        ports.add(response.socket.localPort)
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => resolve(text))
      })
      asking.on('error', reject)
      asking.end()
    })
  return { get, ports }
}

describe('a reload', () => {
  test('changes routes and servers under connections that stay; a request under way ends by the old rules', async () => {
    const held = deferred()
    const one = await backend(async (c) => {
      if (c.path === '/slow') await held.promise
      return c.text('one')
    })
    const two = await backend((c) => c.text('two'))
    const started = await start(proxyTo(one.url))
    const { get, ports } = connection()
    expect(await get(started.url)).toBe('one')
    const slow = fetch(`${started.url}/slow`)
    await until(() => started.gateway.groups.get('api').status[0]!.active === 1)
    started.write(proxyTo(two.url))
    expect(await (await fetch(`${started.admin}/reload`, { method: 'POST' })).json()).toEqual({ loads: 2 })
    expect(await get(started.url)).toBe('two')
    held.resolve()
    expect(await (await slow).text()).toBe('one')
    expect(ports.size).toBe(1)
  })

  test('keeps groups that have not changed, with their connections', async () => {
    const { url } = await backend(echo)
    const config = { upstreams: { api: { servers: [url] } }, routes: [{ path: '/', proxy: 'api' }] }
    const started = await start(config)
    await fetch(started.url).then((response) => response.text())
    const before = started.gateway.groups.get('api')
    started.write({ ...config, routes: [...config.routes, { path: '/more', proxy: 'api' }] })
    started.gateway.reload()
    expect(started.gateway.groups.get('api')).toBe(before)
    expect(before.status).toMatchObject([{ idle: 1, requests: 1 }])
  })

  test('with mistakes changes nothing, and says which', async () => {
    const { url } = await backend((c) => c.text('still here'))
    const config = { upstreams: { api: { servers: [url] } }, routes: [{ path: '/', proxy: 'api' }] }
    const started = await start(config)
    const mistakes = [
      [{ ...config, routes: [] }, 'routes must have at least one entry'],
      [{ ...config, upstreams: { api: { servers: ['ftp://x'] } } }, 'upstreams.api.servers[0]: Not http://host'],
      [{ ...config, routes: [{ path: '/', files: 'nowhere' }] }, 'routes[0].files: there is no folder'],
      [{ ...config, listen: [{ port: 1 }] }, 'listen: a change here needs a restart'],
      [{ ...config, routes: [{ path: '/', proxy: 'api', allow: ['10.0.0.0/99'] }] }, 'routes[0].allow[0]: '],
    ] as const
    for (const [mistaken, message] of mistakes) {
      started.write(mistaken)
      const response = await fetch(`${started.admin}/reload`, { method: 'POST' })
      expect(response.status).toBe(422)
      expect(await response.json()).toMatchObject({ error: expect.stringContaining(message) as string })
      expect(await (await fetch(started.url)).text()).toBe('still here')
    }
  })
})

describe('the dashboard', () => {
  test('its buttons refuse requests from pages of other sites, and other names', async () => {
    const { url } = await backend(echo)
    const { admin } = await start({ upstreams: { api: { servers: [url] } }, routes: [{ path: '/', proxy: 'api' }] })
    const status = async (headers: Record<string, string>, path = '/reload'): Promise<number> =>
      (await fetch(admin + path, { method: 'POST', headers })).status
    expect(await status({ 'sec-fetch-site': 'same-origin' })).toBe(200)
    expect(await status({ 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await status({ origin: 'https://evil.example' })).toBe(403)
    // Without a demo there is nothing to kill.
    expect(await status({}, '/demo/a/kill')).toBe(404)
    const rebound = await new Promise<number>((resolve) => {
      const asking = request(`${admin}/status`, { headers: { host: 'evil.example' } }, (response) => {
        response.resume()
        resolve(response.statusCode!)
      })
      asking.end()
    })
    expect(rebound).toBe(403)
  })

  test('is asked by further names, where that is said, and says how to allow one', async () => {
    const routes = [{ path: '/', redirect: '/x' }]
    const named = await start({ admin: { port: 0, names: ['metrics.test'] }, routes })
    for (const host of ['metrics.test', 'METRICS.test:9090', 'localhost', '127.0.0.1:1', '[::1]:1'])
      expect([host, (await askAs(named.admin, host)).status]).toEqual([host, 200])
    const refused = await askAs(named.admin, 'evil.test')
    expect(refused.status).toBe(403)
    expect(refused.text).toContain('"names"')
  })

  test('tells what happens, as JSON and as events', async () => {
    const { url } = await backend(echo)
    const { admin, url: gateway } = await start({
      upstreams: { api: { servers: [url] } },
      routes: [{ path: '/', proxy: 'api' }],
    })
    await fetch(`${gateway}/x`).then((response) => response.text())
    await until(async () => ((await json(`${admin}/status`)) as { total: number }).total === 1)
    expect(await json(`${admin}/status`)).toMatchObject({
      groups: [{ name: 'api', servers: [{ url, state: 'up', requests: 1, demo: null }] }],
      recent: [{ method: 'GET', target: '/x', status: 200 }],
      demo: null,
    })
    const events = await fetch(`${admin}/events`)
    const { value } = await events.body!.getReader().read()
    expect(Buffer.from(value).toString()).toMatch(/^data: \{.*"total":1/)
  })

  test('shows its numbers to Prometheus, those of the servers among them', async () => {
    const { url } = await backend(echo)
    const { admin, url: at } = await start(proxyTo(url))
    await fetch(`${at}/x`).then((response) => response.text())
    const text = await (await fetch(`${admin}/metrics`)).text()
    expect(text).toContain(`spillway_upstream_requests_total{group="api",server="${url}"} 1\n`)
    expect(text).toContain(`spillway_upstream_up{group="api",server="${url}"} 1\n`)
    expect(text).toMatch(/^spillway_requests_total\{method="GET",status="200",route="[^"]*"\} 1$/m)
    expect(text.match(/# EOF\n/g)).toHaveLength(1)
    expect(text.endsWith('# EOF\n')).toBe(true)
  })

  test('is ready until the gateway closes, which waits for what is under way', async () => {
    const held = deferred()
    const { url } = await backend(async (c) => {
      await held.promise
      return c.text('done')
    })
    const {
      admin,
      gateway,
      url: at,
    } = await start({ upstreams: { api: { servers: [url] } }, routes: [{ path: '/', proxy: 'api' }] })
    expect(await fetch(`${admin}/readyz`)).toMatchObject({ status: 200 })
    const asking = fetch(at)
    await until(() => gateway.groups.get('api').status[0]!.active === 1)
    const closing = gateway.close({ deadline: 10_000 })
    expect(await fetch(`${admin}/readyz`)).toMatchObject({ status: 503 })
    expect(await fetch(`${admin}/healthz`)).toMatchObject({ status: 200 })
    held.resolve()
    expect(await (await asking).text()).toBe('done')
    expect(await closing).toMatchObject({ killed: 0 })
  })
})

withTools(openssl)('TLS', () => {
  test('a reload takes a new certificate for new connections', async () => {
    const authority = makeAuthority()
    onTestFinished(() => authority.remove())
    const folder = folderOf({ 'site/index.html': 'secure' })
    const write = (subject: string): void => {
      const { cert, key } = authority.issue(subject, ['localhost'])
      writeFileSync(join(folder, 'cert.pem'), cert)
      writeFileSync(join(folder, 'key.pem'), key)
    }
    write('first')
    const file = join(folder, 'gateway.json')
    const tls = { cert: 'cert.pem', key: 'key.pem' }
    writeFileSync(
      file,
      JSON.stringify({
        listen: [{ port: await freePort(), tls, http2: true }],
        admin: { port: 0 },
        log: 'none',
        routes: [{ path: '/', files: 'site' }],
      }),
    )
    const gateway = await Gateway.start({ file, page: folder, program: '' })
    onTestFinished(() => gateway.close({ deadline: 0 }).then(() => {}))
    /** @param servername empty for a client that names nobody. */
    const subject = (servername = 'localhost'): Promise<string> =>
      new Promise((resolve, reject) => {
        const options = { ca: authority.ca, servername, agent: false, checkServerIdentity: () => undefined } as const
        const asking = secureRequest(gateway.url, options, (response) => {
          response.resume()
          resolve(
            (response.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate()
              .subject.CN,
          )
        })
        asking.on('error', reject)
        asking.end()
      })
    expect(await subject()).toBe('first')
    expect(await subject('')).toBe('first')
    const numbers = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    expect(numbers).toMatch(/^spillway_certificate_end_seconds\{of="listen\[0\]"\} 1\d{9}$/m)
    write('second')
    gateway.reload()
    expect(await subject()).toBe('second')
    expect(await subject('')).toBe('second')
  })
})

withTools(openssl)('servers with TLS', () => {
  test('are believed by the authorities that there are now, after a reload', async () => {
    const [before, now] = [makeAuthority(), makeAuthority()]
    onTestFinished(() => {
      before.remove()
      now.remove()
    })
    const { cert, key } = now.issue('behind', ['localhost'])
    const behind = await serve((c) => c.text('behind'), { host: '127.0.0.1', port: 0, tls: { cert, key } })
    onTestFinished(() => behind.close({ deadline: 0 }).then(() => {}))
    const folder = folderOf({ 'ca.pem': before.ca })
    const { url, gateway } = await start({
      upstreams: { api: { servers: [`https://localhost:${behind.port}`], ca: join(folder, 'ca.pem') } },
      routes: [{ path: '/', proxy: 'api', retries: 0 }],
    })
    expect((await fetch(url)).status).toBe(502)
    writeFileSync(join(folder, 'ca.pem'), now.ca)
    expect((await fetch(url)).status).toBe(502)
    gateway.reload()
    expect(await (await fetch(url)).text()).toBe('behind')
  })
})

test('what cannot be started says why, and leaves nothing behind', async () => {
  const taken = await backend(echo)
  const folder = folderOf({ 'site/index.html': 'x' })
  const file = join(folder, 'gateway.json')
  writeFileSync(file, JSON.stringify({ listen: [{ port: taken.port }], routes: [{ path: '/', files: 'site' }] }))
  await expect(Gateway.start({ file, page: folder, program: '' })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
