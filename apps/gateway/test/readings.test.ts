import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { backend, start } from './support.ts'

/** What a server answers to a target that no URL parser has had in its hands, and that on a connection of its own. */
function ask(url: string, target: string): Promise<{ status: number; content: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    socket.on('error', reject)
    socket.on('end', () =>
      resolve({ status: Number(text.slice(9, 12)), content: text.slice(text.indexOf('\r\n\r\n') + 4) }),
    )
    socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  })
}

/** A gateway in front of a server that tells which target it was asked for. */
async function gateway(routes: readonly object[]): Promise<string> {
  const { url } = await backend((c) => c.text(c.target))
  const proxied = routes.map((route) => ({ proxy: 'app', ...route }))
  const config = { upstreams: { app: { servers: [url] } }, requestId: false, compression: false, routes: proxied }
  return (await start(config)).url
}

// CVE-2019-9901, CVE-2021-29492
describe('a path that servers read differently does not walk around a rule', () => {
  const escapes = [
    '//internal/x',
    '///internal',
    '/a/..//internal',
    '/a//../internal',
    '/internal%2fx',
    '/internal%2Fx',
    '/%2finternal',
    '/%5Cinternal',
    '/%5cinternal/x',
    '/internal%5cx',
    '/x/..%2finternal',
    '/x/..%5cinternal/y',
    '/x/%2e%2e%2finternal',
    '/x%2f%2e%2e%2finternal',
    '/internal;a=b',
    '/internal;a=b/x',
    '/internal%3ba=b/x',
    '/x/..;/internal',
    '/x/..;a/internal/y',
    '/;/internal',
    '/x;/..%2finternal',
    '/%2569nternal',
    '/%2569%256eternal/x',
    '/%252finternal',
    '/x/%252e%252e/internal',
    '/x/..%252finternal',
    '/%252569nternal',
    '/%25ff%2f..%2finternal',
    '//x/..;/..//internal',
  ]
  const rules: [string, object, number][] = [
    ['an address', { path: '/internal', deny: ['127.0.0.1'] }, 403],
    ['an address, where the prefix is taken off', { path: '/internal', strip: true, deny: ['127.0.0.1'] }, 403],
    ['a limit', { path: '/internal', rateLimit: { limit: 1, windowSeconds: 600 } }, 429],
  ]

  test.each(rules)('%s', async (_, rule, status) => {
    const url = await gateway([{ path: '/' }, rule])
    // what is left of a limit is used up
    await ask(url, '/internal')
    for (const target of ['/internal', '/internal/x', '/%69nternal', '/x/../internal', '/x/%2e%2E/internal/'])
      expect([target, (await ask(url, target)).status]).toEqual([target, status])
    const seen = await Promise.all(escapes.map(async (target) => [target, (await ask(url, target)).status]))
    expect(seen.filter(([, got]) => got !== 400 && got !== status)).toEqual([])
  })

  test('nor does one out of a rule into that of a shorter path', async () => {
    const url = await gateway([{ path: '/', rateLimit: { limit: 100, windowSeconds: 600 } }, { path: '/free' }])
    for (const target of ['/free/..;/x', '/free/..%2fx', '/free/%252e%252e/x'])
      expect([target, (await ask(url, target)).status]).toEqual([target, 400])
    expect(await ask(url, '/free/a%2Fb;c//d')).toMatchObject({ status: 200 })
  })

  test('nor to other servers', async () => {
    const { url: other } = await backend((c) => c.text('other'))
    const { url: app } = await backend((c) => c.text('app'))
    const { url } = await start({
      upstreams: { app: { servers: [app] }, other: { servers: [other] } },
      compression: false,
      routes: [
        { path: '/', proxy: 'app' },
        { path: '/other', proxy: 'other' },
      ],
    })
    expect(await ask(url, '/other/x')).toEqual({ status: 200, content: 'other' })
    expect(await ask(url, '//other/x')).toMatchObject({ status: 400 })
  })

  test('what can be read in more ways than are worth it is refused', async () => {
    const url = await gateway([{ path: '/' }, { path: '/internal', deny: ['127.0.0.1'] }])
    expect(await ask(url, long(2048))).toMatchObject({ status: 200 })
    expect(await ask(url, long(2049))).toMatchObject({ status: 400 })
    expect(await ask(url, `/${'a'.repeat(4000)}`)).toMatchObject({ status: 200 })
  })
})

/** A path of so many characters that may be read in several ways. */
function long(length: number): string {
  return `/${'a;'.repeat(length / 2)}`.slice(0, length)
}

describe('the path goes on as it was sent', () => {
  const octets = [
    '%2B',
    '%3B',
    '%26',
    '%3D',
    '%3A',
    '%40',
    '%2C',
    '%5B',
    '%7C',
    '%2b',
    '+',
    ';',
    '&',
    '=',
    ':',
    '@',
    ',',
  ]
  const targets = [
    ...octets.map((octet) => `/api/a${octet}b`),
    '/api/%61%7e~%7E',
    '/api/%E2%82%AC',
    '/api/a%2Fb',
    '/api/a%5Cb',
    '/api//a//',
    '/api/%25%32%35',
    '/%61pi/x',
    '/api',
    '/api/',
    '/api?a=%2B&b=/../c',
    '/api/a%20b?q=%zz',
  ]

  test.each([
    ['below a route', { path: '/api' }, ''],
    ['to a server that has all', { path: '/' }, ''],
    ['without the prefix', { path: '/api', strip: true }, '/api'],
  ])('%s', async (_, route, prefix) => {
    const url = await gateway([route])
    const seen = await Promise.all(targets.map(async (target) => (await ask(url, target)).content))
    const taken = (target: string): string => {
      const rest = target.replace('/%61pi', '/api').slice(prefix.length)
      return rest.startsWith('/') ? rest : `/${rest}`
    }
    expect(seen).toEqual(targets.map((target) => (prefix === '' ? target : taken(target))))
  })

  test('but for dot segments, which would lead out of where the server has its files', async () => {
    const { url: app } = await backend((c) => c.text(c.target))
    const config = { upstreams: { app: { servers: [`${app}/base`] } }, compression: false }
    const { url } = await start({ ...config, routes: [{ path: '/', proxy: 'app' }] })
    const seen = ['/../x', '/a/%2E%2e/%2B', '/./a/.', '/...', '/a/..'].map(
      async (target) => (await ask(url, target)).content,
    )
    expect(await Promise.all(seen)).toEqual(['/base/x', '/base/%2B', '/base/a/', '/base/...', '/base/'])
  })
})
