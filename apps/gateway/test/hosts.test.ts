import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { join } from 'node:path'
import type { Handler } from '@spillway/core'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeAuthority, openssl } from '../../../packages/core/test/certificates.ts'
import { phpFpm, startPhpFpm } from '../../../packages/middleware/test/php-fpm.ts'
import { Gateway } from '../src/gateway.ts'
import { backend, folderOf, start } from './support.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

interface Ask {
  readonly host?: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly ca?: string
  /** The name for the TLS handshake. Default: the host. */
  readonly servername?: string
}

/** One request for a host, on a connection of its own. */
function ask(
  url: string,
  path: string,
  { host = 'a.test', method = 'GET', headers = {}, ca, servername = host }: Ask = {},
): Promise<Answer> {
  const { hostname, port, protocol } = new URL(url)
  const send = protocol === 'https:' ? secureRequest : request
  return new Promise((resolve, reject) => {
    const options = { hostname, port, path, method, headers: { host, ...headers }, agent: false, servername, ca }
    send(options as RequestOptions, (response: IncomingMessage) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
    })
      .on('error', reject)
      .end()
  })
}

const echo: Handler = (c) => c.json(Object.fromEntries(c.headers))

describe('hosts', () => {
  const hosts = {
    'a.test': { routes: [{ path: '/', files: 'a' }] },
    '*.b.test': { routes: [{ path: '/', files: 'b' }] },
    'B.test': { routes: [{ path: '/', redirect: { to: 'https://www.b.test{path}{query}', status: 308 } }] },
  }
  const files = { 'a/index.html': 'A', 'b/index.html': 'B', 'rest/index.html': 'rest' }

  test('have routes of their own; others are refused', async () => {
    const { url } = await start({ hosts, routes: undefined }, files)
    expect(await ask(url, '/', { host: 'a.test' })).toMatchObject({ status: 200, text: 'A' })
    expect(await ask(url, '/', { host: 'A.test.:80' })).toMatchObject({ status: 200, text: 'A' })
    expect(await ask(url, '/', { host: 'x.b.test' })).toMatchObject({ status: 200, text: 'B' })
    expect(await ask(url, '/x?y=1', { host: 'b.test' })).toMatchObject({
      status: 308,
      headers: { location: 'https://www.b.test/x?y=1' },
    })
    for (const host of ['c.test', 'x.y.b.test', '127.0.0.1', 'a.test.evil.test'])
      for (const path of ['/', '/any/path']) expect(await ask(url, path, { host })).toMatchObject({ status: 421 })
  })

  test('that are not named have the routes of the configuration, where there are some', async () => {
    const { url } = await start({ hosts, routes: [{ path: '/', files: 'rest' }] }, files)
    expect(await ask(url, '/', { host: 'c.test' })).toMatchObject({ status: 200, text: 'rest' })
    expect(await ask(url, '/', { host: 'a.test' })).toMatchObject({ status: 200, text: 'A' })
  })
})

withTools(openssl)('hosts with TLS', () => {
  test('have certificates of their own; a client without TLS is redirected there, if that is asked for', async () => {
    const authority = makeAuthority()
    onTestFinished(() => authority.remove())
    const [a, wild] = [authority.issue('a', ['a.test']), authority.issue('wild', ['*.b.test'])]
    const pem = { 'a.pem': a.cert, 'a.key': a.key, 'b.pem': wild.cert, 'b.key': wild.key }
    const started = await start(
      {
        listen: [{ port: 0, tls: true }, { port: 0 }],
        hosts: {
          'a.test': { tls: { cert: 'a.pem', key: 'a.key' }, https: true, routes: [{ path: '/', files: 'site' }] },
          '*.b.test': { tls: { cert: 'b.pem', key: 'b.key' }, routes: [{ path: '/', files: 'site' }] },
        },
      },
      { ...pem, 'site/index.html': 'site' },
    )
    const { gateway } = started
    const { ca } = authority
    expect(await ask(gateway.url, '/', { ca })).toMatchObject({ status: 200 })
    expect(await ask(gateway.url, '/', { ca, host: 'x.b.test' })).toMatchObject({ status: 200 })
    await expect(ask(gateway.url, '/', { ca, host: 'c.test' })).rejects.toThrow(/ECONNRESET|hang up|disconnected/)
    const clear = gateway.urls[1]!
    const sent = await ask(clear, '/x?y', { method: 'POST' })
    expect(sent).toMatchObject({
      status: 308,
      headers: { location: `https://a.test:${new URL(gateway.url).port}/x?y` },
    })
    expect(await ask(clear, '/', { host: 'x.b.test' })).toMatchObject({ status: 200 })
    // A key of another certificate changes nothing.
    started.write({
      listen: [{ port: 0, tls: true }, { port: 0 }],
      hosts: { 'a.test': { tls: { cert: 'a.pem', key: 'b.key' }, routes: [{ path: '/', files: 'site' }] } },
    })
    expect(() => gateway.reload()).toThrow(/hosts\.a\.test\.tls\.key: .*b\.key is not the key of .*a\.pem/)
    expect(await ask(gateway.url, '/', { ca })).toMatchObject({ status: 200 })
  })

  test('are not found on a connection whose certificate is for another one (RFC 9110 §7.4)', async () => {
    const authority = makeAuthority()
    onTestFinished(() => authority.remove())
    const [two, wild] = [authority.issue('two', ['a.test', 'also.test']), authority.issue('wild', ['*.b.test'])]
    const own = authority.issue('own', ['own.test'])
    const routes = [{ path: '/', files: 'site' }]
    const config = {
      listen: [{ port: 0, tls: { cert: 'own.pem', key: 'own.key' }, http2: true }],
      hosts: {
        'a.test': { tls: { cert: 'two.pem', key: 'two.key' }, routes },
        'also.test': { routes },
        '*.b.test': { tls: { cert: 'b.pem', key: 'b.key' }, routes },
        'own.test': { routes },
      },
    }
    const pem = { 'two.pem': two.cert, 'two.key': two.key, 'b.pem': wild.cert, 'b.key': wild.key }
    const files = { ...pem, 'own.pem': own.cert, 'own.key': own.key, 'site/index.html': 'site' }
    const { url } = await start(config, files)
    const { ca } = authority
    const statusOf = async (servername: string, host: string, at = url): Promise<number> =>
      (await ask(at, '/', { ca, servername, host })).status
    for (const [servername, host] of [
      ['a.test', 'A.test.:443'],
      ['a.test', 'also.test'],
      ['x.b.test', 'y.b.test'],
      ['own.test', 'own.test'],
    ] as const)
      expect([servername, host, await statusOf(servername, host)]).toEqual([servername, host, 200])
    for (const [servername, host] of [
      ['a.test', 'x.b.test'],
      ['x.b.test', 'a.test'],
      ['own.test', 'a.test'],
      ['a.test', 'own.test'],
      ['a.test', 'nobody.test'],
    ] as const)
      expect([servername, host, await statusOf(servername, host)]).toEqual([servername, host, 421])
    const behind = await start({ ...config, trusted: { addresses: ['127.0.0.1'], fields: 'x-forwarded' } }, files)
    expect(await statusOf('a.test', 'x.b.test', behind.url)).toBe(200)
  })
})

describe('routes', () => {
  test('redirect to what is made of the request', async () => {
    const { url } = await start({
      routes: [
        { path: '/old', redirect: '/new{rest}{query}' },
        { path: '/shop', redirect: { to: 'https://shop.test/', status: 301 } },
      ],
    })
    expect(await ask(url, '/old/a%20b?c=d')).toMatchObject({ status: 302, headers: { location: '/new/a%20b?c=d' } })
    expect(await ask(url, '/shop/x')).toMatchObject({ status: 301, headers: { location: 'https://shop.test/' } })
  })

  test('set, add and remove fields, of requests and of replies', async () => {
    const server = await backend((c) => {
      const reply = echo(c)
      return Promise.resolve(reply).then((made) => {
        ;(made as { headers: { set(name: string, value: string): void } }).headers.set('X-Powered-By', 'secret')
        return made
      })
    })
    const { url } = await start({
      upstreams: { api: { servers: [server.url] } },
      routes: [
        {
          path: '/',
          proxy: 'api',
          request: { set: { 'X-Site': 'one' }, remove: ['Authorization', 'cookie'] },
          reply: { set: { 'X-Frame-Options': 'DENY' }, add: { Link: '</x>; rel=y' }, remove: ['x-powered-by'] },
        },
      ],
    })
    const { headers, text } = await ask(url, '/', {
      headers: { authorization: 'Basic x', cookie: 'a=b', 'x-site': 'mine', 'x-other': '1' },
    })
    const seen = JSON.parse(text) as Record<string, string>
    expect(seen).toMatchObject({ 'x-site': 'one', 'x-other': '1' })
    expect(Object.keys(seen)).not.toContain('authorization')
    expect(Object.keys(seen)).not.toContain('cookie')
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', link: '</x>; rel=y' })
    expect(headers).not.toHaveProperty('x-powered-by')
  })

  test('have pages for errors that are found here, and leave those of servers alone', async () => {
    const server = await backend((c) => c.text('theirs', 404))
    const { url } = await start(
      {
        upstreams: { api: { servers: [server.url] }, gone: { servers: ['http://127.0.0.1:1'] } },
        errors: { '404': 'missing.html' },
        routes: [
          { path: '/', files: 'site', errors: { '404': 'nothing.html', '4xx': 'other.html' } },
          { path: '/api', proxy: 'api', errors: { '404': 'nothing.html' } },
          { path: '/gone', proxy: 'gone', errors: { '5xx': 'down.html' } },
        ],
      },
      {
        'site/index.html': 'x',
        'nothing.html': 'nothing',
        'other.html': 'other',
        'down.html': 'down',
        'missing.html': 'missing',
      },
    )
    const html = { 'content-type': 'text/html; charset=utf-8' }
    expect(await ask(url, '/none')).toMatchObject({ status: 404, text: 'nothing', headers: html })
    expect(await ask(url, '/', { method: 'POST' })).toMatchObject({
      status: 405,
      text: 'other',
      headers: { allow: 'GET, HEAD' },
    })
    expect(await ask(url, '/api/x')).toMatchObject({ status: 404, text: 'theirs' })
    expect(await ask(url, '/gone')).toMatchObject({ status: 502, text: 'down' })
    expect((await ask(url, '/none', { method: 'HEAD' })).text).toBe('')
  })

  test('of files have clean URLs if asked for, and fields that isolate only then', async () => {
    const { url } = await start(
      {
        routes: [
          { path: '/', files: 'site', cleanUrls: true },
          { path: '/strict', files: 'site', secureHeaders: true },
          { path: '/plain', files: 'site', secureHeaders: false },
        ],
      },
      { 'site/about.html': 'about' },
    )
    const { text, headers } = await ask(url, '/about')
    expect(text).toBe('about')
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' })
    expect(headers).not.toHaveProperty('cross-origin-resource-policy')
    expect(headers).not.toHaveProperty('permissions-policy')
    expect((await ask(url, '/strict/about.html')).headers).toHaveProperty('cross-origin-resource-policy')
    expect((await ask(url, '/plain/about.html')).headers).not.toHaveProperty('referrer-policy')
  })
})

withTools(phpFpm)('PHP', () => {
  test('runs among the files, and a front controller answers for what is none', async () => {
    const home = folderOf({})
    const application = await startPhpFpm(home)
    onTestFinished(() => application.stop())
    const { url } = await start(
      {
        routes: [
          { path: '/', files: 'site', fastcgi: { server: `unix:${application.socket}`, front: 'index.php' } },
          { path: '/plain', files: 'plain', fastcgi: { server: `unix:${application.socket}` } },
        ],
      },
      {
        'site/index.php': '<?php echo "front ", $_SERVER["REQUEST_URI"], " ", $_SERVER["REQUEST_METHOD"];',
        'site/info.php': '<?php echo "info ", $_GET["x"] ?? "";',
        'site/style.css': 'css',
        'site/odd.PHP': '<?php echo "secret";',
        'plain/a.php': '<?php echo "plain ", $_SERVER["SCRIPT_NAME"];',
      },
    )
    expect(await ask(url, '/info.php?x=1')).toMatchObject({ status: 200, text: 'info 1' })
    expect(await ask(url, '/style.css')).toMatchObject({ status: 200, text: 'css' })
    expect(await ask(url, '/')).toMatchObject({ status: 200, text: 'front / GET' })
    expect(await ask(url, '/pages/7?x')).toMatchObject({ status: 200, text: 'front /pages/7?x GET' })
    expect(await ask(url, '/pages/7', { method: 'DELETE' })).toMatchObject({
      status: 200,
      text: 'front /pages/7 DELETE',
    })
    expect((await ask(url, '/odd.PHP')).text).not.toContain('secret')
    expect(await ask(url, '/plain/a.php')).toMatchObject({ status: 200, text: 'plain /plain/a.php' })
    expect(await ask(url, '/plain/none')).toMatchObject({ status: 404 })
  })
})

/** What is wrong with a configuration. */
function check(text: string): string {
  const folder = folderOf({ 'gateway.json': text })
  try {
    Gateway.check(join(folder, 'gateway.json'))
    return 'none'
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, '')
  }
}

/** A configuration with this route. */
function withRoute(route: string): string {
  return `{\n"listen": [{ "port": 80 }],\n"upstreams": { "api": { "servers": ["http://a"] } },\n"routes": [\n${route}]}`
}

describe('programs', () => {
  test('are run for their requests, below the path of the route', async () => {
    const { url, write, gateway } = await start(
      {
        routes: [
          { path: '/cgi-bin', cgi: { path: 'programs', env: { GREETING: 'hello' }, timeout: 10_000 } },
          { path: '/all', cgi: 'programs/say.sh' },
          { path: '/', files: 'site' },
        ],
      },
      {
        'programs/say.sh': `#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s %s %s %s' "$GREETING" "$SCRIPT_NAME" "$PATH_INFO" "$QUERY_STRING"\n`,
        'programs/broken.sh': '#!/bin/sh\nexit 3\n',
        'programs/text.txt': 'no program',
        'site/index.html': 'the site',
      },
      ['programs/say.sh', 'programs/broken.sh'],
    )
    expect(await ask(url, '/cgi-bin/say.sh/more?x=1')).toMatchObject({
      status: 200,
      text: 'hello /cgi-bin/say.sh /more x=1',
    })
    expect(await ask(url, '/all/there/is')).toMatchObject({ status: 200, text: ' /all /there/is ' })
    expect(await ask(url, '/cgi-bin/broken.sh')).toMatchObject({ status: 502 })
    for (const path of ['/cgi-bin/text.txt', '/cgi-bin/', '/cgi-bin', '/cgi-bin/../programs/say.sh'])
      expect([path, (await ask(url, path)).status]).toEqual([path, 404])
    expect(await ask(url, '/')).toMatchObject({ text: 'the site' })
    write({ routes: [{ path: '/', cgi: 'nowhere' }] })
    expect(() => gateway.reload()).toThrow(/routes\[0\]\.cgi: .*nowhere cannot be read/)
  })
})

describe('a configuration that is only looked at', () => {
  test('has all its mistakes told, with file and line and the nearest right word', () => {
    const text = `{
  "listen": [{ "port": 80, "hostt": "::" }],
  "upstreams": {
    "api": { "servers": [], "check": { "path": "healthz", "healthy": 0.5 } }
  },
  "routes": [
    { "path": "/", "proxi": "api" },
    {
      "path": "/x",
      "rateLimit": { "limit": "7" }
    }
  ]
}`
    expect(check(text).split('\n')).toEqual([
      '6 problems',
      '  gateway.json:2: listen[0].hostt is not known here: did you mean "host"?',
      '  gateway.json:4: upstreams.api.servers must name at least one server',
      '  gateway.json:4: upstreams.api.check.path must begin with a slash: /healthz',
      '  gateway.json:4: upstreams.api.check.healthy must be a whole number',
      '  gateway.json:7: routes[0].proxi is not known here: did you mean "proxy"?',
      '  gateway.json:10: routes[1].rateLimit.limit must be a number',
    ])
  })

  test('has contradictions told in the same way, and what is no JSON', () => {
    expect(check(withRoute('{ "path": "/", "proxy": "apis" }'))).toBe(
      'gateway.json:5: routes[0].proxy names "apis", which is not in upstreams: did you mean "api"?',
    )
    expect(check(withRoute('{ "path": "/a" },'))).toMatch(/^gateway\.json:5: not JSON/)
    expect(check(withRoute('{ "path": "/a", "proxy": "api" }'))).toBe('none')
  })

  test.each([
    ['{\n// ports\n"listen": []}', 2, 'JSON has no comments'],
    ['{\n"listen": [1,\n] }', 3, 'nothing follows a comma'],
    ["{\n'listen': [] }", 2, 'names and strings need double quotes'],
    ['{\n"listen": []\n"routes": [] }', 3, 'a comma is missing'],
    ['\n', 2, 'there is nothing in it'],
    ['{ listen: [] }', 1, 'Expected'],
  ])('%j is no JSON, and it is said why', (text, line, why) => {
    expect(check(text)).toMatch(`gateway.json:${line}: not JSON: ${why}`)
  })

  test('may begin with the mark of a byte order, as some editors write it', () => {
    expect(check(`\uFEFF${withRoute('{ "path": "/a", "proxy": "api" }')}`)).toBe('none')
  })

  test('has nothing twice, of which only the last would count', () => {
    expect(check('{\n"listen": [{ "port": 1 }],\n"listen": [{ "port": 2 }],\n"routes": []\n}').split('\n')).toEqual([
      '2 problems',
      '  gateway.json:3: listen appears twice',
      '  gateway.json:4: routes must have at least one entry',
    ])
  })

  test.each([
    ['"proxy": "api", "allow": ["10.0.0.0/33"]', '.allow[0]: Neither an address nor a network: "10.0.0.0/33"'],
    ['"proxy": "api", "passOn": ["Host"]', '.passOn[0]: A client must not say host: Host'],
    ['"proxy": "api", "timeout": "30s"', '.timeout must be a number of milliseconds'],
    [
      '"proxy": "api", "request": { "set": { "Host": "a" } }',
      '.request.set.Host is written by the gateway: use "host"',
    ],
    ['"proxy": "api", "request": { "set": { "Content-Length": "1" } }', '.request.set.Content-Length is written'],
    ['"redirect": "/{pth}"', '.redirect must have nothing in braces but {path}, {rest}, {query} and {host}'],
    ['"files": ".", "fastcgi": { "server": "/run/php.sock" }', '.fastcgi.server must be unix:/path or host:port'],
    ['"files": "none"', '.files: there is no folder none'],
    ['"files": ".", "fallback": "none.html"', '.fallback: none.html cannot be read'],
    ['"cgi": { "path": "none" }', '.cgi.path: none cannot be read'],
    ['"proxy": "api", "errors": { "404": "none.html" }', '.errors.404: none.html cannot be read'],
    ['"proxy": "api", "buffer": { "folder": "none" }', '.buffer.folder: there is no folder none'],
  ])('says where %s is wrong, and what is right', (route, expected) => {
    expect(check(withRoute(`{ "path": "/", ${route} }`))).toContain(`gateway.json:5: routes[0]${expected}`)
  })

  test('has what its groups, listeners and logs say looked at, too', () => {
    const text = `{
  "listen": [{ "port": 80, "tls": { "cert": "none.pem", "key": "none.key" } }, { "port": 81 }, { "port": 81 }],
  "admin": { "port": 80 },
  "log": "combind",
  "trusted": { "addresses": ["proxy.example"] },
  "upstreams": {
    "api": {
      "servers": ["http://a:99999", "b:80"],
      "sticky": "a b",
      "ca": "none.ca"
    }
  },
  "routes": [{ "path": "/api/*", "proxy": "api" }]
}`
    expect(check(text).split('\n')).toEqual([
      '11 problems',
      '  gateway.json:2: listen[2].port is 81, which is in use by another entry',
      '  gateway.json:2: listen[0].tls.cert: none.pem cannot be read',
      '  gateway.json:2: listen[0].tls.key: none.key cannot be read',
      '  gateway.json:3: admin.port is 80, which is in use by another entry',
      '  gateway.json:4: log must be "text", "common", "combined", "json" or "none", or an object with "format" and perhaps "redact": did you mean "combined"?',
      '  gateway.json:5: trusted.addresses[0]: Neither an address nor a network: "proxy.example"',
      '  gateway.json:8: upstreams.api.servers[0]: Not http://host, https://host or unix:/path: http://a:99999',
      '  gateway.json:8: upstreams.api.servers[1]: Not http://host, https://host or unix:/path: b:80',
      '  gateway.json:9: upstreams.api.sticky must be the name of a cookie',
      '  gateway.json:10: upstreams.api.ca: none.ca cannot be read',
      '  gateway.json:13: routes[0].path covers what is below it without a star: /api',
    ])
  })
})
