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
  test('lets a valid token, with its claims', async () => {
    const { status, content } = await ask(options, await token({ role: 'admin' }).sign(secret))
    expect([status, JSON.parse(content.toString())]).toMatchObject([200, { sub: 'ali', role: 'admin' }])
  })

  test('asks when there is none', async () => {
    const { status, headers } = await ask(options)
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="restricted"'])
  })

  test.each<[string, () => Promise<string> | string]>([
    ['expired', () => token({}, Math.floor(Date.now() / 1000) - 1).sign(secret)],
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
})
