import cookie from '@fastify/cookie'
import proxy from '@fastify/http-proxy'
import session from '@fastify/session'
import files from '@fastify/static'
import { fastify } from 'fastify'
import { z } from 'zod'
import { selectionSchema } from '../schema.ts'
import { directory, greeting, host, port, routes, selection, sum, tls, upstream } from '../settings.ts'

const app = fastify(tls ? ({ https: tls } as object) : {})
interface Query {
  a?: string
  b?: string
  m?: string
}

if (upstream === undefined) app.get('/plaintext', () => greeting)
else await app.register(proxy, { upstream, prefix: '/plaintext', rewritePrefix: '/plaintext' })
app.get<{ Querystring: Query }>('/baseline11', ({ query }) => sum(query.a, query.b))
app.post<{ Querystring: Query }>('/baseline11', ({ query, body }) => sum(query.a, query.b, body))
app.get<{ Params: { count: string }; Querystring: Query }>('/json/:count', ({ params, query }) =>
  selection(params.count, query.m),
)
app.get<{ Params: { count: string }; Querystring: Query }>(
  '/typed/:count',
  { schema: { response: { 200: z.toJSONSchema(selectionSchema, { target: 'draft-7' }) } } },
  ({ params, query }) => selection(params.count, query.m),
)
for (let i = 0; i < routes; i++) app.get(`/routes/${i}/of/:name`, () => greeting)
app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload))
app.post<{ Body: AsyncIterable<Buffer> }>('/upload', async ({ body }) => {
  let size = 0
  for await (const chunk of body) size += chunk.length
  return String(size)
})
declare module 'fastify' {
  interface Session {
    visits?: number
  }
}
await app.register(async (visits) => {
  await visits.register(cookie)
  await visits.register(session, { secret: 'x'.repeat(32), cookie: { secure: false }, saveUninitialized: false })
  visits.get('/session', (request) => {
    request.session.visits = (request.session.visits ?? 0) + 1
    return greeting
  })
})
await app.register(files, { root: directory, prefix: '/static/' })
await app.listen({ port, host })
