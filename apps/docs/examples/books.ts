// The routes for books, in a file of their own: a router that declares what it needs where it is mounted.
import type { Context } from '@spillway/core'
import { router } from '@spillway/middleware/router'
import { z } from 'zod'

export const Book = z.object({ id: z.int(), title: z.string().min(1) })
export type Book = z.infer<typeof Book>

const shelf = new Map<number, Book>([
  [1, { id: 1, title: 'TCP/IP Illustrated' }],
  [2, { id: 2, title: 'Release It!' }],
])

const Page = z.object({ page: z.coerce.number().int().min(1).default(1), q: z.string().default('') })
const Id = z.object({ id: z.coerce.number().int() })

/** What earlier middleware must provide: a signed-in user, by name. */
interface Needs {
  user: string
}

export const books = router<Needs>()
  .get('/', { query: Page, gives: { 200: z.array(Book) } }, (c, give) => {
    const { page, q } = c.state.valid.query // numbers and strings, as the schema says
    const found = [...shelf.values()].filter(({ title }) => title.includes(q))
    return give(200, found.slice((page - 1) * 10, page * 10))
  })
  .get('/:id', { params: Id, gives: { 200: Book, 404: null } }, (c, give) => {
    const book = shelf.get(c.state.valid.params.id)
    return book ? give(200, book) : give(404)
  })
  .get('/:id/cover', cover)

/** A separate handler declares its parameters and its state in the type of its context. */
function cover(c: Context<{ id: string }, Needs>) {
  return c.text(`The cover of ${c.params.id}, for ${c.state.user}`)
}
