import { injector, inject } from '@spillway/core/testing'
import { client } from '@spillway/middleware/contract-client'
import { type Library, app } from './library.ts'

/** Sends one request through the real parser, and gets a fetch `Response`. */
export async function refused(): Promise<number> {
  const reply = await inject(app, '/books')
  return reply.status
}

/** Typed by the routes: an unknown path, or an unknown member of a book, does not compile. */
export async function titles(): Promise<string[]> {
  const call = client<Library>('http://localhost', { fetch: injector(app), headers: { 'X-User': 'Ali' } })
  const reply = await call('/books').get({ query: { q: 'TCP' } })
  return reply.status === 200 ? reply.body.map(({ title }) => title) : []
}
