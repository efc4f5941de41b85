import { logger } from '@spillway/middleware/logger'
import { type Router, router } from '@spillway/middleware/router'

const books = new Map([['1', { id: '1', title: 'TCP/IP Illustrated' }]])

export const app: Router = router()
  .use(logger())
  .get('/books', (c) => c.json([...books.values()]))
  .get('/books/:id', (c) => {
    const book = books.get(c.params.id)
    return book ? c.json(book) : c.text('No such book', 404)
  })
  .get('/native', () => Response.json({ fetch: 'style' }))
