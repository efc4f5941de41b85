import { z } from 'zod'
import { apiPage, describe, openApi } from '@spillway/middleware/openapi'
import { type Router, router } from '@spillway/middleware/router'
import { validate } from '@spillway/middleware/validate'

const Book = z.object({ title: z.string() })

export const app: Router = router().post(
  '/books',
  [describe({ summary: 'Adds a book', responses: { 201: Book } }), validate({ body: Book })],
  (c) => c.json(c.state.valid.body, 201),
)

const document = openApi(app, { info: { title: 'Books', version: '1.0.0' } })
app.get('/openapi.json', (c) => c.json(document)).get('/docs', apiPage('/openapi.json'))
