import { type Context, serve } from '@spillway/core'
import { inject } from '@spillway/core/testing'
import { toJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import fastJson from 'fast-json-stringify'
import * as v from 'valibot'
import { z } from 'zod'
import { bearerAuth } from '@spillway/middleware/auth'
import { body } from '@spillway/middleware/body'
import { defineMiddleware } from '@spillway/middleware'
import { problems } from '@spillway/middleware/problem'
import { type Router, router } from '@spillway/middleware/router'
import { validate } from '@spillway/middleware/validate'
import { describe, expect, expectTypeOf, test } from 'vitest'

const Book = z.object({ id: z.number(), title: z.string() })
const json = { 'Content-Type': 'application/json' }

async function told(app: Router<any>, target: string, init?: Parameters<typeof inject>[2]): Promise<[number, any]> {
  const reply = await inject(app, target, init)
  const text = await reply.text()
  const isJson = reply.headers.get('content-type')?.includes('json')
  return [reply.status, isJson ? JSON.parse(text) : text]
}

const byLayer = (c: Context<{}, { valid: { readonly body: { title: string } }; user: { name: string } }>) =>
  c.json([c.state.valid.body.title, c.state.user.name])
const verify = (name: string) => ({ name })
const echo = (c: Context<{}, { body: string }>) => c.text(c.state.body)
const part = (name: string, content: string, more = '', kind = '') =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${more}${kind}\r\n\r\n${content}\r\n`
const stringify = (schema: object) => fastJson(schema)
const convert = (schema: unknown) => toJsonSchema(schema as v.GenericSchema) as Record<string, unknown>
const own = ({ status, title, errors = [] }: any, c: Context) =>
  c.json({ error: title, path: c.path, errors }, { status })

/** Each call is type-checked; none of it needs to run. */
function compiles(...calls: (() => unknown)[]): number {
  return calls.length
}

describe('what a route takes', () => {
  const libraries = {
    zod: {
      params: z.object({ id: z.coerce.number() }),
      query: z.object({ tag: z.array(z.string()), page: z.coerce.number().default(1) }),
      headers: z.object({ 'x-client': z.string() }),
      cookies: z.object({ theme: z.enum(['dark', 'light']) }),
      body: z.object({ title: z.string() }),
    },
    valibot: {
      params: v.object({ id: v.pipe(v.string(), v.transform(Number), v.number()) }),
      query: v.object({
        tag: v.array(v.string()),
        page: v.optional(v.pipe(v.string(), v.transform(Number), v.number()), '1'),
      }),
      headers: v.object({ 'x-client': v.string() }),
      cookies: v.object({ theme: v.picklist(['dark', 'light']) }),
      body: v.object({ title: v.string() }),
    },
    arktype: {
      params: type({ id: 'string.numeric.parse' }),
      query: type({ tag: 'string[]', page: "string.numeric.parse = '1'" }),
      headers: type({ 'x-client': 'string' }),
      cookies: type({ theme: "'dark' | 'light'" }),
      body: type({ title: 'string' }),
    },
  }
  const apps: [string, Router<any>][] = [
    ['zod', router().post('/books/:id', libraries.zod, (c) => c.json(c.state.valid))],
    ['valibot', router().post('/books/:id', libraries.valibot, (c) => c.json(c.state.valid))],
    ['arktype', router().post('/books/:id', libraries.arktype, (c) => c.json(c.state.valid))],
  ]
  const good = { ...json, 'X-Client': 'a', Cookie: 'theme=dark; other=1' }

  test.each(apps)('is made by %s of every part', async (_, app) => {
    const [status, valid] = await told(app, '/books/7?tag=x', { headers: good, body: '{"title":"TCP"}' })
    expect(status).toBe(200)
    expect(valid).toMatchObject({
      params: { id: 7 },
      query: { tag: ['x'], page: 1 },
      headers: { 'x-client': 'a' },
      cookies: { theme: 'dark' },
      body: { title: 'TCP' },
    })
    expect(
      (await told(app, '/books/7?tag=x&tag=y&page=2', { headers: good, body: '{"title":"TCP"}' }))[1].query,
    ).toEqual({
      tag: ['x', 'y'],
      page: 2,
    })
  })

  test.each(apps)('is refused where %s finds it wrong', async (_, app) => {
    const wrong = { ...json, Cookie: 'theme=pink' }
    const [status, { errors }] = await told(app, '/books/x', { headers: wrong, body: '{"title":1}' })
    expect(status).toBe(400)
    expect(new Set(errors.map((one: any) => one.in))).toEqual(new Set(['params', 'query', 'headers', 'cookies']))
    expect(errors.map((one: any) => one.pointer)).toContain('#/theme')
    const [later, content] = await told(app, '/books/7?tag=x', { headers: good, body: '{"title":1}' })
    expect([later, content.errors[0].in, content.errors[0].pointer]).toEqual([422, 'body', '#/title'])
  })

  test('is the same by a layer, whose handler may be written elsewhere', async () => {
    const app = router().post('/', [bearerAuth({ verify }), validate({ body: libraries.zod.body })], byLayer)
    const reply = await told(app, '/', { headers: { ...json, Authorization: 'Bearer me' }, body: '{"title":"TCP"}' })
    expect(reply).toEqual([200, ['TCP', 'me']])
    expect(
      (
        await inject(router().post('/', [body('text')], echo), '/', {
          headers: { 'Content-Type': 'text/plain' },
          body: 'a',
        })
      ).status,
    ).toBe(200)
  })

  test('one value for a list is a list, and what is wrong otherwise is told as it is', async () => {
    const query = z.object({ tag: z.array(z.enum(['a', 'b'])), n: z.coerce.number().max(3), q: z.string() })
    const app = router().get('/', { query }, (c) => c.json(c.state.valid.query))
    expect(await told(app, '/?tag=a&n=1&q=')).toEqual([200, { tag: ['a'], n: 1, q: '' }])
    const [, { errors }] = await told(app, '/?tag=c&n=7&q=1&q=2')
    expect(errors.map((one: any) => one.pointer).toSorted()).toEqual(['#/n', '#/q', '#/tag/0'])
    expect(errors.find((one: any) => one.pointer === '#/n').detail).toMatch(/<=3/)
    const form = router().post('/', { body: query, kinds: ['urlencoded'] }, (c) => c.json(c.state.valid.body))
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    expect(await told(form, '/', { headers, body: 'tag=b&n=1&q=x' })).toEqual([200, { tag: ['b'], n: 1, q: 'x' }])
    const content = router().post('/', { body: query }, (c) => c.json(c.state.valid.body))
    expect((await told(content, '/', { headers: json, body: '{"tag":"a","n":1,"q":""}' }))[0]).toBe(422)
  })

  test('content may be missing where its schema says so', async () => {
    const app = router()
      .delete('/optional', { body: z.object({ why: z.string() }).optional() }, (c) =>
        c.json(c.state.valid.body ?? 'none'),
      )
      .delete('/needed', { body: z.object({ why: z.string() }) }, (c) => c.empty())
    for (const headers of [{}, json]) {
      expect(await told(app, '/optional', { method: 'DELETE', headers })).toEqual([200, 'none'])
      expect(await told(app, '/needed', { method: 'DELETE', headers })).toMatchObject([
        400,
        { code: 'CONTENT_MISSING' },
      ])
    }
    expect(await told(app, '/optional', { method: 'DELETE', headers: json, body: '{"why":"old"}' })).toEqual([
      200,
      { why: 'old' },
    ])
    expect(await told(app, '/optional', { method: 'DELETE', headers: json, body: '{' })).toMatchObject([400, {}])
  })

  test('a form with files', async () => {
    const Upload = z.object({ title: z.string(), photos: z.array(z.file().max(4).mime('image/png')) })
    const app = router().post('/', { body: Upload, kinds: ['multipart'] }, async (c) => {
      const { title, photos } = c.state.valid.body
      expectTypeOf(photos).toEqualTypeOf<File[]>()
      return c.json([title, ...(await Promise.all(photos.map(async (one) => [one.name, one.type, await one.text()])))])
    })
    const file = (content: string, name = 'a.png') =>
      part('photos', content, `; filename="${name}"`, '\r\nContent-Type: image/png')
    const send = (...parts: string[]) =>
      told(app, '/', {
        headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
        body: `${parts.join('')}--b--\r\n`,
      })
    expect(await send(part('title', 'T'), file('abcd'))).toEqual([200, ['T', ['a.png', 'image/png', 'abcd']]])
    expect(await send(part('title', 'T'), file('a'), file('b', 'b.png'))).toEqual([
      200,
      ['T', ['a.png', 'image/png', 'a'], ['b.png', 'image/png', 'b']],
    ])
    expect(await send(part('title', 'T'), file('abcde'))).toMatchObject([422, { errors: [{ pointer: '#/photos/0' }] }])
    expect(await send(part('title', 'T'), file('', ''))).toMatchObject([422, { errors: [{ pointer: '#/photos' }] }])
    expect((await told(app, '/', { headers: json, body: '{}' }))[0]).toBe(415)
  })
})

describe('what a route gives', () => {
  const app = router()
    .get('/books/:id', { params: z.object({ id: z.coerce.number() }), gives: { 200: Book, 404: null } }, (c, give) => {
      const { id } = c.state.valid.params
      return id === 0 ? give(404) : give(200, { id, title: 'TCP' }, { headers: { ETag: '"1"' } })
    })
    .get('/table', { gives: { 200: { type: 'text/csv', description: 'All books' } } }, async (_, give) =>
      give(200, 'id,title\n'),
    )
    .get('/other', { gives: { 200: Book } }, (_, give) => (give as (status: number) => any)(201))

  test('is a status of the contract with its content', async () => {
    const reply = await inject(app, '/books/7')
    expect([reply.status, reply.headers.get('content-type'), reply.headers.get('etag')]).toEqual([
      200,
      'application/json',
      '"1"',
    ])
    expect(await reply.json()).toEqual({ id: 7, title: 'TCP' })
    const none = await inject(app, '/books/0')
    expect([none.status, await none.text()]).toEqual([404, ''])
    const table = await inject(app, '/table')
    expect([table.headers.get('content-type'), await table.text()]).toEqual(['text/csv', 'id,title\n'])
  })

  test('and another is an error of the server', async () => {
    const seen: unknown[] = []
    const reply = await inject(app, '/other', {}, { onError: (error) => void seen.push(error) })
    expect(reply.status).toBe(500)
    expect(String(seen[0])).toContain('gives no 201')
  })

  test('is written by its schema where that is asked for', async () => {
    const secret = { id: 1, title: 'TCP', hash: 'x' }
    const open = router().get('/', { gives: { 200: Book } }, (_, give) => give(200, secret))
    expect(await told(open, '/')).toEqual([200, secret])
    const byZod = router({ stringify }).get('/', { gives: { 200: Book } }, (_, give) => give(200, secret))
    expect(await told(byZod, '/')).toEqual([200, { id: 1, title: 'TCP' }])
    const Titled = v.object({ title: v.string() })
    const byValibot = router({ stringify, toJsonSchema: convert }).get('/', { gives: { 200: Titled } }, (_, give) =>
      give(200, secret),
    )
    expect(await told(byValibot, '/')).toEqual([200, { title: 'TCP' }])
    const byArktype = router({ stringify }).get('/', { gives: { 200: type({ title: 'string' }) } }, (_, give) =>
      give(200, secret),
    )
    expect(await told(byArktype, '/')).toMatchObject([200, { title: 'TCP' }])
  })
})

describe('mistakes are found when registering', () => {
  test.each<[string, object, RegExp]>([
    ['a name that is none', { querry: Book }, /`querry`.*`query`/],
    ['a JSON Schema', { body: { type: 'object' } }, /`body` is not a Standard Schema/],
    ['no schema at all', { params: 'id' }, /`params`/],
    ['what is given is not a Standard Schema', { gives: { 200: { schema: {} } } }, /200 is not a Standard Schema/],
    ['a status that is none', { gives: { 42: Book } }, /not 42/],
    ['a JSON Schema for what is given', { gives: { 200: { type: 'object' } } }, /200.*`type`.*"object"/],
    [
      'a name that is none, of what is given',
      { gives: { 200: { schema: Book, exampels: {} } } },
      /`exampels`.*`examples`/,
    ],
    ['nothing that is given', { gives: { 200: 'Book' } }, /200/],
    ['content that nobody reads', { body: Book, kinds: ['yaml'] }, /kinds/],
    ['a layer that is none', { layers: ['auth'] }, /layers/],
    ['a number in place of a contract', 7 as unknown as object, /Options are an object/],
  ])('%s', (_, contract, message) => {
    expect(() => router().get('/', contract as {}, (c: Context) => c.empty())).toThrow(message)
  })

  test('and so are those of layers', () => {
    expect(() => validate({ body: { type: 'object' } as never })).toThrow(/`body` is not a Standard Schema/)
    expect(() => validate({ querry: Book } as never)).toThrow(/`querry`.*`query`/)
    expect(() => validate(7 as never)).toThrow(TypeError)
    expect(() => body('form' as 'json')).toThrow(/"json" or "urlencoded"/)
  })
})

describe('the compiler', () => {
  const user = defineMiddleware<{ user: string }>((_, next) => next())
  const named = defineMiddleware<{}, { user: string }>((_, next) => next())

  test('refuses replies that the contract does not give', () => {
    const gives = { 200: Book, 404: null }
    compiles(() => router().get('/', { gives }, (_, give) => give(200, { id: 1, title: 'a' })))
    // @ts-expect-error another reply
    compiles(() => router().get('/', { gives }, (c) => c.json({ id: 1, title: 'a' })))
    // @ts-expect-error another status
    compiles(() => router().get('/', { gives }, (_, give) => give(201, { id: 1, title: 'a' })))
    // @ts-expect-error a member is missing
    compiles(() => router().get('/', { gives }, (_, give) => give(200, { id: 1 })))
    // @ts-expect-error a member too many
    compiles(() => router().get('/', { gives }, (_, give) => give(200, { id: 1, title: 'a', hash: 'x' })))
    // @ts-expect-error no content where there is some
    compiles(() => router().get('/', { gives }, (_, give) => give(200)))
    // @ts-expect-error content where there is none
    compiles(() => router().get('/', { gives }, (_, give) => give(404, { id: 1 })))
    // @ts-expect-error nothing at all
    compiles(() => router().get('/', { gives }, () => {}))
    expect.assertions(0)
  })

  test('knows what is taken, and what stands in front', () => {
    compiles(() => router().get('/:id', { query: Book }, (c) => c.text(c.params.id + c.state.valid.query.title)))
    compiles(() =>
      router()
        .use(user)
        .get('/', { query: Book }, (c) => c.text(c.state.user)),
    )
    compiles(() => router().get('/', { layers: [user, named] }, (c) => c.text(c.state.user)))
    compiles(() =>
      router().group('/:org', (org) => org.get('/:id', { query: Book }, (c) => c.text(c.params.org + c.params.id))),
    )
    // @ts-expect-error nothing was said of content
    compiles(() => router().get('/', { query: Book }, (c) => c.json(c.state.valid.body)))
    // @ts-expect-error a name that is none
    compiles(() => router().get('/', { querry: Book }, (c) => c.empty()))
    // @ts-expect-error no schema
    compiles(() => router().get('/', { query: { type: 'object' } }, (c) => c.empty()))
    // @ts-expect-error the layer needs a user
    compiles(() => router().get('/', { layers: [named] }, (c) => c.empty()))
    // @ts-expect-error a pattern begins with a slash
    compiles(() => router().get('users', (c) => c.empty()))
    expect.assertions(0)
  })

  test('takes a router with contracts for a handler', () => {
    compiles(() => serve(router().get('/', { gives: { 200: Book } }, (_, give) => give(200, { id: 1, title: '' }))))
    const typed: Router<{ user: string }> = router()
      .use(user)
      .get('/', { query: Book }, (c) => c.empty())
    expectTypeOf(typed).toExtend<Router<any>>()
  })
})

test('problems have one format, whoever refuses', async () => {
  const contract = { query: z.object({ q: z.string() }) }
  const refused = async (app: Router<any>) => {
    app.get('/search', contract, (c) => c.text('found'))
    const all: [string, string][] = [
      ['GET', '/search'],
      ['GET', '/none'],
      ['POST', '/search'],
      ['GET', '/%zz'],
    ]
    return Promise.all(all.map(([method, target]) => told(app, target, { method })))
  }
  const [invalid, missing, method, malformed] = await refused(router().use(problems()))
  expect(invalid).toMatchObject([400, { code: 'INVALID', errors: [{ in: 'query' }] }])
  expect(missing).toEqual([404, { title: 'Not Found', status: 404 }])
  expect(method).toEqual([405, { title: 'Method Not Allowed', status: 405 }])
  expect(malformed).toEqual([400, { title: 'Bad Request', status: 400 }])
  expect(await refused(router().use(problems({ reply: own })))).toEqual([
    [
      400,
      { error: 'Bad Request', path: '/search', errors: [expect.objectContaining({ in: 'query', pointer: '#/q' })] },
    ],
    [404, { error: 'Not Found', path: '/none', errors: [] }],
    [405, { error: 'Method Not Allowed', path: '/search', errors: [] }],
    [400, { error: 'Bad Request', path: '/%zz', errors: [] }],
  ])
  const guarded = router()
    .use(problems({ reply: own }))
    .use(bearerAuth({ verify: () => null }))
    .get('/', (c) => c.empty())
  const challenge = await inject(guarded, '/')
  expect([challenge.status, challenge.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="restricted"'])
  expect(await challenge.json()).toMatchObject({ error: 'Unauthorized' })
  const put = await inject(
    router()
      .use(problems({ reply: own }))
      .get('/', (c) => c.empty()),
    '/',
    { method: 'PUT' },
  )
  expect(put.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
  const text = await inject(
    router().get('/', (c) => c.empty()),
    '/none',
  )
  expect([text.headers.get('content-type'), await text.text()]).toEqual(['text/plain; charset=utf-8', 'Not Found'])
})
