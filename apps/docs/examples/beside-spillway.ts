import { router } from '@spillway/middleware/router'
import { z } from 'zod'

const Book = z.object({ title: z.string().min(1), year: z.int() })
const Page = z.object({ page: z.coerce.number().int().min(1).default(1) })
const books = new Map<string, z.infer<typeof Book>>()

export const app = router()
  .get('/', (c) => c.text('Books'))
  .get('/books', { query: Page }, (c) => {
    const { page } = c.state.valid.query
    return c.json([...books.values()].slice((page - 1) * 10, page * 10))
  })
  .get('/books/:id', (c) => {
    const book = books.get(c.params.id)
    return book ? c.json(book) : c.text('No such book', 404)
  })
  .put('/books/:id', { body: Book }, (c) => {
    books.set(c.params.id, c.state.valid.body)
    return c.json(c.state.valid.body, 201)
  })
  .delete('/books/:id', (c) => (books.delete(c.params.id) ? c.empty() : c.text('No such book', 404)))
