import { injector } from '@spillway/core/testing'
import { z } from 'zod'
import { client } from '@spillway/middleware/contract-client'
import { type Router, router } from '@spillway/middleware/router'

const Book = z.object({ id: z.int(), title: z.string().min(1) })
const books = new Map([[1, { id: 1, title: 'TCP/IP Illustrated' }]])

const api = router()
  .get('/books/:id', { params: z.object({ id: z.coerce.number() }), gives: { 200: Book, 404: null } }, (c, give) => {
    const book = books.get(c.state.valid.params.id)
    return book ? give(200, book) : give(404)
  })
  .post('/books', { body: Book, gives: { 201: Book } }, (c, give) => {
    const book = c.state.valid.body
    books.set(book.id, book)
    return give(201, book)
  })
export const app: Router = api

// In a page: `client<typeof api>('https://api.example')`, importing only the type of `api`.
export async function titleOf(id: number): Promise<string> {
  const call = client<typeof api>('http://localhost', { fetch: injector(api) })
  const reply = await call('/books/:id').get({ params: { id } })
  return reply.status === 200 ? reply.body.title : `There is none: ${reply.status}`
}
