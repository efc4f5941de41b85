import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseConfig, readConfig } from '../src/config.ts'

const good = {
  listen: [{ port: 8080 }],
  upstreams: { api: { servers: ['http://127.0.0.1:3000'] } },
  routes: [{ path: '/api', proxy: 'api' }],
}

function problem(change: object): string {
  try {
    parseConfig(JSON.stringify({ ...good, ...change }), '/etc/gateway')
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

test('the defaults', () => {
  expect(parseConfig(JSON.stringify(good), '/etc/gateway')).toEqual({
    listen: [{ port: 8080, host: '127.0.0.1' }],
    log: 'text',
    requestId: true,
    compression: true,
    connections: 0,
    announce: 0,
    deadline: 10_000,
    upstreams: { api: { servers: ['http://127.0.0.1:3000'] } },
    routes: [{ path: '/api', proxy: 'api', strip: false }],
  })
})

test('names of files are relative to the configuration', () => {
  const tls = { cert: 'cert.pem', key: '/keys/key.pem' }
  const config = parseConfig(
    JSON.stringify({ listen: [{ port: 1, tls }], routes: [{ path: '/', files: '../site' }] }),
    '/etc/gateway',
  )
  expect(config.listen[0]!.tls).toEqual({ cert: '/etc/gateway/cert.pem', key: '/keys/key.pem' })
  expect(config.routes![0]!.files).toBe('/etc/site')
})

test('the demo and the examples of the README are valid', () => {
  expect(readConfig(new URL('../demo.json', import.meta.url).pathname).demo?.backends).toBe(3)
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const examples = [...readme.matchAll(/```json\n([^]*?)```/g)].map(([, text]) => parseConfig(text!, '/srv'))
  expect(examples[0]!.routes!.length).toBeGreaterThan(2)
  expect(Object.keys(examples[1]!.hosts!)).toEqual(['example.org', 'www.example.org'])
})

test.each([
  [{ listen: undefined }, 'listen is missing'],
  [{ listen: [] }, 'listen must have at least one entry'],
  [{ listen: [{}] }, 'listen[0].port is missing'],
  [{ listen: [{ port: '80' }] }, 'listen[0].port must be a number'],
  [{ listen: [{ port: 65_536 }] }, 'listen[0].port must be a port'],
  [
    { listen: [{ port: 80, tls: { cert: 'a' } }] },
    'listen[0].tls must be an object with "cert" and "key", or true for those of the hosts',
  ],
  [{ listen: [{ port: 80, http2: true }] }, 'listen[0].http2 needs "tls"'],
  [{ route: [] }, 'route is not known here: did you mean "routes"?'],
  [{ upstreams: { api: { servers: [] } } }, 'upstreams.api.servers must name at least one server'],
  [
    { upstreams: { api: { servers: [7] } } },
    'upstreams.api.servers[0] must be a URL, or an object with "url" and perhaps "weight" and "backup"',
  ],
  [
    { upstreams: { api: { servers: ['http://a'], balance: 'random' } } },
    /^upstreams\.api\.balance must be "round-robin"/,
  ],
  [{ upstreams: { api: { servers: ['http://a'], check: {} } } }, 'upstreams.api.check.path is missing'],
  [{ routes: [{ path: 'api', proxy: 'api' }] }, /^routes\[0\]\.path must begin with a slash/],
  [{ routes: [{ path: '/api/', proxy: 'api' }] }, /^routes\[0\]\.path must begin with a slash/],
  [
    { routes: [{ path: '/a' }] },
    'routes[0] must have one of "proxy", "files", "redirect" and "cgi", or both "files" and "proxy"',
  ],
  [
    { routes: [{ path: '/a', redirect: '/b', files: 'x' }] },
    'routes[0] must have one of "proxy", "files", "redirect" and "cgi", or both "files" and "proxy"',
  ],
  [
    { routes: [{ path: '/a', proxy: 'api', files: 'x', fallback: 'index.html' }] },
    'routes[0] has "proxy" for paths without a file, and cannot have "fallback" or "fastcgi" as well',
  ],
  [
    { routes: [{ path: '/a', proxy: 'api', forwardAuth: { proxy: 'apj', path: '/verify' } }] },
    'routes[0].forwardAuth.proxy names "apj", which is not in upstreams: did you mean "api"?',
  ],
  [{ routes: [{ path: '/a', proxy: 'api', try: ['{path}'] }] }, 'routes[0].try needs "files"'],
  [{ routes: [{ path: '/a', files: 'x', buffer: true }] }, 'routes[0].buffer needs "proxy"'],
  [
    { routes: [{ path: '/a', files: 'x', basicAuth: { users: { ann: 'secret' } } }] },
    'routes[0].basicAuth.users.ann must be a bcrypt hash, as htpasswd -nB makes them',
  ],
  [
    { routes: [{ path: '/a', proxy: 'api', retryStatuses: [200] }] },
    /^routes\[0\]\.retryStatuses\[0\] must be a status/,
  ],
  [{ workers: 2, listen: [{ port: 0 }] }, 'listen[0].port is 0, so that each worker would get a different one'],
  [{ workers: 0 }, 'workers must be at least 1'],
  [
    { hosts: { 'bücher.test': { routes: good.routes } } },
    'hosts.bücher.test must be a name of ASCII without a port, which may begin with "*.": that of "bücher.test" is "xn--bcher-kva.test"',
  ],
  [
    { hosts: { 'a.test.': { routes: good.routes } } },
    'hosts.a.test. must be a name of ASCII without a port, which may begin with "*."',
  ],
  [
    { upstreams: { api: { servers: ['https://a'], cert: 'a.pem' } } },
    'upstreams.api has only one of "cert" and "key", which need each other',
  ],
  [{ timeouts: { heads: 5 } }, 'timeouts.heads is not known here: did you mean "head"?'],
  [{ log: 'jsn' }, /^log must be "text"/],
  [
    { routes: [{ path: '/a', proxy: 'apis' }] },
    'routes[0].proxy names "apis", which is not in upstreams: did you mean "api"?',
  ],
  [{ routes: [{ path: '/a', proxy: 'demo' }] }, 'routes[0].proxy names "demo", which is not in upstreams'],
  [{ routes: [{ path: '/a', files: 'x', strip: true }] }, 'routes[0].strip needs "proxy"'],
  [
    {
      routes: [
        { path: '/a', proxy: 'api' },
        { path: '/a', proxy: 'api' },
      ],
    },
    'routes[1].path /a appears twice',
  ],
  [
    { routes: [{ path: '/a', proxy: 'api', rateLimit: { limit: 0 } }] },
    'routes[0].rateLimit.limit must be greater than 0',
  ],
  [{ routes: [{ path: '/a', files: 'x', cache: true }] }, /^routes\[0\]\.cache needs "proxy"/],
  [{ routes: [{ path: '/a', proxy: 'api', cache: 'yes' }] }, /^routes\[0\]\.cache must be true, false, or an object/],
  [
    { upstreams: { api: { servers: ['http://a'], ejection: { maxShare: 1.1 } } } },
    'upstreams.api.ejection.maxShare must be between 0 and 1',
  ],
  [{ upstreams: { api: { servers: ['http://a'], ejection: { maxShare: 0.5 } } } }, 'none'],
  [{ routes: {} }, 'routes must be a list'],
  [
    { log: 'loud', connections: -1 },
    '2 problems\n  log must be "text", "common", "combined", "json" or "none", or an object with "format" and perhaps "redact"\n  connections must not be negative',
  ],
])('%j: %s', (change, expected) => {
  expect(problem(change)).toMatch(expected)
})

test('what is not an object, or not there', () => {
  expect(() => parseConfig('7', '/')).toThrow('the configuration must be an object')
  expect(() => readConfig('/none/gateway.json')).toThrow('/none/gateway.json cannot be read: ENOENT')
})
