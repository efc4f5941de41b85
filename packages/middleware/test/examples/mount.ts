import { defineMiddleware } from '@spillway/middleware'
import { type Router, router } from '@spillway/middleware/router'

const auth = defineMiddleware<{ user: string }>((c, next) => {
  if (c.headers.get('authorization') !== 'Bearer sesame') return c.text('Who are you?', 401)
  c.state.user = 'Ali'
  return next()
})

// A router of its own, which declares what it needs where it is mounted.
const invoices = router<{ user: string }, '/shops/:shop'>()
  .get('/', (c) => c.text(`${c.state.user}'s invoices of ${c.params.shop}, below ${c.base}`))
  .get('/:number', (c) => c.text(`Invoice ${c.params.number} of ${c.params.shop}`))

export const app: Router = router({ trailingSlash: 'redirect' })
  .get('/about', (c) => c.text('About us'))
  .group('/books', (books) => books.use(auth).mount('/shops/:shop', invoices))
  .host('status.example.com', (status) => status.get('/', (c) => c.text('All is well')))
  .notFound((c) => c.text(`There is no ${c.path}`, 404))
