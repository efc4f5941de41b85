import fastify from 'fastify'

const bookSchema = {
  type: 'object',
  required: ['title', 'year'],
  properties: { title: { type: 'string', minLength: 1 }, year: { type: 'integer' } },
} as const
const pageSchema = { type: 'object', properties: { page: { type: 'integer', minimum: 1, default: 1 } } } as const
const books = new Map<string, { title: string; year: number }>()

export const app = fastify()
app.get('/', async (_, reply) => reply.type('text/plain').send('Books'))
// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- that is how Fastify has it
app.get<{ Querystring: { page: number } }>('/books', { schema: { querystring: pageSchema } }, async (request) => {
  const { page } = request.query
  return [...books.values()].slice((page - 1) * 10, page * 10)
})
app.get<{ Params: { id: string } }>('/books/:id', async (request, reply) => {
  const book = books.get(request.params.id)
  return book ?? reply.code(404).type('text/plain').send('No such book')
})
app.put<{ Params: { id: string }; Body: { title: string; year: number } }>(
  '/books/:id',
  { schema: { body: bookSchema } },
  async (request, reply) => {
    books.set(request.params.id, request.body)
    return reply.code(201).send(request.body)
  },
)
app.delete<{ Params: { id: string } }>('/books/:id', async (request, reply) =>
  books.delete(request.params.id) ? reply.code(204).send() : reply.code(404).type('text/plain').send('No such book'),
)
