import { HttpError } from '@spillway/core'
import { type CookieOptions, type Cookies, cookies } from '@spillway/middleware/cookies'
import { router } from '@spillway/middleware/router'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { setCookieValue } from '../src/lib/cookies/set-cookie.ts'
import { send, start } from './server.ts'

const oldSecret = 'the former secret, of 32 bytes or more'
const secret = 'the secret of today, 32 bytes or more'

describe('a cookie', () => {
  test('is sent with strict attributes unless told otherwise', () => {
    expect(setCookieValue('a', 'b')).toBe('a=b; Path=/; HttpOnly; Secure; SameSite=Lax')
    const loose = { path: '/x', httpOnly: false, secure: false, sameSite: 'strict', maxAge: 60 } as const
    expect(setCookieValue('a', 'b', loose)).toBe('a=b; Max-Age=60; Path=/x; SameSite=Strict')
    const embedded = { sameSite: 'none', partitioned: true, domain: 'example.com' } as const
    expect(setCookieValue('a', 'b', embedded)).toBe(
      'a=b; Domain=example.com; Path=/; HttpOnly; Secure; Partitioned; SameSite=None',
    )
  })

  test('has its value encoded', () => {
    expect(setCookieValue('a', 'ö; b="c",\\ \r\n')).toMatch(/^a=%C3%B6%3B%20b%3D%22c%22%2C%5C%20%0D%0A;/)
  })

  // CVE-2026-56762, CVE-2026-47675, CVE-2024-47764: every part of it, not only the value
  test.each<[string, string, CookieOptions]>([
    ['a name with a semicolon', 'a;b', {}],
    ['a name with a line break', 'a\r\nSet-Cookie: b', {}],
    ['a name with an equals sign', 'a=b', {}],
    ['an empty name', '', {}],
    ['a name that is not ASCII', 'ä', {}],
    ['a path with a semicolon', 'a', { path: '/; Domain=evil.example' }],
    ['a path with a line break', 'a', { path: '/\r\nX: y' }],
    ['a path without a slash', 'a', { path: 'x' }],
    ['a domain with a semicolon', 'a', { domain: 'example.com; Secure' }],
    ['an empty domain', 'a', { domain: '' }],
    ['a SameSite of its own', 'a', { sameSite: 'lax; x' as 'lax' }],
    ['a Max-Age that is no number', 'a', { maxAge: '1; x' as unknown as number }],
  ])('is refused with %s', (_, name, options) => {
    expect(() => setCookieValue(name, 'v', options)).toThrow(TypeError)
  })

  test.each([1.5, NaN, -1])('is refused with %d as Max-Age', (maxAge) => {
    expect(() => setCookieValue('a', 'v', { maxAge })).toThrow(RangeError)
  })

  test.each([
    [34_559_999, 34_559_999],
    [34_560_000, 34_560_000],
    [34_560_001, 34_560_000],
  ])('of %i seconds is asked to be kept for %i, as long as browsers keep one', (maxAge, kept) => {
    expect(setCookieValue('a', 'v', { maxAge })).toContain(`; Max-Age=${kept};`)
  })

  // What a browser would drop without a word (RFC 6265bis §5.7).
  test.each<[string, CookieOptions]>([
    ['__Host-a', { path: '/x' }],
    ['__Host-a', { domain: 'example.com' }],
    ['__Host-a', { secure: false }],
    ['__hOSt-a', { secure: false }],
    ['__Secure-a', { secure: false }],
    ['__SECURE-a', { secure: false }],
    ['__Http-a', { secure: false }],
    ['__Http-a', { httpOnly: false }],
    ['__Host-Http-a', { httpOnly: false }],
    ['__host-HTTP-a', { path: '/x' }],
    ['__Host-Http-a', { domain: 'example.com' }],
    ['a', { sameSite: 'none', secure: false }],
    ['a', { partitioned: true, secure: false }],
  ])('%s is refused with %o', (name, options) => {
    expect(() => setCookieValue(name, 'v', options)).toThrow(TypeError)
  })

  test('with a prefix is accepted when it keeps its promise', () => {
    expect(setCookieValue('__Host-a', 'v')).toContain('__Host-a=v; Path=/;')
    expect(setCookieValue('__Http-a', 'v', { path: '/x' })).toContain('HttpOnly')
    expect(setCookieValue('__Host-Http-a', 'v')).toContain('HttpOnly')
    expect(setCookieValue('__Secure-a', 'v', { domain: 'example.com', path: '/x' })).toContain('Domain=example.com')
  })

  test('that browsers would drop for its size is refused', () => {
    expect(setCookieValue('a', 'v'.repeat(4094))).toHaveLength(4096 + '; Path=/; HttpOnly; Secure; SameSite=Lax'.length)
    expect(() => setCookieValue('a', 'v'.repeat(4095))).toThrow(/4096/)
  })
})

describe('cookies', () => {
  const app = router()
    .use(cookies())
    .get('/get', (c) => c.json(c.state.cookies.get('a') ?? null))
    .get('/set', (c) => {
      c.state.cookies.set('a', '1')
      c.state.cookies.set('b', '2', { secure: false })
      c.state.cookies.set('a', '3')
      c.state.cookies.delete('c', { path: '/c' })
      return new Response('a fetch response')
    })
    .get('/fail', (c) => {
      c.state.cookies.delete('a')
      throw new HttpError(401)
    })
    .get('/bad', (c) => {
      c.state.cookies.set('a', 'x', { path: c.search })
      return c.text('never')
    })

  const given = async (...lines: string[]): Promise<unknown> => {
    const { content } = await send(
      await start(app),
      'GET',
      '/get',
      lines.map((line) => `Cookie: ${line}`),
    )
    return JSON.parse(content.toString())
  }

  test.each([
    ['a=1', '1'],
    ['b=2; a=1', '1'],
    ['b=2;a=1;c=3', '1'],
    ['a=1; a=2', '1'],
    ['a=%C3%B6', 'ö'],
    ['a=%', '%'],
    ['a=x=y', 'x=y'],
    ['a=', ''],
    ['b; a=1', '1'],
    ['A=1', null],
    ['aa=1', null],
    ['', null],
    ['__proto__=1; toString=2', null],
  ])('reads %s', async (line, value) => {
    expect(await given(line)).toBe(value)
  })

  test('reads several lines as one, as HTTP/2 may split them', async () => {
    expect(await given('b=2', 'a=1')).toBe('1')
  })

  test('names of the prototype are not there', async () => {
    const names = router()
      .use(cookies())
      .get('/', (c) => c.json(['__proto__', 'toString', 'constructor'].map((n) => c.state.cookies.get(n) ?? null)))
    const { content } = await send(await start(names), 'GET', '/')
    expect(JSON.parse(content.toString())).toEqual([null, null, null])
  })

  test('takes linear time', async () => {
    const line = '='.repeat(30) + ';a'.repeat(6000)
    expect(await given(line)).toBe(null)
  })

  test('sets each name once, on replies of every kind', async () => {
    const response = await fetch(`${(await start(app)).url}/set`)
    expect(response.headers.getSetCookie()).toEqual([
      'a=3; Path=/; HttpOnly; Secure; SameSite=Lax',
      'b=2; Path=/; HttpOnly; SameSite=Lax',
      'c=; Max-Age=0; Path=/c; HttpOnly; Secure; SameSite=Lax',
    ])
  })

  test('sends what was set with the reply to an error, too', async () => {
    const response = await fetch(`${(await start(app)).url}/fail`)
    expect(response.status).toBe(401)
    expect(response.headers.getSetCookie()).toEqual(['a=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'])
  })

  test('says nothing when nothing was set', async () => {
    expect((await send(await start(app), 'GET', '/get')).headers.has('set-cookie')).toBe(false)
  })

  test('what is not valid is the application’s error, and nothing of it is sent', async () => {
    const server = await start(app, { onError: (_, c) => c?.text('sorry', 500) })
    const { status, headers } = await send(server, 'GET', '/bad?;x')
    expect([status, headers.has('set-cookie')]).toEqual([500, false])
  })
})

const signing = (secrets: string | [string, ...string[]]) =>
  router()
    .use(cookies({ secrets }))
    .get('/set', (c) => {
      c.state.cookies.signed.set('user', 'ali.b=ö')
      return c.text('set')
    })
    .get('/get', (c) =>
      c.json([c.state.cookies.signed.get('user') ?? null, c.state.cookies.signed.get('other') ?? null]),
    )

const make = async (secrets: string): Promise<string> => {
  const [cookie = ''] = (await fetch(`${(await start(signing(secrets))).url}/set`)).headers.getSetCookie()
  return cookie.slice(0, cookie.indexOf(';'))
}
const read = async (secrets: string | [string, ...string[]], cookie: string): Promise<unknown> =>
  JSON.parse((await send(await start(signing(secrets)), 'GET', '/get', [`Cookie: ${cookie}`])).content.toString())

describe('signed cookies', () => {
  test('come back as they were set', async () => {
    expect(await read(secret, await make(secret))).toEqual(['ali.b=ö', null])
  })

  test('are accepted after a change of keys, until the former key is taken out', async () => {
    const cookie = await make(oldSecret)
    expect(await read([secret, oldSecret], cookie)).toEqual(['ali.b=ö', null])
    expect(await read(secret, cookie)).toEqual([null, null])
  })

  test('are nothing when they were changed, shortened, renamed or never signed', async () => {
    const cookie = await make(secret)
    const changes = [
      cookie.replace('ali', 'eve'),
      cookie.slice(0, -1),
      cookie.slice(0, -10),
      `${cookie}A`,
      'user=ali',
      'user=.',
      'user=ali.',
    ]
    for (const changed of changes) expect([changed, await read(secret, changed)]).toEqual([changed, [null, null]])
    expect(await read(secret, cookie.replace('user', 'other'))).toEqual([null, null])
  })

  test('need a secret worth the name', () => {
    expect(() => cookies({ secrets: 'short' })).toThrow(/32 bytes/)
    expect(() => cookies({ secrets: [secret, 'short'] })).toThrow(TypeError)
    expect(() => cookies({ secrets: [] as unknown as [string] })).toThrow(TypeError)
  })

  test('are known to the compiler only with a secret', () => {
    router()
      .use(cookies())
      // @ts-expect-error there is no secret
      .get('/', (c) => c.json(c.state.cookies.signed))
    router()
      .use(cookies({ secrets: secret }))
      .get('/', (c) => {
        expectTypeOf(c.state.cookies.signed.get('a')).toEqualTypeOf<string | undefined>()
        return c.empty()
      })
  })
})

async function told(set: (jar: Cookies) => void): Promise<string[]> {
  const app = router()
    .use(cookies())
    .get('/', (c) => {
      set(c.state.cookies)
      return c.empty()
    })
  return (await fetch((await start(app)).url)).headers.getSetCookie()
}

describe('a reply sets every cookie that browsers tell apart', () => {
  test('by name, domain and path', async () => {
    const values = await told((jar) => {
      jar.set('a', '1')
      jar.set('a', '2', { path: '/x' })
      jar.set('a', '3', { domain: 'example.com' })
      jar.set('a', '4', { domain: 'sub.example.com', path: '/x' })
      jar.set('a', '5', { partitioned: true, sameSite: 'none' })
      jar.set('A', '6')
    })
    expect(values.map((value) => value.split(';')[0])).toEqual(['a=1', 'a=2', 'a=3', 'a=4', 'a=5', 'A=6'])
  })

  test('and the last one of those that are the same', async () => {
    const values = await told((jar) => {
      jar.set('a', '1', { domain: '.Example.com', maxAge: 5 })
      jar.set('b', '1')
      jar.set('a', '2', { domain: 'example.com', secure: false, sameSite: 'strict' })
      jar.delete('b')
    })
    expect(values).toEqual([
      expect.stringMatching(/^a=2; Domain=example.com; Path=/),
      expect.stringMatching(/^b=; Max-Age=0/),
    ])
  })

  test('and who sets one when the reply has begun is told that it is too late', async () => {
    let late: unknown
    const app = router()
      .use(async (c, next) => {
        const reply = await next()
        try {
          ;(c.state as { cookies: Cookies }).cookies.set('late', '1')
        } catch (error) {
          late = error
        }
        return reply
      })
      .use(cookies())
      .get('/', (c) => c.json(c.state.cookies.all()))
    const reply = await fetch((await start(app)).url, { headers: { cookie: 'a=1; b=%C3%B6; a=2' } })
    expect(await reply.json()).toEqual({ a: '1', b: 'ö' })
    expect(reply.headers.getSetCookie()).toEqual([])
    expect(String(late)).toContain('the reply has begun')
  })
})
