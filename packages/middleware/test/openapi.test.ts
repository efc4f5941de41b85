import { Validator } from '@seriousme/openapi-schema-validator'
import { toJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { type OpenApiDocument, apiPage, describe as tell, openApi } from '@spillway/middleware/openapi'
import { type Router, router } from '@spillway/middleware/router'
import { validate } from '@spillway/middleware/validate'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, test } from 'vitest'
import { start } from './server.ts'

const info = { title: 'Books', version: '1.0.0' }
const ok = () => new Response('ok')

async function documentOf(app: Router<any>, convert?: Parameters<typeof openApi>[1]['toJsonSchema']): Promise<any> {
  const document: OpenApiDocument = openApi(app, { info, ...(convert && { toJsonSchema: convert }) })
  const written = JSON.parse(JSON.stringify(document)) as Record<string, unknown>
  const result = await new Validator().validate(written)
  expect(result.errors).toBeUndefined()
  expect(result.valid).toBe(true)
  return written
}

const libraries: [string, Parameters<typeof openApi>[1]['toJsonSchema'], Parameters<typeof validate>[0]][] = [
  [
    'zod',
    undefined,
    {
      body: z.object({ title: z.string().min(1), year: z.int().optional() }),
      query: z.object({ dry: z.enum(['yes', 'no']).optional(), lang: z.string() }),
      params: z.object({ id: z.string().regex(/^\d+$/) }),
    },
  ],
  [
    'arktype',
    undefined,
    {
      body: type({ title: 'string >= 1', 'year?': 'number.integer' }),
      query: type({ 'dry?': "'yes' | 'no'", lang: 'string' }),
      params: type({ id: /^\d+$/ }),
    },
  ],
  [
    'valibot',
    (schema) => toJsonSchema(schema as v.GenericSchema) as Record<string, unknown>,
    {
      body: v.object({ title: v.pipe(v.string(), v.minLength(1)), year: v.optional(v.pipe(v.number(), v.integer())) }),
      query: v.object({ dry: v.optional(v.picklist(['yes', 'no'])), lang: v.string() }),
      params: v.object({ id: v.pipe(v.string(), v.regex(/^\d+$/)) }),
    },
  ],
]

test.each(libraries)('schemas of %s', async (_, convert, schemas) => {
  const document = await documentOf(router().put('/books/:id', [validate(schemas)], ok), convert)
  const { parameters, requestBody, responses } = document.paths['/books/{id}'].put
  expect(parameters).toHaveLength(3)
  const [id, dry, lang] = ['id', 'dry', 'lang'].map((name) => parameters.find((each: any) => each.name === name))
  expect(id).toMatchObject({ in: 'path', required: true, schema: { type: 'string', pattern: '^\\d+$' } })
  expect(dry.in).toBe('query')
  expect(dry.required).toBeUndefined()
  expect(dry.schema.enum.toSorted()).toEqual(['no', 'yes'])
  expect(lang).toMatchObject({ in: 'query', required: true, schema: { type: 'string' } })
  expect(requestBody.content['application/json'].schema).toMatchObject({
    type: 'object',
    required: ['title'],
    properties: { title: { type: 'string', minLength: 1 }, year: { type: 'integer' } },
  })
  expect(Object.keys(responses)).toEqual(['400', '413', '415', '422', 'default'])
})

test('routes without schemas are listed, whatever their pattern', async () => {
  const document = await documentOf(
    router()
      .get('/', ok)
      .get('/files/**:path', ok)
      .get('/a/:id(\\d+)/b/:name?', ok)
      .get('/raw/**', ok)
      .get('/tail/:path*', ok)
      .all('/any', ok)
      .on('PROPFIND', '/dav', ok)
      .host('other.example', (routes) => routes.get('/elsewhere', ok))
      .mount('/mounted', router().get('/in/:x', ok)),
  )
  expect(Object.keys(document.paths).toSorted()).toEqual([
    '/',
    '/a/{id}/b',
    '/a/{id}/b/{name}',
    '/any',
    '/files/{path}',
    '/mounted/in/{x}',
    '/raw/{rest}',
    '/tail',
    '/tail/{path}',
  ])
  expect(Object.keys(document.paths['/any'])).toEqual(['get', 'put', 'post', 'delete', 'patch'])
  expect(document.paths['/a/{id}/b'].get.parameters).toEqual([
    { name: 'id', in: 'path', required: true, schema: { type: 'string', pattern: '^(?:\\d+)$' } },
  ])
})

test('what is told about routes and groups', async () => {
  const Book = z.object({ title: z.string() })
  const document = await documentOf(
    router().group('/books', (books) =>
      books
        .use(tell({ tags: ['books'] }))
        .get('/', [tell({ summary: 'All', responses: { 200: z.array(Book), 503: 'Closed on Sundays' } })], ok)
        .post('/', [tell({ deprecated: true }), validate({ body: Book }, { kinds: ['urlencoded', 'json'] })], ok),
    ),
  )
  const { get, post } = document.paths['/books']
  expect(get).toMatchObject({
    summary: 'All',
    tags: ['books'],
    responses: {
      200: { description: 'OK', content: { 'application/json': { schema: { type: 'array' } } } },
      503: { description: 'Closed on Sundays' },
    },
  })
  expect(post).toMatchObject({ tags: ['books'], deprecated: true })
  expect(Object.keys(post.requestBody.content)).toEqual(['application/x-www-form-urlencoded', 'application/json'])
})

test('what a schema defines for itself moves into the components', async () => {
  interface Tree {
    name: string
    children: Tree[]
  }
  const Tree: z.ZodType<Tree> = z.object({ name: z.string(), children: z.lazy(() => z.array(Tree)) })
  const document = await documentOf(
    router()
      .post('/trees', [validate({ body: Tree })], ok)
      .post('/forests', [validate({ body: z.object({ trees: z.array(Tree) }) })], ok),
  )
  const text = JSON.stringify(document)
  expect(text).not.toMatch(/\$defs|"\$ref":"#"/)
  const refs = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!)
  expect(refs.length).toBeGreaterThan(1)
  for (const name of refs) expect(Object.keys(document.components.schemas)).toContain(name)
})

test('a schema without a JSON form is told with its route', () => {
  const app = router().post('/x', [validate({ body: z.object({ at: z.date() }) })], ok)
  expect(() => openApi(app, { info })).toThrow('PostXBody has no JSON Schema')
  const own = validate({ query: { '~standard': { version: 1, vendor: 'own', validate: (value) => ({ value }) } } })
  expect(openApi(router().get('/', [own], ok), { info }).paths).toHaveProperty('/')
})

describe('the page', () => {
  test('holds itself to what it needs', async () => {
    const server = await start(router().get('/docs', apiPage('/a"b<.json')))
    const reply = await fetch(`${server.url}/docs`)
    const policy = reply.headers.get('content-security-policy')!
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self';/,
    )
    expect(policy).not.toContain('unsafe')
    const html = await reply.text()
    expect(html).toContain('data-document="/a&#34;b&#60;.json"')
    expect(html).not.toMatch(/https?:\/\//)
  })

  withTools(chromium)('with a browser', () => {
    test('sends requests from a browser', { timeout: 60_000 }, async () => {
      const api = router().post(
        '/books/:id',
        [
          tell({ summary: '<img src=x onerror=alert(1)>' }),
          validate({ body: z.object({ title: z.string().min(2) }), query: z.object({ lang: z.string() }) }),
        ],
        (c) => c.json({ id: c.params.id, ...c.state.valid.body, ...c.state.valid.query }),
      )
      const document = openApi(api, { info })
      api.get('/openapi.json', (c) => c.json(document)).get('/docs', apiPage('/openapi.json'))
      const { url } = await start(api)
      const browser = await launchChromium()
      try {
        const page = await browser.newPage()
        const complaints: string[] = []
        page.on('pageerror', (error) => complaints.push(error.message))
        page.on('console', (message) => {
          if (message.type() === 'error' && !message.text().includes('422')) complaints.push(message.text())
        })
        await page.goto(`${url}/docs`)
        await page.locator('summary', { hasText: '/books/{id}' }).click()
        expect(await page.locator('textarea').inputValue()).toBe('{\n  "title": ""\n}')
        await page.fill('input[name=id]', 'a/b')
        await page.fill('input[name=lang]', 'en')
        await page.click('button')
        await page.locator('pre.head', { hasText: '422' }).waitFor()
        await page.fill('textarea', '{ "title": "<b>TCP</b>" }')
        await page.click('button')
        await page.locator('pre.head', { hasText: '200' }).waitFor()
        expect(JSON.parse((await page.locator('pre.content').textContent())!)).toEqual({
          id: 'a/b',
          title: '<b>TCP</b>',
          lang: 'en',
        })
        expect(complaints.filter((text) => !text.includes('favicon'))).toEqual([])
      } finally {
        await browser.close()
      }
    })
  })
})
