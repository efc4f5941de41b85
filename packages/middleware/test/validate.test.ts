import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { body } from '@spillway/middleware/body'
import { compose } from '@spillway/middleware'
import { type Router, router } from '@spillway/middleware/router'
import { validate } from '@spillway/middleware/validate'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { start } from './server.ts'
import { ask } from './wire.ts'

const json = 'Content-Type: application/json'

async function send(app: Router<any>, line: string, content?: unknown): Promise<Record<string, any>> {
  const request = content === undefined ? {} : { fields: [json], content: JSON.stringify(content) }
  const reply = await ask(await start(app), line, request)
  return { status: reply.status, ...(JSON.parse(String(reply.content)) as object) }
}

describe.each<[string, Router<any>]>([
  [
    'zod',
    router().post(
      '/orders/:id',
      [
        validate({
          body: z.object({ items: z.array(z.object({ name: z.string() })).min(1), note: z.string().default('') }),
          query: z.object({ page: z.coerce.number().int() }),
          params: z.object({ id: z.string().regex(/^\d+$/).transform(Number) }),
        }),
      ],
      (c) => {
        const { valid } = c.state
        expectTypeOf(valid.body).toEqualTypeOf<{ items: { name: string }[]; note: string }>()
        expectTypeOf(valid.query.page).toEqualTypeOf<number>()
        expectTypeOf(valid.params.id).toEqualTypeOf<number>()
        return c.json(valid)
      },
    ),
  ],
  [
    'valibot',
    router().post(
      '/orders/:id',
      [
        validate({
          body: v.object({
            items: v.pipe(v.array(v.object({ name: v.string() })), v.minLength(1)),
            note: v.optional(v.string(), ''),
          }),
          query: v.object({ page: v.pipe(v.string(), v.transform(Number), v.integer()) }),
          params: v.object({ id: v.pipe(v.string(), v.digits(), v.transform(Number)) }),
        }),
      ],
      (c) => {
        const { valid } = c.state
        expectTypeOf(valid.body).toEqualTypeOf<{ items: { name: string }[]; note: string }>()
        expectTypeOf(valid.query.page).toEqualTypeOf<number>()
        return c.json(valid)
      },
    ),
  ],
  [
    'arktype',
    router().post(
      '/orders/:id',
      [
        validate({
          body: type({ items: type({ name: 'string' }).array().atLeastLength(1), note: "string = ''" }),
          query: type({ page: 'string.integer.parse' }),
          params: type({ id: 'string.numeric.parse' }),
        }),
      ],
      (c) => {
        const { valid } = c.state
        expectTypeOf(valid.body).toEqualTypeOf<{ items: { name: string }[]; note: string }>()
        expectTypeOf(valid.query.page).toEqualTypeOf<number>()
        return c.json(valid)
      },
    ),
  ],
])('%s', (_, app) => {
  test('what is valid reaches the handler as the schemas made it', async () => {
    expect(await send(app, 'POST /orders/7?page=2', { items: [{ name: 'a' }] })).toEqual({
      status: 200,
      body: { items: [{ name: 'a' }], note: '' },
      query: { page: 2 },
      params: { id: 7 },
    })
  })

  test('what is not is told with its place', async () => {
    expect(await send(app, 'POST /orders/7?page=2', { items: [{ name: 'a' }, { name: 1 }] })).toMatchObject({
      status: 422,
      title: 'Unprocessable Content',
      code: 'INVALID',
      errors: [{ in: 'body', pointer: '#/items/1/name', detail: expect.any(String) }],
    })
    expect(await send(app, 'POST /orders/x?page=two')).toMatchObject({
      status: 400,
      errors: [
        { in: 'params', pointer: '#/id' },
        { in: 'query', pointer: '#/page' },
      ],
    })
    expect((await send(app, 'POST /orders/7?page=1', [])).errors.length).toBeGreaterThan(0)
  })
})

test('content that cannot be read is answered as body() does', async () => {
  const app = router().post('/', [validate({ body: z.unknown() }, { bodyBytes: 5 })], (c) => c.json(c.state.valid.body))
  const server = await start(app)
  const status = async (content: string, field = json) =>
    (await ask(server, 'POST /', { fields: [field], content })).status
  expect(await status('"x"')).toBe(200)
  expect(await status('"x')).toBe(400)
  expect(await status('"xxxx"')).toBe(413)
  expect(await status('x', 'Content-Type: text/plain')).toBe(415)
})

test('forms, and what body() in front has read', async () => {
  const schema = z.object({ name: z.string(), tag: z.array(z.string()) })
  const app = router()
    .post('/form', [validate({ body: schema }, { kinds: ['urlencoded', 'json'] })], (c) => c.json(c.state.valid.body))
    .post('/raw', [body('json', { raw: true }), validate({ body: schema })], (c) =>
      c.json([c.state.raw.length, c.state.valid.body.name]),
    )
  const server = await start(app)
  const fields = ['Content-Type: application/x-www-form-urlencoded']
  const form = await ask(server, 'POST /form', { fields, content: 'name=Ali&tag=a&tag=b' })
  expect(JSON.parse(String(form.content))).toEqual({ name: 'Ali', tag: ['a', 'b'] })
  const content = '{"name":"Ali","tag":[]}'
  expect(String((await ask(server, 'POST /raw', { fields: [json], content })).content)).toBe('[23,"Ali"]')
})

// CVE-2024-45590, CVE-2025-15284
test.each([
  [999, 200],
  [1000, 200],
  [1001, 400],
])('a query of %i fields: %i', async (count, status) => {
  const app = router().get('/', [validate({ query: z.object({ a: z.array(z.string()) }) })], (c) => c.text('read'))
  const query = Array(count).fill('a=').join('&')
  expect((await ask(await start(app), `GET /?${query}`)).status).toBe(status)
})

test('layers add up, and schemas may be asynchronous', async () => {
  const first = validate({ params: z.object({ id: z.string() }) })
  const second = validate({ query: z.object({ q: z.string().refine(async (q) => q !== 'no') }) })
  const app = router().get('/:id', [compose(first, second)], (c) =>
    c.text(c.state.valid.params.id + c.state.valid.query.q),
  )
  const server = await start(app)
  expect(String((await ask(server, 'GET /a?q=b')).content)).toBe('ab')
  expect((await ask(server, 'GET /a?q=no')).status).toBe(400)
  expect(app.routes()[0]!.notes).toHaveLength(2)
  // @ts-expect-error only what was validated is there
  expect(() => router().get('/', [first], (c) => c.json(c.state.valid.body))).not.toThrow()
})

test('a request with everything wrong does not get a reply larger than itself', async () => {
  const app = router().post('/', [validate({ body: z.array(z.string()) })], (c) => c.empty())
  expect((await send(app, 'POST /', Array(10_000).fill(1))).errors).toHaveLength(50)
})

test.each<[string, number, unknown]>([
  ['a long name over many wrong things', 0, { ['n'.repeat(200_000)]: Array(50).fill(1) }],
  ['names of which some fit', 16, Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${i}`.repeat(500), [1]]))],
])('%s does not get a large reply either', async (_, told, content) => {
  const schema = z.record(z.string(), z.array(z.string()))
  const server = await start(router().post('/', [validate({ body: schema })], (c) => c.empty()))
  const fields = ['Content-Type: application/json']
  const reply = await ask(server, 'POST /', { fields, content: JSON.stringify(content) })
  expect(reply.status).toBe(422)
  expect(reply.content.length).toBeLessThan(20_000)
  expect((JSON.parse(String(reply.content)) as { errors: unknown[] }).errors.length).toBeGreaterThanOrEqual(told)
})

test('a schema that throws is the fault of the server', async () => {
  const app = router().get('/', [validate({ query: z.unknown().transform(() => JSON.parse('{')) })], (c) => c.empty())
  const errors: unknown[] = []
  const server = await start(app, {
    onError: (error, c) => {
      errors.push(error)
      return c?.empty(500)
    },
  })
  expect((await ask(server, 'GET /')).status).toBe(500)
  expect(errors[0]).toBeInstanceOf(SyntaxError)
})

test('a pointer escapes what is special in it', async () => {
  const app = router().post('/', [validate({ body: z.record(z.string(), z.number()) })], (c) => c.empty())
  const { errors } = await send(app, 'POST /', { 'a/b~c é': 'x' })
  expect(errors[0].pointer).toBe('#/a~1b~0c%20%C3%A9')
})
