import { z } from 'zod'
import { apiPage, openApi } from '@spillway/middleware/openapi'
import { type Router, router } from '@spillway/middleware/router'

const Book = z.object({ title: z.string() })

export const app: Router = router().post(
  '/books',
  { summary: 'Adds a book', body: Book, gives: { 201: Book } },
  (c, give) => give(201, c.state.valid.body),
)

const document = openApi(app, { info: { title: 'Books', version: '1.0.0' } })
app.get('/openapi.json', (c) => c.json(document)).get('/docs', apiPage('/openapi.json'))
