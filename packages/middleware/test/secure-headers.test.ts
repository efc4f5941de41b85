import { secureHeaders } from '@spillway/middleware/secure-headers'
import { router } from '@spillway/middleware/router'
import { Reply } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { describe, expect, test } from 'vitest'
import { send, start } from './server.ts'
import type { WireReply } from './wire.ts'

const ask = async (options = {}, path = '/'): Promise<WireReply> => {
  const app = router()
    .use(secureHeaders(options))
    .get('/', (c) => c.html(`<script nonce="${c.state.nonce}">run()</script>`))
    .get('/own', (c) => c.text('x', { headers: { 'Referrer-Policy': 'no-referrer' } }))
    .get('/same', (c) => c.empty(304))
    .get(
      '/same-own',
      () => new Reply(null, { status: 304, headers: { 'Content-Security-Policy': "script-src 'nonce-a'" } }),
    )
    .get('/broken', () => {
      throw new Error('broken')
    })
  return send(await start(app, { onError: () => undefined }), 'GET', path)
}

const overTls = (secure: boolean): string => {
  const client = testServer(
    router()
      .use(secureHeaders())
      .get('/', (c) => c.text('')),
  ).connect({ secure })
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  return client.received
}

describe('secureHeaders', () => {
  test('sends a strict policy with the nonce of the page', async () => {
    const { headers, content } = await ask()
    const nonce = /nonce="([A-Za-z\d+/]{22}==)"/.exec(content.toString())![1]!
    expect(headers.get('content-security-policy')).toBe(
      `default-src 'self'; script-src 'nonce-${nonce}' 'strict-dynamic'; style-src 'self' 'nonce-${nonce}'; ` +
        `img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
    )
    expect(Object.fromEntries(headers)).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'origin-agent-cluster': '?1',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
      'referrer-policy': 'strict-origin-when-cross-origin',
      'x-content-type-options': 'nosniff',
    })
  })

  test.each(['/same', '/same-own'])(
    'says nothing of nonces in a 304: the page that is stored has its own (%s)',
    async (path) => {
      const reportOnly = { 'script-src': "'nonce'", 'report-to': 'default' }
      const { status, headers } = await ask({ reportOnly }, path)
      expect(status).toBe(304)
      expect([...headers.keys()].filter((name) => name.startsWith('content-security'))).toEqual([])
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      const plain = { 'script-src': "'self'", 'style-src': "'self'" }
      expect((await ask({ csp: plain }, '/same')).headers.get('content-security-policy')).toContain("script-src 'self'")
    },
  )

  test('tries a policy out that only reports, with the same nonce', async () => {
    const reportOnly = { 'script-src': "'nonce'", 'report-to': 'default', 'img-src': false as const }
    const { headers, content } = await ask({ reportOnly, fields: { 'Reporting-Endpoints': 'default="/reports"' } })
    const nonce = /nonce="([^"]+)"/.exec(content.toString())![1]!
    expect(headers.get('content-security-policy-report-only')).toBe(`script-src 'nonce-${nonce}'; report-to default`)
    expect(headers.get('content-security-policy')).toContain(nonce)
    expect(headers.get('reporting-endpoints')).toBe('default="/reports"')
    expect(() => secureHeaders({ reportOnly: { 'script-src': 'a; b' } })).toThrow(TypeError)
  })

  test('never uses a nonce twice', async () => {
    const nonces = new Set<string>()
    const app = router()
      .use(secureHeaders())
      .get('/', (c) => c.text(String(nonces.add(c.state.nonce).size)))
    const client = testServer(app).connect()
    for (let i = 0; i < 1000; i++) client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(nonces.size).toBe(1000)
  })

  test('sends HSTS over TLS, and there only', () => {
    expect(overTls(true)).toContain('Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n')
    expect(overTls(false)).not.toContain('Strict-Transport-Security')
  })

  test('leaves what the handler has said', async () => {
    expect((await ask({}, '/own')).headers.get('referrer-policy')).toBe('no-referrer')
  })

  test('covers errors and what is not found', async () => {
    for (const path of ['/broken', '/none'])
      expect((await ask({}, path)).headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('changes what it is told to', async () => {
    const { headers } = await ask({
      csp: { 'img-src': "'self' https://cdn.example", 'form-action': false, 'upgrade-insecure-requests': '' },
      fields: { 'Origin-Agent-Cluster': false, 'Cross-Origin-Embedder-Policy': 'require-corp' },
    })
    const policy = headers.get('content-security-policy')!
    expect(policy).toContain("img-src 'self' https://cdn.example; object-src")
    expect(policy).toMatch(/; upgrade-insecure-requests$/)
    expect(policy).not.toContain('form-action')
    expect(headers.has('origin-agent-cluster')).toBe(false)
    expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp')
    expect((await ask({ csp: false })).headers.has('content-security-policy')).toBe(false)
  })

  test.each([
    [{ csp: { 'script-src': "'self'; object-src *" } }],
    [{ csp: { 'script-src': "'self', x" } }],
    [{ csp: { 'Script Src': "'self'" } }],
    [{ csp: { 'script-src': "'self'\r\nX: y" } }],
    [{ hsts: 'max-age=1\n' }],
    [{ fields: { 'X\n': 'y' } }],
    [{ fields: { X: 'y\n' } }],
  ])('refuses %o when it is made', (options) => {
    expect(() => secureHeaders(options)).toThrow(TypeError)
  })
})
