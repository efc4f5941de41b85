import type { Handler } from '@spillway/core'

async function* countdown(): AsyncGenerator<string> {
  for (let left = 3; left > 0; left--) yield `${left}\n`
}

export const app: Handler = (c) => {
  if (c.path === '/text') return c.text('fixed content, with a length\n')
  if (c.path === '/stream') return c.stream(countdown()) // no length: sent in chunks
  if (c.path === '/old') return c.redirect('/text', 301)
  if (c.path === '/native') return Response.json({ fetch: 'style' })
  const reply = c.html('<!doctype html><title>Hello</title><h1>Hello</h1>')
  reply.headers.set('Cache-Control', 'max-age=60')
  return reply
}
