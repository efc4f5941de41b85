import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router()
  .get('/users/:id', (c) => c.text(`User ${c.params.id}`))
  .notFound((c) => {
    const [route] = app.explain(c.method, c.path.toLowerCase()).routes
    const pattern = route?.pattern.split('/') ?? []
    // Names become lower-case, parameters stay as they are.
    const parts = c.path.split('/').map((part, i) => (/^[^:*]+$/.test(pattern[i] ?? '') ? part.toLowerCase() : part))
    const path = parts.join('/')
    return path === c.path ? c.text('Not found', 404) : c.redirect(path + c.search, 308)
  })
