import { type KeyObject, createSecretKey, generateKeyPairSync } from 'node:crypto'
import { type JWTPayload, SignJWT, UnsecuredJWT, createRemoteJWKSet, exportJWK, generateKeyPair } from 'jose'
import { type JwtOptions, jwt } from '@spillway/middleware/jwt'
import { router } from '@spillway/middleware/router'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { send, start } from './server.ts'
import type { WireReply } from './wire.ts'

const secret = new TextEncoder().encode('a secret of 32 bytes at the least')
const options: JwtOptions<JWTPayload> = {
  key: secret,
  algorithms: ['HS256'],
  issuer: 'https://issuer.example',
  audience: 'app',
}

const token = (claims: JWTPayload = {}, exp: number | string | null = '1m', header: object = {}): SignJWT => {
  const made = new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', ...header })
    .setSubject('ali')
    .setIssuer('https://issuer.example')
    .setAudience('app')
  return exp === null ? made : made.setExpirationTime(exp)
}

async function ask<C extends object>(settings: JwtOptions<C>, authorization?: string): Promise<WireReply> {
  const app = router()
    .use(jwt(settings))
    .get('/', (c) => c.json(c.state.claims))
  const server = await start(app, { onError: () => undefined })
  return send(server, 'GET', '/', authorization === undefined ? [] : [`Authorization: Bearer ${authorization}`])
}

const invalid = 'Bearer realm="restricted", error="invalid_token"'

const claims = (payload: JWTPayload): { id: string } | undefined => (payload.sub ? { id: payload.sub } : undefined)

describe('jwt', () => {
  test('lets a valid token in, with its claims', async () => {
    const { status, content } = await ask(options, await token({ role: 'admin' }).sign(secret))
    expect([status, JSON.parse(content.toString())]).toMatchObject([200, { sub: 'ali', role: 'admin' }])
  })

  test('asks when there is none', async () => {
    const { status, headers } = await ask(options)
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="restricted"'])
  })

  test.each<[string, () => Promise<string> | string]>([
    ['not valid yet', () => token().setNotBefore('1m').sign(secret)],
    ['without an expiration', () => token({}, null).sign(secret)],
    ['of another issuer', () => token().setIssuer('https://evil.example').sign(secret)],
    ['for another audience', () => token().setAudience('other').sign(secret)],
    ['of another key', () => token().sign(new TextEncoder().encode('another secret of 32 bytes or more'))],
    ['of another algorithm', () => token({}, '1m', { alg: 'HS512' }).sign(new Uint8Array(64))],
    [
      'without a signature',
      () => new UnsecuredJWT({ aud: 'app' }).setIssuer('https://issuer.example').setExpirationTime('1m').encode(),
    ],
    ['that is none', () => 'abc.def.ghi'],
    ['that is nothing like one', () => 'abc'],
    [
      'with an extension that must be understood',
      () => token({}, '1m', { alg: 'HS256', crit: ['x'], x: 1 }).sign(secret, { crit: { x: true } }),
    ],
  ])('refuses a token %s', async (_, make) => {
    const { status, headers, content } = await ask(options, await make())
    expect([status, headers.get('www-authenticate')]).toEqual([401, invalid])
    expect(content.toString()).toBe('The bearer token is not valid\n')
  })

  test('a public key does not verify what was signed with it as a secret', async () => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true })
    const forged = await token().sign(new TextEncoder().encode(JSON.stringify(await exportJWK(publicKey))))
    expect((await ask({ ...options, key: publicKey, algorithms: ['ES256'] }, forged)).status).toBe(401)
  })

  test('finds keys in a set, and refuses what is in none; a set that cannot be had is the application’s error', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }
    const issuer = await start(router().get('/keys', (c) => c.json({ keys: [jwk] })))
    const signed = (kid: string) => token({}, '1m', { alg: 'ES256', kid }).sign(privateKey)
    const at = (path: string): JwtOptions<JWTPayload> => ({
      ...options,
      key: createRemoteJWKSet(new URL(path, issuer.url)),
      algorithms: ['ES256'],
    })
    expect((await ask(at('/keys'), await signed('one'))).status).toBe(200)
    expect((await ask(at('/keys'), await signed('two'))).status).toBe(401)
    expect((await ask(at('/gone'), await signed('one'))).status).toBe(500)
  })

  test('claims can be read into a type, and refused', async () => {
    const { content } = await ask({ ...options, claims }, await token().sign(secret))
    expect(JSON.parse(content.toString())).toEqual({ id: 'ali' })
    expect((await ask({ ...options, claims }, await token().setSubject('').sign(secret))).status).toBe(401)
    for (const nobody of [null, undefined, Promise.resolve(null)])
      expect((await ask({ ...options, claims: () => nobody }, await token().sign(secret))).status).toBe(401)
    router()
      .use(jwt({ ...options, claims }))
      .get('/', (c) => {
        expectTypeOf(c.state.claims).toEqualTypeOf<{ id: string }>()
        return c.empty()
      })
  })

  test('refuses no algorithm, and a short secret, when it is made', () => {
    expect(() => jwt({ ...options, algorithms: [] as unknown as [string] })).toThrow(TypeError)
    expect(() => jwt({ ...options, key: new Uint8Array(31) })).toThrow(TypeError)
  })

  test('tells what has expired from what was forged', async () => {
    const past = Math.floor(Date.now() / 1000) - 1
    const { status, headers, content } = await ask(options, await token({}, past).sign(secret))
    expect([status, headers.get('www-authenticate')]).toEqual([
      401,
      `${invalid}, error_description="The token has expired"`,
    ])
    expect(content.toString()).toBe('The bearer token has expired\n')
    const forged = await token({}, past).sign(new TextEncoder().encode('another secret of 32 bytes or more'))
    expect((await ask(options, forged)).headers.get('www-authenticate')).toBe(invalid)
  })

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ed = generateKeyPairSync('ed25519')

  test.each<[string, unknown, string[]]>([
    ['a secret of 5 bytes', createSecretKey(Buffer.from('short')), ['HS256']],
    ['a secret of 31 bytes', createSecretKey(Buffer.alloc(31)), ['HS256']],
    ['a short JWK', { kty: 'oct', k: 'c2hvcnQ' }, ['HS256']],
    ['an RSA key of 1024 bits', weak.publicKey, ['RS256']],
    ['an RSA key beside HS256', rsa.publicKey, ['RS256', 'HS256']],
    ['a secret beside RS256', secret, ['HS256', 'RS256']],
    ['a secret for tokens without a signature', secret, ['HS256', 'none']],
    ['a public key for tokens without one', ec.publicKey, ['none']],
    ['a secret for an algorithm that there is not', secret, ['HS257']],
    ['a secret key beside ES256', createSecretKey(Buffer.alloc(32)), ['HS256', 'ES256']],
    ['an elliptic key for RS256', ec.publicKey, ['RS256']],
    ['an Ed25519 key for ES256', ed.publicKey, ['EdDSA', 'ES256']],
  ])('refuses %s when it is made', (_, key, algorithms) => {
    expect(() => jwt({ ...options, key: key as KeyObject, algorithms: algorithms as [string] })).toThrow(TypeError)
  })

  test('refuses WebCrypto keys for other algorithms, too', async () => {
    const { publicKey } = await generateKeyPair('PS256', { extractable: true })
    expect(() => jwt({ ...options, key: publicKey, algorithms: ['PS256', 'HS256'] })).toThrow(TypeError)
    const hmac = await crypto.subtle.importKey('raw', Buffer.alloc(16), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'verify',
    ])
    expect(() => jwt({ ...options, key: hmac, algorithms: ['HS256'] })).toThrow(TypeError)
  })

  test.each<[string, KeyObject | Uint8Array, string[]]>([
    ['32 bytes', createSecretKey(Buffer.alloc(32)), ['HS256', 'HS512']],
    ['RSA', rsa.publicKey, ['RS256', 'PS256', 'RS512']],
    ['EC', ec.publicKey, ['ES256']],
    ['Ed25519', ed.publicKey, ['EdDSA', 'Ed25519']],
  ])('takes %s', (_, key, algorithms) => {
    expect(() => jwt({ ...options, key, algorithms: algorithms as [string] })).not.toThrow()
  })

  test('a key that is found and is none for the algorithm of the token is the token’s fault; a search that fails is not', async () => {
    const signed = await token({}, '1m', { alg: 'HS256' }).sign(secret)
    const settings: JwtOptions<JWTPayload> = { ...options, key: () => rsa.publicKey, algorithms: ['RS256', 'HS256'] }
    expect((await ask(settings, signed)).status).toBe(401)
    const broken = new TypeError('fetch failed')
    expect((await ask({ ...settings, key: () => Promise.reject(broken) }, signed)).status).toBe(500)
  })

  test('a cookie, the query, and another scheme', async () => {
    const signed = await token({ role: 'admin' }).sign(secret)
    const app = router()
      .use(
        jwt({
          ...options,
          scheme: 'Token',
          from: ['authorization', { cookie: 'token' }, { query: 'token' }],
          optional: true,
        }),
      )
      .get('/', (c) => {
        expectTypeOf(c.state.claims).toEqualTypeOf<JWTPayload | undefined>()
        return c.text(String(c.state.claims?.['role']), { headers: { 'Cache-Control': 'public, max-age=60' } })
      })
    const server = await start(app)
    const seen = async (target: string, ...fields: string[]): Promise<string> => {
      const { status, content } = await send(server, 'GET', target, fields)
      return `${status} ${content.toString().trim()}`
    }
    expect(await seen('/', `Authorization: token ${signed}`)).toBe('200 admin')
    expect(await seen('/', `Cookie: token=${signed}`)).toBe('200 admin')
    expect(await seen(`/?token=${signed}`)).toBe('200 admin')
    expect(await seen('/')).toBe('200 undefined')
    expect(await seen('/', `Authorization: Bearer ${signed}`)).toBe('200 undefined')
    expect(await seen('/', 'Authorization: Token abc')).toBe('401 The bearer token is not valid')
    expect(await seen('/', 'Cookie: token=abc')).toBe('401 The bearer token is not valid')
    // What is in a URL is for nobody else (RFC 6750 §2.3).
    expect((await send(server, 'GET', `/?token=${signed}`)).headers.get('cache-control')).toBe('private')
  })
})
