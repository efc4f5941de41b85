import { Validator } from '@seriousme/openapi-schema-validator'
import { toJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { basicAuth, bearerAuth } from '@spillway/middleware/auth'
import { jwt } from '@spillway/middleware/jwt'
import { type OpenApiDocument, apiPage, describe as tell, openApi } from '@spillway/middleware/openapi'
import { type Router, router } from '@spillway/middleware/router'
import { validate } from '@spillway/middleware/validate'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, test } from 'vitest'
import { start } from './server.ts'

const info = { title: 'Books', version: '1.0.0' }
const ok = () => new Response('ok')
const verify = () => ({ name: 'me' })

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
    '/raw',
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
        .get(
          '/',
          [tell({ summary: 'All', gives: { 200: z.array(Book), 503: { description: 'Closed on Sundays' } } })],
          ok,
        )
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
  const own = validate({
    query: { '~standard': { version: 1, vendor: 'own', validate: (value: unknown) => ({ value }) } },
  })
  expect(openApi(router().get('/', [own], ok), { info }).paths).toHaveProperty('/')
})

test('a contract is described whole', async () => {
  const Book = z.object({ title: z.string().meta({ examples: ['TCP'] }) })
  const Upload = z.object({ title: z.string(), cover: z.file() })
  const document = await documentOf(
    router()
      .post(
        '/books/:id',
        {
          summary: 'Changes a book',
          operationId: 'changeBook',
          tags: ['books'],
          params: z.object({ id: z.string().regex(/^\d+$/) }),
          query: z.object({ dry: z.stringbool().optional(), tag: z.array(z.string()) }),
          headers: z.object({ 'if-match': z.string(), accept: z.string().optional() }),
          cookies: z.object({ theme: z.string().optional() }),
          body: Book,
          examples: { short: { title: 'HTTP' } },
          gives: {
            200: { schema: Book, description: 'As it is now', examples: { short: { title: 'HTTP' } } },
            204: null,
            303: { description: 'Elsewhere' },
            406: { type: 'text/plain' },
          },
        },
        (_, give) => give(204),
      )
      .put('/covers', { body: Upload, kinds: ['multipart', 'json'] }, ok)
      .delete('/books/:id', { body: z.object({ why: z.string() }).optional() }, ok),
  )
  const { post } = document.paths['/books/{id}']
  expect(post).toMatchObject({ summary: 'Changes a book', operationId: 'changeBook', tags: ['books'] })
  expect(post.parameters.map((one: any) => [one.in, one.name, one.required ?? false])).toEqual([
    ['path', 'id', true],
    ['query', 'dry', false],
    ['query', 'tag', true],
    ['header', 'if-match', true],
    ['cookie', 'theme', false],
  ])
  expect(post.requestBody).toMatchObject({
    required: true,
    content: { 'application/json': { examples: { short: { value: { title: 'HTTP' } } } } },
  })
  expect(post.responses).toMatchObject({
    200: { description: 'As it is now', content: { 'application/json': { examples: { short: {} } } } },
    204: { description: 'No Content' },
    303: { description: 'Elsewhere' },
    406: { description: 'Not Acceptable', content: { 'text/plain': {} } },
    422: { $ref: '#/components/responses/Problem' },
  })
  expect(post.responses[204].content).toBeUndefined()
  const { content } = document.paths['/covers'].put.requestBody
  expect(Object.keys(content)).toEqual(['multipart/form-data', 'application/json'])
  expect(content['multipart/form-data'].schema.properties.cover).toMatchObject({ type: 'string', format: 'binary' })
  expect(document.paths['/books/{id}'].delete.requestBody.required).toBeUndefined()
})

test('guards tell what they ask for, wherever they stand', async () => {
  const key = new Uint8Array(32)
  const document = await documentOf(
    router()
      .get('/open', ok)
      .group('/admin', (admin) => admin.use(basicAuth({ verify })).get('/', ok))
      .get('/mine', { layers: [bearerAuth({ verify })] }, ok)
      .group('/api', (api) =>
        api.use(jwt({ key, algorithms: ['HS256'] })).mount('/v1', router().get('/x', [bearerAuth({ verify })], ok)),
      ),
  )
  expect(document.paths['/open'].get.security).toBeUndefined()
  expect(document.paths['/admin'].get.security).toEqual([{ basic: [] }])
  expect(document.paths['/mine'].get).toMatchObject({
    security: [{ bearer: [] }],
    responses: { 401: { $ref: '#/components/responses/Problem' } },
  })
  expect(document.paths['/api/v1/x'].get.security).toEqual([{ jwt: [], bearer: [] }])
  expect(document.components.securitySchemes).toEqual({
    basic: { type: 'http', scheme: 'basic' },
    bearer: { type: 'http', scheme: 'bearer' },
    jwt: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  })
})

test('an optional proof is described as optional, and schemes of one name have names of their own', async () => {
  const optional = bearerAuth({ verify, optional: true })
  const byCookie = bearerAuth({ verify, from: [{ cookie: '__Host-token' }] })
  const { paths, components } = await documentOf(
    router()
      .get('/maybe', [optional], ok)
      .get('/both', [basicAuth({ verify }), optional], ok)
      .get('/page', [byCookie], ok)
      .get('/again', [byCookie], ok)
      .get('/own', { optionalSecurity: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } } }, ok),
  )
  expect(paths['/maybe'].get).toMatchObject({
    security: [{}, { bearer: [] }],
    responses: { 401: { $ref: '#/components/responses/Problem' } },
  })
  expect(paths['/both'].get.security).toEqual([{ basic: [] }, { basic: [], bearer: [] }])
  expect([paths['/page'].get.security, paths['/again'].get.security]).toEqual([[{ bearer2: [] }], [{ bearer2: [] }]])
  expect(paths['/own'].get.security).toEqual([{}, { key: [] }])
  expect(components.securitySchemes).toEqual({
    bearer: { type: 'http', scheme: 'bearer' },
    basic: { type: 'http', scheme: 'basic' },
    bearer2: { type: 'apiKey', in: 'cookie', name: '__Host-token' },
    key: { type: 'apiKey', in: 'header', name: 'X-Key' },
  })
})

test('paths are those that answer, each once', async () => {
  const query = validate({ query: z.object({ page: z.string().optional() }) })
  const strict = validate({ query: z.object({ page: z.string().min(2) }) })
  const document = await documentOf(
    router()
      .get('/users/:id', ok)
      .put('/users/:userId', { params: z.object({ userId: z.string().max(9) }) }, ok)
      .get('/twice', [query, strict], ok)
      .get('/about{/us}?', ok)
      .get('/a\\:b/:n([^/]{2})', ok)
      .get('/caf%c3%a9/{:x}', ok)
      .get('/:file.:ext/x', ok)
      .get('/any/**', ok)
      .get('/(a|b)/c', ok),
  )
  expect(Object.keys(document.paths).toSorted()).toEqual(
    [
      '/a:b/{n}',
      '/about',
      '/about/us',
      '/any',
      '/any/{rest}',
      '/caf%C3%A9/{x}',
      '/users/{id}',
      '/twice',
      '/{file}.{ext}/x',
      '/{part}/c',
    ].toSorted(),
  )
  expect(document.paths['/users/{id}'].put.parameters).toEqual([
    { name: 'id', in: 'path', required: true, schema: { type: 'string', maxLength: 9 } },
  ])
  const [page, ...others] = document.paths['/twice'].get.parameters
  expect(others).toEqual([])
  expect(page).toMatchObject({ name: 'page', required: true })
  const ids = Object.values(document.paths as Record<string, Record<string, { operationId: string }>>).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  )
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toContain('putUsersId')
})

test('servers are told', () => {
  const servers = [{ url: 'https://api.example/v1', description: 'Production' }]
  expect(openApi(router().get('/', ok), { info, servers }).servers).toEqual(servers)
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
          bearerAuth({ verify: (token) => token === 'secret' }),
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
          if (message.type() === 'error' && !/ 4\d\d /.test(message.text())) complaints.push(message.text())
        })
        await page.goto(`${url}/docs`)
        await page.locator('summary', { hasText: '/books/{id}' }).click()
        expect(await page.locator('textarea').inputValue()).toBe('{\n  "title": ""\n}')
        await page.fill('input[name=id]', 'a/b')
        await page.fill('input[name=lang]', 'en')
        await page.click('button')
        await page.locator('pre.head', { hasText: '401' }).waitFor()
        await page.locator('summary', { hasText: 'Authorize' }).click()
        await page.fill('input[type=password]', 'secret')
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
        expect(await page.locator('pre.curl').textContent()).toBe(
          `curl -X POST '${url}/books/a%2Fb?lang=en' -H 'Content-Type: application/json' ` +
            `-H 'Authorization: Bearer secret' --data-raw '{ "title": "<b>TCP</b>" }'`,
        )
        await page.locator('summary', { hasText: 'Schemas' }).first().click()
        await page.locator('pre.schema', { hasText: '"minLength": 2' }).first().waitFor()
        expect(complaints.filter((text) => !text.includes('favicon'))).toEqual([])
      } finally {
        await browser.close()
      }
    })
  })
})
