import { HttpError } from '@spillway/core'
import { type CorsOptions, cors } from '@spillway/middleware/cors'
import { router } from '@spillway/middleware/router'
import { describe, expect, test } from 'vitest'
import { send, start } from './server.ts'
import type { WireReply } from './wire.ts'

const good = 'https://app.example'

async function ask(options: CorsOptions, method: string, fields: string[], path = '/'): Promise<WireReply> {
  const app = router()
    .use(cors(options))
    .get('/', (c) => c.text('read'))
    .put('/', (c) => c.text('written'))
    .get('/vary', (c) => c.text('x', { headers: { Vary: 'Accept' } }))
    .get('/fail', () => {
      throw new HttpError(409, 'no')
    })
    .get('/broken', () => {
      throw new Error('broken')
    })
  return send(await start(app, { onError: () => undefined }), method, path, fields)
}

const allowed = (reply: WireReply): string | undefined => reply.headers.get('access-control-allow-origin')
const preflight = (origin: string, ...more: string[]) => [
  `Origin: ${origin}`,
  'Access-Control-Request-Method: PUT',
  ...more,
]

const origins = (origin: string): boolean => origin.endsWith('.app.example')

describe('cors', () => {
  test('lets a listed origin read, and says that the reply depends on it', async () => {
    const reply = await ask({ origins: [good], exposeHeaders: ['X-Total', 'ETag'] }, 'GET', [`Origin: ${good}`])
    expect(allowed(reply)).toBe(good)
    expect(reply.headers.get('vary')).toBe('Origin')
    expect(reply.headers.get('access-control-expose-headers')).toBe('X-Total, ETag')
    expect(reply.headers.has('access-control-allow-credentials')).toBe(false)
  })

  test.each([
    'https://evil.example',
    'https://app.example.evil.example',
    'https://evilapp.example',
    'http://app.example',
    'https://app.example:8443',
    'https://APP.example',
    'null',
    `${good}/`,
    `${good}, ${good}`,
  ])('does not let %s', async (origin) => {
    const options = { origins: [good], credentials: true }
    const reply = await ask(options, 'GET', [`Origin: ${origin}`])
    expect([reply.status, allowed(reply), reply.headers.get('vary')]).toEqual([200, undefined, 'Origin'])
    const asked = await ask(options, 'OPTIONS', preflight(origin))
    expect([asked.status, allowed(asked), asked.headers.get('access-control-allow-methods')]).toEqual([
      204,
      undefined,
      undefined,
    ])
  })

  test('says that the reply depends on the origin even when there is none, or a cache would mix them up', async () => {
    expect((await ask({ origins: [good] }, 'GET', [])).headers.get('vary')).toBe('Origin')
  })

  test('adds to the reply’s Vary, and takes nothing from the request’s', async () => {
    expect((await ask({ origins: [good] }, 'GET', ['Vary: x', `Origin: ${good}`], '/vary')).headers.get('vary')).toBe(
      'Accept, Origin',
    )
  })

  test('lets everybody with *, and nobody needs to know who asked', async () => {
    const reply = await ask({ origins: '*' }, 'GET', ['Origin: https://anybody.example'])
    expect([allowed(reply), reply.headers.has('vary')]).toEqual(['*', false])
  })

  test('lets a function decide', async () => {
    expect(allowed(await ask({ origins, credentials: true }, 'GET', ['Origin: https://a.app.example']))).toBe(
      'https://a.app.example',
    )
    expect(allowed(await ask({ origins, credentials: true }, 'GET', ['Origin: https://b.example']))).toBe(undefined)
  })

  test('lets a function decide later, preflights too', async () => {
    const later = async (origin: string): Promise<boolean> => (await Promise.resolve(origin)) === good
    for (const [origin, expected] of [
      [good, good],
      ['https://b.example', undefined],
    ] as const) {
      const reply = await ask({ origins: later, credentials: true }, 'GET', [`Origin: ${origin}`])
      expect([allowed(reply), reply.headers.get('vary')]).toEqual([expected, 'Origin'])
      const before = await ask({ origins: later }, 'OPTIONS', preflight(origin))
      expect([before.status, allowed(before)]).toEqual([204, expected])
    }
    const reply = await ask({ origins: () => Promise.reject(new Error('no database')) }, 'GET', [`Origin: ${good}`])
    expect([reply.status, allowed(reply)]).toEqual([500, undefined])
  })

  test('takes nothing but true or false from the function: anything else would be a yes to everybody', async () => {
    for (const answer of ['no', 1, undefined, Promise.resolve('no')]) {
      const odd = (() => answer) as unknown as () => boolean
      const reply = await ask({ origins: odd, credentials: true }, 'GET', [`Origin: ${good}`])
      expect([reply.status, allowed(reply)]).toEqual([500, undefined])
    }
  })

  test.each(['methods', 'allowHeaders', 'exposeHeaders'] as const)('refuses * for %s with credentials', (name) => {
    expect(() => cors({ origins: [good], credentials: true, [name]: ['*'] })).toThrow(TypeError)
    expect(() => cors({ origins: [good], [name]: ['*'] })).not.toThrow()
  })

  test('answers a preflight with 204, and the handler hears nothing of it', async () => {
    const reply = await ask(
      { origins: [good], credentials: true, maxAge: 5 },
      'OPTIONS',
      preflight(good, 'Access-Control-Request-Headers: x-a'),
    )
    expect([reply.status, reply.content.length]).toEqual([204, 0])
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      'access-control-allow-origin': good,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'Content-Type, Authorization',
      'access-control-max-age': '5',
      vary: 'Origin',
    })
  })

  test('an OPTIONS that is no preflight goes on', async () => {
    const reply = await ask({ origins: [good] }, 'OPTIONS', [`Origin: ${good}`])
    expect([reply.status, reply.headers.get('allow')]).toEqual([204, expect.stringContaining('PUT')])
    expect(allowed(reply)).toBe(good)
  })

  test('lets scripts see errors', async () => {
    for (const [path, status] of [
      ['/fail', 409],
      ['/broken', 500],
      ['/none', 404],
    ] as const) {
      const reply = await ask({ origins: [good] }, 'GET', [`Origin: ${good}`], path)
      expect([reply.status, allowed(reply), reply.headers.get('vary')]).toEqual([status, good, 'Origin'])
    }
  })

  test('takes linear time, whatever is asked for', async () => {
    const long = `Access-Control-Request-Headers: ${', '.repeat(8000)}x`
    expect((await ask({ origins: [good] }, 'OPTIONS', preflight(good, long))).status).toBe(204)
  })

  test.each<[string, CorsOptions]>([
    ['credentials for everybody', { origins: '*', credentials: true }],
    ['a star among origins', { origins: ['*'] }],
    ['null as origin', { origins: ['null'] }],
    ['a path behind the origin', { origins: [`${good}/`] }],
    ['a default port', { origins: [`${good}:443`] }],
    ['a host without a scheme', { origins: ['app.example'] }],
    ['a field name with a line break', { origins: [good], exposeHeaders: ['a\r\nb'] }],
    ['a method that is none', { origins: [good], methods: ['GET, PUT'] }],
  ])('refuses %s when it is made', (_, options) => {
    expect(() => cors(options)).toThrow(TypeError)
  })

  test('refuses a negative age when it is made', () => {
    expect(() => cors({ origins: [good], maxAge: -1 })).toThrow(RangeError)
  })
})
