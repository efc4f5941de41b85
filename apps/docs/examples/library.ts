import { defineMiddleware } from '@spillway/middleware'
import { router } from '@spillway/middleware/router'
import { books } from './books.ts'

const signedIn = defineMiddleware<{ user: string }>((c, next) => {
  const user = c.headers.get('x-user')
  if (user === null) return c.text('Who are you?', 401)
  c.state.user = user
  return next()
})

export const app = router()
  .use(signedIn) // without it, the next line is a type error
  .mount('/books', books)

/** For clients: `client<Library>(url)` of `@spillway/middleware/contract-client` knows every route. */
export type Library = typeof app
