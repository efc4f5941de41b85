import { request } from 'node:http'
import { connect } from 'node:net'
import { type Handler, type Server } from '@spillway/core'
import { hashSync } from 'bcryptjs'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { freePort } from '@spillway/vitest-config/free-port'
import { backend, start, until } from './support.ts'

const echo: Handler = (c) => c.json({ path: c.path, ...Object.fromEntries(c.headers) })

function proxyTo(server: Server, route: object = {}, upstream: object = {}): object {
  return {
    upstreams: { api: { servers: [server.url], ...upstream } },
    routes: [{ path: '/', proxy: 'api', ...route }],
  }
}

function basic(name: string, password: string): RequestInit {
  return { headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` } }
}

/** Says something on a connection of its own, and is told what comes back. */
function speak(
  url: string,
  text: string,
): { readonly socket: ReturnType<typeof connect>; readonly received: () => string } {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString('latin1'))).on('error', () => {})
  onTestFinished(() => void socket.destroy())
  socket.write(text)
  return { socket, received: () => received }
}

describe('who comes in', () => {
  test('has a name and a password, where that is asked for', async () => {
    const hash = hashSync('right', 4).replace('$2b$', '$2y$')
    const { url } = await start(
      { routes: [{ path: '/', files: 'site', basicAuth: { users: { ann: hash }, realm: 'club' } }] },
      { 'site/index.html': 'inside' },
    )
    const refused = await fetch(url)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toContain('realm="club"')
    for (let i = 0; i < 2; i++) expect(await (await fetch(url, basic('ann', 'right'))).text()).toBe('inside')
    for (const [name, password] of [
      ['ann', 'wrong'],
      ['bob', 'right'],
      ['ann', ''],
      ['__proto__', 'right'],
    ] as const)
      expect((await fetch(url, basic(name, password))).status).toBe(401)
  })

  test('is asked for by another server, which says who it is', async () => {
    const judge = await backend((c) =>
      c.headers.get('cookie') === 'in=yes'
        ? c.empty({ headers: { 'Remote-User': 'ann' } })
        : c.redirect('https://login.test/'),
    )
    const app = await backend(echo)
    const { url } = await start(
      {
        upstreams: { judge: { servers: [judge.url] }, api: { servers: [app.url] } },
        routes: [
          {
            path: '/',
            proxy: 'api',
            cache: true,
            errors: { '5xx': 'down.html' },
            forwardAuth: { proxy: 'judge', path: '/verify', copy: ['Remote-User'] },
          },
        ],
      },
      { 'down.html': 'down' },
    )
    expect(await fetch(url, { redirect: 'manual' })).toMatchObject({ status: 302 })
    const headers = { cookie: 'in=yes', 'remote-user': 'root' }
    expect(await (await fetch(`${url}/x`, { headers })).json()).toMatchObject({ path: '/x', 'remote-user': 'ann' })
  })
})

describe('files', () => {
  const files = {
    'site/index.html': 'home',
    'site/about.html': 'about',
    'site/docs/index.html': 'docs',
    'site/maintenance.html': 'maintenance',
  }

  test('are tried in the order that is said', async () => {
    const { url } = await start(
      {
        routes: [{ path: '/', files: 'site', try: ['{path}', '{path}.html', '{path}/index.html', 'maintenance.html'] }],
      },
      files,
    )
    const text = async (path: string): Promise<string> => (await fetch(url + path)).text()
    expect(await text('/')).toBe('home')
    expect(await text('/about')).toBe('about')
    expect(await text('/docs')).toBe('docs')
    expect(await text('/nothing')).toBe('maintenance')
    expect(await text('/..%2f..%2fetc/passwd')).not.toContain('root:')
  })

  test('that are not there are left to servers', async () => {
    const app = await backend(echo)
    const { url } = await start(
      {
        upstreams: { api: { servers: [app.url] } },
        routes: [
          { path: '/', files: 'site', proxy: 'api' },
          { path: '/sub', files: 'site', try: ['{path}.html'], proxy: 'api' },
          { path: '/cut', files: 'site', proxy: 'api', strip: true },
        ],
      },
      files,
    )
    const get = async (path: string, init: RequestInit = {}): Promise<Response> => fetch(url + path, init)
    expect(await (await get('/about.html')).text()).toBe('about')
    const theirs = await get('/api/x%20y?z')
    expect(await theirs.json()).toMatchObject({ path: '/api/x%20y' })
    expect(theirs.headers.has('x-content-type-options')).toBe(false)
    expect(await (await get('/about.html', { method: 'POST', body: 'x' })).json()).toMatchObject({
      path: '/about.html',
    })
    expect(await (await get('/sub/about')).text()).toBe('about')
    expect(await (await get('/sub/about.html')).json()).toMatchObject({ path: '/sub/about.html' })
    expect(await (await get('/sub')).json()).toMatchObject({ path: '/sub' })
    expect(await (await get('/sub/')).json()).toMatchObject({ path: '/sub/' })
    expect(await (await get('/cut/x')).json()).toMatchObject({ path: '/x', 'x-forwarded-prefix': '/cut' })
  })
})

describe('servers', () => {
  test('are held up by no slow client, and get content at once, with its length', async () => {
    const app = await backend(async (c) =>
      c.json({ length: c.headers.get('content-length'), text: await c.body.text() }),
    )
    const { url, gateway } = await start(proxyTo(app))
    const slow = speak(url, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    await (await fetch(url)).text()
    expect(gateway.groups.get('api').status[0]).toMatchObject({ requests: 1 })
    slow.socket.write('0\r\n\r\n')
    await until(() => slow.received().includes('"length":"3","text":"abc"'))
  })

  test('say where they are, and clients hear where that is for them', async () => {
    const app = await backend((c) => c.redirect(`${new URL(c.url).origin}/login`))
    const { url } = await start(proxyTo(app, { path: '/app', strip: true, host: 'upstream' }))
    const { headers } = await fetch(`${url}/app/x`, { redirect: 'manual' })
    expect(headers.get('location')).toBe('/app/login')
    const plain = await start(proxyTo(app, { host: 'upstream', rewrite: false }))
    const theirs = await fetch(plain.url, { redirect: 'manual' })
    expect(theirs.headers.get('location')).toBe(`${app.url.replace(/\/$/, '')}/login`)
  })

  test('that say they are unavailable have others asked', async () => {
    const bad = await backend((c) => c.text('not now', 503))
    const good = await backend((c) => c.text('good'))
    const { url } = await start({
      upstreams: { api: { servers: [bad.url, good.url] } },
      routes: [{ path: '/', proxy: 'api' }],
    })
    for (let i = 0; i < 4; i++) expect(await (await fetch(url)).text()).toBe('good')
  })

  test('keep their clients by a cookie', async () => {
    const servers = [await backend((c) => c.text('a')), await backend((c) => c.text('b'))]
    const { url } = await start({
      upstreams: { api: { servers: servers.map((one) => one.url), sticky: 'at' } },
      routes: [{ path: '/', proxy: 'api' }],
    })
    const first = await fetch(url)
    const letter = await first.text()
    const cookie = first.headers.get('set-cookie')!.split(';')[0]!
    for (let i = 0; i < 3; i++) expect(await (await fetch(url, { headers: { cookie } })).text()).toBe(letter)
  })

  test('have a time to answer', async () => {
    const app = await backend((c) => (c.path === '/slow' ? new Promise(() => {}) : c.text('quick')))
    const { url } = await start(proxyTo(app, { timeout: 200 }))
    expect((await fetch(`${url}/slow`)).status).toBe(504)
    expect((await fetch(`${url}/`)).status).toBe(200)
  })
})

describe('clients', () => {
  test('have times, and room for heads, as the configuration says', async () => {
    const { url } = await start(
      { timeouts: { head: 150 }, limits: { fields: 3 }, routes: [{ path: '/', files: 'site' }] },
      { 'site/index.html': 'x' },
    )
    const slow = speak(url, 'GET / HTTP/1.1\r\nHost:')
    await until(() => slow.received().startsWith('HTTP/1.1 408 '))
    const long = speak(url, 'GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\nE: f\r\n\r\n')
    await until(() => long.received().startsWith('HTTP/1.1 431 '))
    expect(slow.received()).toContain('Connection: close')
  })

  test('are in the log with host and servers, without what is secret', async () => {
    const lines: string[] = []
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0)
    onTestFinished(() => spy.mockRestore())
    const app = await backend((c) => c.text('x'))
    const { url } = await start({
      log: 'json',
      upstreams: { api: { servers: [`http://127.0.0.1:${await freePort()}`, app.url] } },
      routes: [{ path: '/', proxy: 'api' }],
    })
    await new Promise<void>((resolve) => {
      const headers = { host: 'site.test', referer: 'https://x.test/?code=7&b=1' }
      request(`${url}/x?token=abc&a=1&TOKEN=d`, { headers }, (response) => response.resume().on('end', resolve)).end()
    })
    await until(() => lines.length > 0)
    const entry = JSON.parse(lines[0]!) as { servers: unknown[] }
    expect(entry).toMatchObject({
      host: 'site.test',
      target: '/x?token=...&a=1&TOKEN=...',
      referer: 'https://x.test/?code=...&b=1',
      servers: [
        { status: null, ms: expect.any(Number) as number },
        { server: app.url.replace(/\/$/, ''), status: 200, ms: expect.any(Number) as number },
      ],
    })
    expect(lines.join('')).not.toMatch(/abc|code=7/)
  })
})
