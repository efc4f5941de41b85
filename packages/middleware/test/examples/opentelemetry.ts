import { spans } from '@spillway/middleware/opentelemetry'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router()
  .use(spans())
  .get('/books/:id', (c) => c.text(`Book ${c.params.id}`)) // the span is named GET /books/:id
