import { z } from 'zod'
import { type Router, router } from '@spillway/middleware/router'
import { validate } from '@spillway/middleware/validate'

const Book = z.object({ title: z.string().min(1), year: z.int().optional() })
const Page = z.object({ page: z.coerce.number().int().min(1).default(1) })

export const app: Router = router()
  .get('/books', [validate({ query: Page })], (c) => c.json({ page: c.state.valid.query.page })) // a number
  .post('/books', [validate({ body: Book })], (c) => c.json(c.state.valid.body, 201))
