import { zValidator } from '@hono/zod-validator'
import { Hono } from 'hono'
import { z } from 'zod'

const Book = z.object({ title: z.string().min(1), year: z.int() })
const Page = z.object({ page: z.coerce.number().int().min(1).default(1) })
const books = new Map<string, z.infer<typeof Book>>()

export const app = new Hono()
  .get('/', (c) => c.text('Books'))
  .get('/books', zValidator('query', Page), (c) => {
    const { page } = c.req.valid('query')
    return c.json([...books.values()].slice((page - 1) * 10, page * 10))
  })
  .get('/books/:id', (c) => {
    const book = books.get(c.req.param('id'))
    return book ? c.json(book) : c.text('No such book', 404)
  })
  .put('/books/:id', zValidator('json', Book), (c) => {
    books.set(c.req.param('id'), c.req.valid('json'))
    return c.json(c.req.valid('json'), 201)
  })
  .delete('/books/:id', (c) => (books.delete(c.req.param('id')) ? c.body(null, 204) : c.text('No such book', 404)))
