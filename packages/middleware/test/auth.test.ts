import { basicAuth, bearerAuth, sameText } from '@spillway/middleware/auth'
import { wrap } from '@spillway/middleware'
import { router } from '@spillway/middleware/router'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { send, start } from './server.ts'
import type { WireReply } from './wire.ts'

interface User {
  name: string
}

const basic = basicAuth<User>({
  realm: 'the "back" \\ office',
  verify: (name, password) => (sameText(name, 'ali') && sameText(password, 'sé:same') ? { name } : undefined),
})
const bearer = bearerAuth<User>({
  verify: async (token) => (sameText(token, 'secret-token') ? { name: 'machine' } : undefined),
})
const app = router()
  .group('/basic', (g) => g.use(basic).get('/', (c) => c.text(c.state.user.name)))
  .group('/bearer', (g) => g.use(bearer).get('/', (c) => c.text(c.state.user.name)))

const ask = async (path: string, ...authorization: string[]): Promise<WireReply> =>
  send(
    await start(app),
    'GET',
    path,
    authorization.map((value) => `Authorization: ${value}`),
  )
const base64 = (text: string | Buffer): string => Buffer.from(text as string).toString('base64')

describe('sameText', () => {
  test.each([
    ['', '', true],
    ['a', 'a', true],
    ['ä', 'ä', true],
    ['a', 'b', false],
    ['a', 'aa', false],
    ['', 'a', false],
  ])('%j %j: %s', (a, b, same) => {
    expect(sameText(a, b)).toBe(same)
  })
})

describe('basicAuth', () => {
  test('lets in whomever verify knows, in UTF-8 and with colons in the password', async () => {
    for (const scheme of ['Basic', 'basic', 'BASIC']) {
      const reply = await ask('/basic', `${scheme} ${base64('ali:sé:same')}`)
      expect([reply.status, reply.content.toString()]).toEqual([200, 'ali'])
    }
  })

  test.each([
    ['nothing'],
    ['a wrong password', `Basic ${base64('ali:guess')}`],
    ['a wrong name', `Basic ${base64('eve:sé:same')}`],
    ['another scheme', `Bearer ${base64('ali:sé:same')}`],
    ['no credentials', 'Basic'],
    ['no credentials, with a space', 'Basic '],
    ['no colon', `Basic ${base64('ali')}`],
    ['what is not base64', 'Basic ali:sé:same'],
    ['base64 with something in it', `Basic ${base64('ali:sé:same')}!`],
    ['latin1', `Basic ${base64(Buffer.from('ali:sé:same', 'latin1'))}`],
    ['a control character', `Basic ${base64('ali:sé:same\0')}`],
    ['credentials twice', `Basic ${base64('ali:sé:same')}`, `Basic ${base64('ali:sé:same')}`],
  ])('asks again for %s', async (_, ...authorization) => {
    const reply = await ask('/basic', ...authorization)
    expect(reply.status).toBe(401)
    expect(reply.headers.get('www-authenticate')).toBe('Basic realm="the \\"back\\" \\\\ office", charset="UTF-8"')
    expect(reply.content.toString()).not.toContain('ali')
  })

  test('guards every path below, found or not', async () => {
    expect((await ask('/basic/none')).status).toBe(401)
  })

  test('a realm that cannot be sent is refused when it is made', () => {
    expect(() => basicAuth({ realm: 'a\r\nb', verify: () => undefined })).toThrow(TypeError)
    expect(() => bearerAuth({ realm: 'ä', verify: () => undefined })).toThrow(TypeError)
  })
})

describe('bearerAuth', () => {
  test('lets in whomever verify knows', async () => {
    const reply = await ask('/bearer', 'bearer secret-token')
    expect([reply.status, reply.content.toString()]).toEqual([200, 'machine'])
  })

  // RFC 6750 §3.1: no error is named when there were no credentials
  test.each<[string, number, string, ...string[]]>([
    ['nothing', 401, 'Bearer realm="restricted"'],
    ['another scheme', 401, 'Bearer realm="restricted"', 'Basic YTpi'],
    ['a wrong token', 401, 'Bearer realm="restricted", error="invalid_token"', 'Bearer guess'],
    ['an empty token', 400, 'Bearer realm="restricted", error="invalid_request"', 'Bearer'],
    ['a token with a space', 400, 'Bearer realm="restricted", error="invalid_request"', 'Bearer secret-token x'],
    ['two tokens', 400, 'Bearer realm="restricted", error="invalid_request"', 'Bearer a', 'Bearer b'],
    ['padding alone', 400, 'Bearer realm="restricted", error="invalid_request"', 'Bearer =='],
  ])('%s: %i', async (_, status, challenge, ...authorization) => {
    const reply = await ask('/bearer', ...authorization)
    expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([status, challenge])
  })

  test('does not look for tokens anywhere else', async () => {
    expect((await ask('/bearer?access_token=secret-token')).status).toBe(401)
  })

  // What backtracks takes minutes for the values of these tests, beyond their time limit.
  test('takes linear time', async () => {
    expect((await ask('/bearer', `Bearer ${'='.repeat(15_000)}!`)).status).toBe(400)
  })
})

describe('verify', () => {
  /** What databases hand out: not a promise, though it can be awaited. */
  class Query {
    readonly #user: unknown
    constructor(user: unknown) {
      this.#user = user
    }
    // eslint-disable-next-line unicorn/no-thenable -- that is the point
    then(found: (user: unknown) => void): void {
      found(this.#user)
    }
  }

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['false', false],
    ['a promise of null', Promise.resolve(null)],
    ['a query that finds nothing', new Query(undefined)],
    ['a query that finds null', new Query(null)],
  ])('says that it is nobody: %s', async (_, nobody) => {
    const verify = (): undefined => nobody as undefined
    for (const [guard, credentials] of [
      [basicAuth({ verify }), `Basic ${base64('a:b')}`],
      [bearerAuth({ verify }), 'Bearer a'],
    ] as const) {
      const server = await start(wrap([guard], (c) => c.text('in')))
      expect((await send(server, 'GET', '/', [`Authorization: ${credentials}`])).status).toBe(401)
    }
  })

  test('says who it is, later, through anything that can be awaited', async () => {
    const guard = bearerAuth({ verify: () => new Query({ name: 'ali' }) as unknown as Promise<User> })
    const server = await start(wrap([guard], (c) => c.text(c.state.user.name)))
    expect((await send(server, 'GET', '/', ['Authorization: Bearer a'])).content.toString()).toBe('ali')
  })

  test('may fail, and that is the application’s error', async () => {
    const failing = [
      () => {
        throw new Error('no database')
      },
      () => Promise.reject(new Error('no database')),
    ]
    for (const verify of failing) {
      const server = await start(
        wrap([basicAuth({ verify })], (c) => c.text('in')),
        { onError: (error, c) => c!.text((error as Error).message, 500) },
      )
      const reply = await send(server, 'GET', '/', [`Authorization: Basic ${base64('a:b')}`])
      expect([reply.status, reply.content.toString()]).toEqual([500, 'no database'])
    }
  })
})

test('the user is typed', () => {
  router()
    .use(basic)
    .get('/', (c) => {
      expectTypeOf(c.state.user).toEqualTypeOf<User>()
      return c.empty()
    })
})

describe('where requests without a user are answered, too', () => {
  const people = basicAuth<User>({ optional: true, verify: (name) => (name === 'ali' ? { name } : undefined) })
  const machines = bearerAuth<User>({
    optional: true,
    scheme: 'Token',
    from: [{ query: 'key' }, 'authorization', { cookie: '__Host-key' }, (c) => c.headers.get('x-api-key') ?? undefined],
    verify: (token) => (token === 'machine' ? { name: token } : undefined),
  })
  const both = router()
    .group('/basic', (g) =>
      g.use(people).get('/', (c) => {
        expectTypeOf(c.state.user).toEqualTypeOf<User | undefined>()
        return c.text(c.state.user?.name ?? 'nobody')
      }),
    )
    .group('/bearer', (g) => g.use(machines).get('/', (c) => c.text(c.state.user?.name ?? 'nobody')))

  test.each<[string, string, ...string[]]>([
    ['/basic', '200 nobody'],
    ['/basic', '200 nobody', 'Authorization: Bearer x'],
    ['/basic', '200 ali', `Authorization: Basic ${base64('ali:x')}`],
    ['/basic', '401', `Authorization: Basic ${base64('eve:x')}`],
    ['/basic', '401', 'Authorization: Basic ???'],
    ['/bearer', '200 nobody'],
    ['/bearer?key=', '200 nobody'],
    ['/bearer?key=machine', '200 machine'],
    ['/bearer?key=other', '401'],
    ['/bearer?key=machine&key=other', '200 nobody'],
    ['/bearer', '200 machine', 'Authorization: TOKEN machine'],
    ['/bearer', '200 nobody', 'Authorization: Bearer machine'],
    ['/bearer', '400', 'Authorization: Token m$chine'],
    ['/bearer', '200 machine', 'Cookie: __Host-key=machine'],
    ['/bearer', '401', 'Cookie: __Host-key=m$chine'],
    ['/bearer', '200 machine', 'X-API-Key: machine'],
  ])('%s is %s', async (target, expected, ...fields) => {
    const { status, content } = await send(await start(both), 'GET', target, fields)
    expect(`${status} ${content.toString()}`).toMatch(new RegExp(`^${expected}`))
  })

  test.each([
    ['a scheme that is no token', { scheme: 'a b' }],
    ['no place at all', { from: [] }],
    ['a place of another kind', { from: ['cookie'] }],
    ['two places in one', { from: [{ cookie: 'a', query: 'b' }] }],
  ])('refuses %s when it is made', (_, options) => {
    expect(() => bearerAuth({ verify: () => undefined, ...(options as object) })).toThrow(TypeError)
  })
})
