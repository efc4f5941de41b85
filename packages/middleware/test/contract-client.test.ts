import { injector } from '@spillway/core/testing'
import { toFetch } from '@spillway/core/web'
import { z } from 'zod'
import { type Client, client } from '@spillway/middleware/contract-client'
import { router } from '@spillway/middleware/router'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { start } from './server.ts'

const Book = z.object({ id: z.number(), title: z.string(), at: z.iso.datetime().optional() })
const app = router()
  .get('/books/:id', { params: z.object({ id: z.coerce.number() }), gives: { 200: Book, 404: null } }, (c, give) => {
    const { id } = c.state.valid.params
    return id === 0 ? give(404) : give(200, { id, title: 'TCP' })
  })
  .get(
    '/books',
    {
      query: z.object({ tag: z.array(z.string()), page: z.coerce.number().default(1) }),
      gives: { 200: z.array(z.string()) },
    },
    (c, give) => give(200, [...c.state.valid.query.tag, String(c.state.valid.query.page)]),
  )
  .post('/books', { body: Book, gives: { 201: Book } }, (c, give) => give(201, c.state.valid.body))
  .post(
    '/photos',
    { body: z.object({ photo: z.file(), t: z.string() }), kinds: ['multipart'], gives: { 200: { type: 'text/csv' } } },
    async (c, give) => give(200, `${c.state.valid.body.t},${await c.state.valid.body.photo.text()}`),
  )
  .put(
    '/form',
    {
      body: z.object({ a: z.string(), b: z.array(z.string()) }),
      kinds: ['urlencoded', 'json'],
      gives: { 200: z.unknown() },
    },
    (c, give) => give(200, { ...c.state.valid.body, type: c.headers.get('content-type') }),
  )
  .delete('/books/:id', { gives: { 204: null } }, (_, give) => give(204))
  .get('/plain/:x?', (c) => c.json({ x: c.params.x ?? null, client: c.headers.get('x-client') }))
  .get('/files/:owner/**:path', (c) => c.json(c.params))
  .group('/admin', (admin) =>
    admin.get('/', (c) => c.text('admin')).get('/users/:id(\\d+)', (c) => c.text(c.params.id)),
  )
  .mount(
    '/v2',
    router().patch('/x', { gives: { 200: z.object({ ok: z.boolean() }) } }, (_, give) => give(200, { ok: true })),
  )
type App = typeof app

const senders: [string, () => Client<App> | Promise<Client<App>>][] = [
  ['inject', () => client<App>('http://localhost', { fetch: injector(app) })],
  ['a fetch handler', () => client<App>('http://localhost/', { fetch: async (request) => toFetch(app)(request) })],
  ['fetch', async () => client<App>((await start(app)).url)],
]

describe.each(senders)('a client by %s', (_, make) => {
  test('sends what a route takes and knows what it gives', async () => {
    const api = await make()
    const found = await api('/books/:id').get({ params: { id: 7 } })
    expect(found).toMatchObject({ ok: true, status: 200, body: { id: 7, title: 'TCP' } })
    if (found.status === 200) expectTypeOf(found.body.at).toEqualTypeOf<string | undefined>()
    const missing = await api('/books/:id').get({ params: { id: 0 } })
    expect(missing).toMatchObject({ ok: false, status: 404, body: null })
    const invalid = await api('/books/:id').get({ params: { id: 'x' } })
    expect(invalid).toMatchObject({ ok: false, status: 400, body: { code: 'INVALID', errors: [{ pointer: '#/id' }] } })
    if (invalid.status === 400) expectTypeOf(invalid.body.detail).toEqualTypeOf<string | undefined>()
    expect((await api('/books').get({ query: { tag: ['a'] } })).body).toEqual(['a', '1'])
    expect((await api('/books').get({ query: { tag: ['a&b', 'c'], page: 4 } })).body).toEqual(['a&b', 'c', '4'])
    const made = await api('/books').post({ body: { id: 1, title: 'a' } })
    expect(made).toMatchObject({ status: 201, body: { id: 1, title: 'a' } })
    expect(await api('/books/:id').delete({ params: { id: 1 } })).toMatchObject({ status: 204, body: null })
  })

  test('content of every kind', async () => {
    const api = await make()
    const body = { photo: new File(['abc'], 'a.txt'), t: 'x' }
    const sent = await api('/photos').post({ as: 'multipart', body })
    expect(sent.body).toBe('x,abc')
    if (sent.status === 200) expectTypeOf(sent.body).toEqualTypeOf<string>()
    const form = await api('/form').put({ as: 'urlencoded', body: { a: 'ä&', b: ['1'] } })
    expect(form.body).toEqual({ a: 'ä&', b: ['1'], type: 'application/x-www-form-urlencoded;charset=UTF-8' })
    expect((await api('/form').put({ body: { a: 'a', b: [] } })).body).toMatchObject({ type: 'application/json' })
  })

  test('patterns of every kind', async () => {
    const api = await make()
    expect((await api('/plain/:x?').get()).body).toMatchObject({ x: null })
    expect((await api('/plain/:x?').get({ params: { x: 'a/b ?#%é' } })).body).toMatchObject({ x: 'a/b ?#%é' })
    const file = await api('/files/:owner/**:path').get({ params: { owner: 'me', path: 'a b/c.txt' } })
    expect(file.body).toEqual({ owner: 'me', path: 'a b/c.txt' })
    expect((await api('/admin').get()).body).toBe('admin')
    expect((await api('/admin/users/:id(\\d+)').get({ params: { id: 7 } })).body).toBe('7')
    const changed = await api('/v2/x').patch()
    expect(changed.status === 200 && changed.body.ok).toBe(true)
  })
})

test('fields of every request, asked for each', async () => {
  let token = 1
  const api = client<App>('http://localhost', { fetch: injector(app), headers: () => ({ 'X-Client': `${token++}` }) })
  expect((await api('/plain/:x?').get()).body).toMatchObject({ client: '1' })
  expect((await api('/plain/:x?').get()).body).toMatchObject({ client: '2' })
  expect((await api('/plain/:x?').get({ headers: { 'x-client': 'own' } })).body).toMatchObject({ client: 'own' })
})

test('below a path', async () => {
  const asked: string[] = []
  const fetch = async (request: Request) => (asked.push(request.url), new Response(null, { status: 204 }))
  await client<App>('http://localhost/api/', { fetch })('/books/:id').get({ params: { id: 1 } })
  expect(asked).toEqual(['http://localhost/api/books/1'])
})

test('a refusal that is no problem is told as one', async () => {
  const html = { 'Content-Type': 'text/html' }
  const fetch = async () => new Response('<h1>Bad Gateway</h1>', { status: 502, headers: html })
  const reply = await client<App>('http://localhost', { fetch })('/books/:id').get({ params: { id: 1 } })
  expect(reply).toMatchObject({ ok: false, status: 502, body: { status: 502, detail: '<h1>Bad Gateway</h1>' } })
})

test.each(['.', '..', ''])('%j is no parameter of a path', async (id) => {
  const api = client<App>('http://localhost', { fetch: injector(app) })
  await expect(api('/books/:id').get({ params: { id } })).rejects.toThrow(TypeError)
  await expect(api('/files/:owner/**:path').get({ params: { owner: 'a', path: `b/${id || '..'}/c` } })).rejects.toThrow(
    TypeError,
  )
})

test('a call can be given up', async () => {
  const api = client<App>('http://localhost', {
    fetch: (request) => (request.signal.throwIfAborted(), injector(app)(request)),
  })
  await expect(api('/books/:id').get({ params: { id: 1 }, signal: AbortSignal.abort() })).rejects.toThrow('aborted')
})

test('the compiler refuses what a route does not take', () => {
  const api = client<App>('http://localhost')
  // @ts-expect-error no such route
  compiles(() => api('/nope'))
  // @ts-expect-error no such method
  compiles(() => api('/photos').get())
  // @ts-expect-error the parameter is missing
  compiles(() => api('/books/:id').get())
  // @ts-expect-error the query is missing
  compiles(() => api('/books').get({}))
  // @ts-expect-error a member is missing
  compiles(() => api('/books').post({ body: { id: 1 } }))
  // @ts-expect-error it takes no JSON
  compiles(() => api('/photos').post({ body: { photo: new File([], ''), t: '' } }))
  compiles(async () => {
    const reply = await api('/books/:id').get({ params: { id: 1 } })
    // @ts-expect-error it is not known yet what came
    return reply.body.title
  })
  expect.assertions(0)
})

/** Each call is type-checked; none of it needs to run. */
function compiles(...calls: (() => unknown)[]): number {
  return calls.length
}
